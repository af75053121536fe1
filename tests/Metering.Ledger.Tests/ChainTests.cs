using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Tests.Accounts;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Metering.Ledger.Tests.Upkeep;
using Metering.Ledger.Upkeep;

namespace Metering.Ledger.Tests;

/// <summary>The chain of an account: entries of several rows, and those of segments of an earlier version, which had a link on each row.</summary>
public sealed class ChainTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void An_entry_has_one_link_and_whatever_is_changed_in_any_of_its_rows_breaks_it()
    {
        var rows = SegmentTests.Rows("acme", Entries());
        Assert.Equal(rows.Select(static row => row.Line == 0), rows.Select(static row => row.Hash is not null));
        Assert.True(Checked(rows).Holds);
        foreach (var changed in rows.Where(static row => row.Line == 1))
        {
            Assert.Equal([new ChainBreak("acme", changed.Sequence, 0, BreakReason.Changed)], Checked(rows.Select(row => row == changed ? row with { Meter = "another" } : row)).Breaks);
            Assert.Equal([new ChainBreak("acme", changed.Sequence, 2, BreakReason.Missing)], Checked(rows.Where(row => row != changed)).Breaks);
            Assert.Equal([new ChainBreak("acme", changed.Sequence, 0, BreakReason.Changed)], Checked(rows.Where(row => row.Sequence != changed.Sequence || row.Line < 1)).Breaks);
            Assert.Equal([new ChainBreak("acme", changed.Sequence, 1, BreakReason.Missing)], Checked(rows.Where(row => row.Sequence != changed.Sequence || row.Line > 0)).Breaks);
        }
    }

    [Fact]
    public void A_chain_that_an_earlier_version_began_goes_on_and_a_change_of_what_it_wrote_is_found()
    {
        var entries = Entries();
        for (var taken = 0; taken <= entries.Count; taken++)
        {
            var head = default(ChainHead);
            List<LedgerRow> rows = [.. Earlier(entries.Take(taken), ref head)];
            foreach (var entry in entries.Skip(taken))
            {
                EntryRows.Add("acme", entry.Encoded, ref head, rows);
            }

            Assert.True(Checked(rows).Holds, $"The chain does not hold after {taken} entries of an earlier version.");
            Assert.True(taken == 0 || !Checked(rows.Select((row, i) => i == 0 ? row with { Id = "another" } : row)).Holds);
        }
    }

    [Fact]
    public void Entries_that_two_versions_wrote_hold_and_what_follows_either_of_them_does()
    {
        var entries = Entries();
        for (var both = 1; both < entries.Count; both++)
        {
            var (early, late) = (default(ChainHead), default(ChainHead));
            var earlier = Earlier(entries.Take(both), ref early);
            var later = new List<LedgerRow>();
            foreach (var entry in entries.Take(both))
            {
                EntryRows.Add("acme", entry.Encoded, ref late, later);
            }

            foreach (var followed in new[] { early, late })
            {
                var head = followed;
                var rest = new List<LedgerRow>();
                foreach (var entry in entries.Skip(both))
                {
                    EntryRows.Add("acme", entry.Encoded, ref head, rest);
                }

                var report = Checked([.. earlier, .. later, .. rest]);
                Assert.True(report.Holds, string.Join("\n", report.Breaks));
                Assert.Equal(later.Count + rest.Count, report.Entries);
            }

            var (neither, stray) = (late with { Hash = late.Hash + 1 }, new List<LedgerRow>());
            EntryRows.Add("acme", entries[both].Encoded, ref neither, stray);
            Assert.Equal([new ChainBreak("acme", both + 1, 0, BreakReason.Changed)], Checked([.. earlier, .. later, .. stray]).Breaks);
        }
    }

    [Fact]
    public async Task A_segment_of_an_earlier_version_is_read_and_its_chains_hold()
    {
        PutEarlier();
        using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(_folder.Path));
        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, string.Join("\n", report.Breaks));
        Assert.Equal((2, 64), (report.Accounts, report.Entries));
        var rows = (await reader.ReadAsync(new LedgerQuery { Account = "usage-of-2-0000", MaxRows = 100 }, Token)).Rows;
        Assert.All(rows, static row => Assert.Equal(row.Balance, row.Available));
        Assert.All(rows, static row => Assert.NotNull(row.Hash));
        Assert.Equal("999999.99364", rows[3].Balance.ToString());
        var changed = rows.Select(static row => row is { Sequence: 5, Line: 1 } ? row with { Meter = "another" } : row);
        Assert.Equal([new ChainBreak("usage-of-2-0000", 5, 1, BreakReason.Changed)], Checked(changed).Breaks);
    }

    [Fact]
    public async Task A_segment_of_an_earlier_version_is_rolled_up_and_what_it_said_of_accounts_stays()
    {
        PutEarlier();
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        using (var writer = new SegmentWriter())
        {
            await (await PartitionArchive.OpenAsync(store, writer, OfEarlier.Partition, Token)).SkipThroughAsync(new Progress(OfEarlier.Last, 0), Token);
        }

        var query = new LedgerQuery { Account = "usage-of-2-0000", MaxRows = 100 };
        using var reader = new LedgerReader(store);
        var before = (await reader.ReadAsync(query, Token)).Rows;
        for (var round = 0; round < 2; round++)
        {
            Assert.Empty((await new Rollup(store, new StoppedClock(OfEarlier.End + Compaction.SettledAfter)).RunAsync(RollupScope.All, static _ => true, rests: false, Token)).Faults);
        }

        Assert.True(Assert.Single(await store.ListAsync("date=", Token)).Contains("-r1", StringComparison.Ordinal));
        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, string.Join("\n", report.Breaks));
        Assert.Equal((2, 64), (report.Accounts, report.Entries + report.RolledUp));
        var after = (await reader.ReadAsync(query, Token)).Rows;
        Assert.Equal((before[^1].Sequence, before[^1].Balance, before[^1].Hash), (after[^1].Sequence, after[^1].Balance, after[^1].Hash));
        Assert.Equal(before.Sum(static row => row.Credits!.Value.Value), after.Sum(static row => row.Credits!.Value.Value));
        Assert.All(after, static row => Assert.Equal(row.Balance, row.Available));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A segment as the earlier version wrote it: 30 calls of the trace, to two accounts.</summary>
    private static SegmentName OfEarlier { get; } = new(new DateTimeOffset(2026, 11, 23, 9, 0, 0, TimeSpan.Zero), 0, 1, 7);

    private void PutEarlier()
    {
        var path = Path.Combine(_folder.Path, OfEarlier.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Earlier", "links-on-each-row.parquet"), path);
    }

    /// <summary>Entries of one row and of three, in turns.</summary>
    private static List<Entry> Entries()
    {
        var scene = new Scene();
        scene.Grant("plan", "1000000");
        for (var charge = 1; charge <= 4; charge++)
        {
            scene.Charge($"one-{charge}", "calls", "1");
            scene.Charge(new Charge($"three-{charge}", [Scene.Line("calls", "1"), Scene.Line("tokens", "2"), Scene.Line("disk", "3")], null, ChargeMode.Enforce));
        }

        Assert.Contains(scene.Entries, static entry => entry is Charged { Lines.Count: 3 });
        return scene.Entries;
    }

    /// <summary>As the earlier version made them.</summary>
    private static List<LedgerRow> Earlier(IEnumerable<Entry> entries, ref ChainHead head)
    {
        var rows = new List<LedgerRow>();
        foreach (var entry in entries)
        {
            var (made, previous) = (new List<LedgerRow>(), head.Hash);
            EntryRows.Add("acme", entry.Encoded, ref head, made);
            foreach (var row in made)
            {
                previous = ChainLink.Of(previous, row);
                row.Hash = previous;
                rows.Add(row);
            }

            head = head with { Hash = previous };
        }

        return rows;
    }

    private static ChainReport Checked(IEnumerable<LedgerRow> rows)
    {
        var check = new ChainCheck();
        foreach (var row in rows.OrderBy(static row => row.Account, StringComparer.Ordinal).ThenBy(static row => row.Sequence).ThenBy(static row => row.Line))
        {
            check.Take(row);
        }

        return check.End([]);
    }
}
