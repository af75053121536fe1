using Metering.Core.Entries;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.Ledger.States;
using Metering.Ledger.Upkeep;

namespace Metering.Ledger.Tests.Upkeep;

/// <summary>Merging small segments and removing old ones, on every store: whatever happens in the midst of it, whoever reads finds each entry once.</summary>
public abstract class UpkeepSuite : IDisposable
{
    private readonly SegmentWriter _writer = new();

    /// <summary>Some six to an hour.</summary>
    private readonly Entry[] _entries = [.. Histories.Charged(22, TimeSpan.FromMinutes(10)).Entries];

    internal TemporaryFolder Folder { get; } = new();

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>When all of it is long over.</summary>
    private protected StoppedClock After => new(_entries[^1].At + TimeSpan.FromHours(2));

    /// <summary>The same store again, as another process would open it.</summary>
    protected abstract ISegmentStore Open();

    [Fact]
    public async Task Small_segments_of_past_hours_become_one_each_and_every_entry_can_be_read_at_every_step()
    {
        await ArchiveAsync(entriesPerBatch: 2);
        var before = await SegmentsAsync();
        var watched = new WatchedStore(Open(), async _ => await RequireAllAsync());
        var compaction = new Compaction(watched, After);
        var merged = await compaction.RunAsync(static _ => true, rests: false, Token);
        Assert.Equal((before.Count, 0), (merged.Merged, merged.Removed));
        var removed = await compaction.RunAsync(static _ => true, rests: false, Token);
        Assert.Equal((0, before.Count), (removed.Merged, removed.Removed));
        Assert.True(watched.Changes > before.Count);
        var after = await SegmentsAsync();
        Assert.Equal(before.Select(static name => name.Hour).Distinct(), after.Select(static name => name.Hour));
        Assert.All(after, static name => Assert.Equal(1, name.Merged));
        Assert.Equal(new CompactionReport(0, 0, 0, []) with { Faults = merged.Faults }, (await new Compaction(Open(), After).RunAsync(static _ => true, rests: false, Token)) with { Faults = merged.Faults });
    }

    [Fact]
    public async Task A_crash_at_any_step_costs_nothing_and_the_next_round_ends_the_work()
    {
        await ArchiveAsync(entriesPerBatch: 3);
        var crashes = 0;
        for (var steps = 0; ; steps++)
        {
            var left = steps;
            var crashing = new WatchedStore(Open(), _ => left-- > 0 ? Task.CompletedTask : throw new LedgerStoreException("The process ends here."));
            try
            {
                var compaction = new Compaction(crashing, After);
                _ = await compaction.RunAsync(static _ => true, rests: false, Token);
                _ = await compaction.RunAsync(static _ => true, rests: false, Token);
                break;
            }
            catch (LedgerStoreException)
            {
                crashes++;
                await RequireAllAsync();
            }
        }

        await RequireAllAsync();
        Assert.True(crashes > 3);
        Assert.All(await SegmentsAsync(), static name => Assert.Equal(1, name.Merged));
    }

    [Fact]
    public async Task An_hour_is_left_alone_until_its_last_entries_have_come_and_other_silos_partitions_always()
    {
        await ArchiveAsync(entriesPerBatch: 2);
        var before = await SegmentsAsync();
        var hour = before[0].Hour;
        var early = new StoppedClock(hour.AddHours(1) + Compaction.SettledAfter - TimeSpan.FromTicks(1));
        Assert.Equal(0, (await new Compaction(Open(), early).RunAsync(static _ => true, rests: false, Token)).Merged);
        Assert.Equal(0, (await new Compaction(Open(), After).RunAsync(static _ => false, rests: false, Token)).Merged);
        var settled = new StoppedClock(early.GetUtcNow().AddTicks(1));
        Assert.Equal(before.Count(name => name.Hour == hour), (await new Compaction(Open(), settled).RunAsync(static _ => true, rests: false, Token)).Merged);
    }

    [Fact]
    public async Task What_was_archived_twice_is_merged_into_one_of_each()
    {
        await ArchiveAsync(entriesPerBatch: 4);
        foreach (var heads in await Open().ListAsync("_heads/", Token))
        {
            await Open().DeleteAsync(heads, Token);
        }

        // An owner that does not know what was archived repeats it in other batches.
        await ArchiveAsync(entriesPerBatch: 5);
        await TidyAsync();
        await RequireAllAsync();
        var rows = 0;
        using var reader = new LedgerReader(Open());
        _ = await reader.ScanAsync(null, () => rows = 0, _ => rows++, Token);
        Assert.Equal(_entries.Length, rows);
    }

    [Fact]
    public async Task A_damaged_segment_stays_with_those_beside_it_and_is_named_and_the_other_hours_are_merged()
    {
        await ArchiveAsync(entriesPerBatch: 2);
        var before = await SegmentsAsync();
        var damaged = before.First(name => name.Hour == before[0].Hour.AddHours(2));
        await PutAsync(damaged.Path, [1, 2, 3]);
        var report = await new Compaction(Open(), After).RunAsync(static _ => true, rests: false, Token);
        Assert.Contains($"hour={damaged.Hour:HH}", Assert.Single(report.Faults), StringComparison.Ordinal);
        var together = before.Count(name => name.Hour == damaged.Hour);
        Assert.Equal(before.Count - together, report.Merged);
        await TidyAsync();
        Assert.Equal(together, (await SegmentsAsync()).Count(static name => name.Merged == 0));
        using var reader = new LedgerReader(Open());
        Assert.Equal([damaged.Path], (await reader.VerifyAsync(null, Token)).Damaged);
    }

    [Fact]
    public async Task What_is_too_old_goes_and_the_chain_holds_from_where_it_is_stated_to_begin()
    {
        await ArchiveAsync(entriesPerBatch: 2);
        var clock = new StoppedClock(_entries[^1].At + Retention.LeastAge);
        var before = SegmentName.HourOf(clock.GetUtcNow() - Retention.LeastAge);
        var kept = _entries.Where(entry => entry.At >= before).ToList();
        Assert.InRange(kept.Count, 1, 6);
        for (var crashAfter = 0; ; crashAfter++)
        {
            var left = crashAfter;
            try
            {
                var report = await new Retention(new WatchedStore(Open(), _ => left-- > 0 ? Task.CompletedTask : throw new LedgerStoreException("The process ends here.")), clock)
                    .RunAsync(Retention.LeastAge, static _ => true, Token);
                Assert.Empty(report.Faults);
                break;
            }
            catch (LedgerStoreException)
            {
                using var half = new LedgerReader(Open());
                var found = await half.VerifyAsync(null, Token);
                Assert.True(found.Holds, string.Join("\n", found.Breaks));
            }
        }

        using var reader = new LedgerReader(Open());
        var rows = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 1000 }, Token);
        Assert.Equal(kept.Select(static entry => entry.Sequence), rows.Rows.Select(static row => row.Sequence));
        var whole = await reader.VerifyAsync(null, Token);
        Assert.True(whole.Holds, string.Join("\n", whole.Breaks));
        Assert.Equal(0, (await new Retention(Open(), clock).RunAsync(Retention.LeastAge, static _ => true, Token)).Removed);
    }

    [Fact]
    public async Task States_go_with_their_entries_and_those_of_other_silos_partitions_stay()
    {
        var clock = new StoppedClock(_entries[^1].At + Retention.LeastAge);
        var before = SegmentName.HourOf(clock.GetUtcNow() - Retention.LeastAge);
        var states = new KeptStates(Open());
        await states.PutAsync("acme", 0, 5, before.AddTicks(-1), new byte[] { 5 }, Token);
        await states.PutAsync("acme", 0, 6, before, new byte[] { 6 }, Token);
        await states.PutAsync("globex", 1, 5, before.AddTicks(-1), new byte[] { 5 }, Token);
        _ = await new Retention(Open(), clock).RunAsync(Retention.LeastAge, static partition => partition == 0, Token);
        Assert.Equal(6, (await states.ReadAsync(Assert.Single(await states.ListAsync("acme", 0, long.MaxValue, DateTimeOffset.MaxValue, Token)), Token))!.Sequence);
        Assert.Single(await states.ListAsync("globex", 1, long.MaxValue, DateTimeOffset.MaxValue, Token));
    }

    [Fact]
    public async Task Who_removes_more_than_was_too_old_is_found_out()
    {
        await ArchiveAsync(entriesPerBatch: 1);
        var clock = new StoppedClock(_entries[^1].At + Retention.LeastAge);
        _ = await new Retention(Open(), clock).RunAsync(Retention.LeastAge, static _ => true, Token);
        var first = (await SegmentsAsync())[0];
        await Open().DeleteAsync(first.Path, Token);
        using var reader = new LedgerReader(Open());
        var broken = Assert.Single((await reader.VerifyAsync(null, Token)).Breaks);
        Assert.Equal(("acme", first.First + 1, BreakReason.Missing), (broken.Account, broken.Sequence, broken.Reason));
    }

    [Fact]
    public async Task An_account_goes_on_after_all_it_had_was_removed()
    {
        await ArchiveAsync(entriesPerBatch: 6, _entries.Take(12));
        _ = await new Retention(Open(), new StoppedClock(_entries[11].At + Retention.LeastAge + TimeSpan.FromHours(1))).RunAsync(Retention.LeastAge, static _ => true, Token);
        Assert.Empty(await SegmentsAsync());
        await ArchiveAsync(entriesPerBatch: 6);
        using var reader = new LedgerReader(Open());
        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, string.Join("\n", report.Breaks));
        Assert.Equal(_entries.Length - 12, report.Entries);
    }

    [Fact]
    public Task Less_than_a_day_is_not_taken_for_an_age() =>
        Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => new Retention(Open(), After).RunAsync(Retention.LeastAge - TimeSpan.FromTicks(1), static _ => true, Token));

    public virtual void Dispose()
    {
        _writer.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private Task ArchiveAsync(int entriesPerBatch) => ArchiveAsync(entriesPerBatch, _entries);

    /// <summary>One entry to a record; what the ledger has already is passed over.</summary>
    private async Task ArchiveAsync(int entriesPerBatch, IEnumerable<Entry> entries)
    {
        var archive = await PartitionArchive.OpenAsync(Open(), _writer, 0, Token);
        foreach (var some in entries.Skip((int)archive.Progress.Record).Chunk(entriesPerBatch))
        {
            var batch = archive.Begin();
            Array.ForEach(some, entry => batch.Add("acme", entry.Encoded));
            await archive.CommitAsync(batch, new Progress(some[^1].Sequence, 0), Token);
        }
    }

    private async Task TidyAsync()
    {
        var compaction = new Compaction(Open(), After);
        _ = await compaction.RunAsync(static _ => true, rests: false, Token);
        _ = await compaction.RunAsync(static _ => true, rests: false, Token);
    }

    private async Task RequireAllAsync()
    {
        using var reader = new LedgerReader(Open());
        var rows = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 1000 }, Token);
        Assert.Equal(_entries.Select(static entry => entry.Sequence), rows.Rows.Select(static row => row.Sequence));
        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, string.Join("\n", report.Breaks));
    }

    private async Task<List<SegmentName>> SegmentsAsync() =>
        [.. (await Open().ListAsync("date=", Token)).Select(static path => SegmentName.TryParse(path, out var name) ? name : throw new InvalidOperationException($"'{path}' is no segment."))];

    private async Task PutAsync(string name, byte[] content)
    {
        var store = Open();
        var file = store.NewTemporaryFile();
        await File.WriteAllBytesAsync(file, content, Token);
        await store.PutAsync(name, file, Token);
    }
}
