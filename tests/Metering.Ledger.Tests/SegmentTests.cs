using CsCheck;
using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests;

public sealed class SegmentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SegmentWriter _writer = new();

    [Fact]
    public void Whatever_an_account_lives_through_its_rows_add_up_to_its_balance_entry_by_entry() => Histories.Any.Sample(
        entries =>
        {
            var rows = Rows("acme", entries);
            var balance = Credits.Zero;
            foreach (var entry in entries)
            {
                var change = rows.Where(row => row.Sequence == entry.Sequence).Aggregate(Credits.Zero, (sum, row) => sum + row.Credits!.Value);
                balance += change;
                Assert.True(balance == entry.Balance, $"Entry {entry.Sequence} ({entry.Kind}) changed the balance by {change} in the ledger, to {balance}; in the account to {entry.Balance}.");
            }
        },
        iter: 500);

    [Fact]
    public async Task Whatever_an_account_lives_through_comes_back_from_segments_as_it_was_written()
    {
        var histories = Histories.With(EntryKind.Charged, EntryKind.Held, EntryKind.Settled, EntryKind.Reversed, EntryKind.GrantAdded);
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        using var reader = new LedgerReader(store);
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var batch = archive.Begin();
        for (var i = 0; i < histories.Count; i++)
        {
            foreach (var entry in histories[i])
            {
                batch.Add($"account-{i:000}", entry.Encoded);
            }
        }

        await archive.CommitAsync(batch, new Progress(1, 17), Token);
        for (var i = 0; i < histories.Count; i++)
        {
            var read = await reader.ReadAsync(new LedgerQuery { Account = $"account-{i:000}", MaxRows = 100_000 }, Token);
            Assert.Empty(read.Damaged);
            Assert.Equal(Rows($"account-{i:000}", histories[i]).Select(Told), read.Rows.Select(Told));
        }

        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, string.Join("\n", report.Breaks));
        Assert.Equal(histories.Count, report.Accounts);
    }

    [Fact]
    public async Task The_largest_and_the_smallest_amounts_are_exact()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        using var reader = new LedgerReader(store);
        var most = Credits.Max + Credits.Max + Credits.Max;
        var row = Row("acme", 1) with { Balance = most, Available = -most, Credits = Credits.From(-0.000000001m), Quantity = Quantity.Max, Burned = [new Burn("g'\"{}=,", -Credits.Max)] };
        await PutAsync(store, [row]);
        Assert.Equal(Told(row), Told(Assert.Single((await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 10 }, Token)).Rows)));
    }

    [Fact]
    public async Task Rows_of_several_hours_lie_in_the_folders_of_their_hours()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var start = new DateTimeOffset(2026, 3, 31, 23, 59, 59, TimeSpan.Zero).AddTicks(TimeSpan.TicksPerSecond - 1);
        await PutAsync(store, [Row("acme", 1) with { At = start }, Row("acme", 2) with { At = start.AddTicks(1) }]);
        Assert.Equal(
            ["date=2026-03-31/hour=23/partition-0000-000000000001-000000000001.parquet", "date=2026-04-01/hour=00/partition-0000-000000000001-000000000001.parquet"],
            await store.ListAsync("date=", Token));
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static List<LedgerRow> Rows(string account, IEnumerable<Entry> entries)
    {
        var rows = new List<LedgerRow>();
        var head = default(ChainHead);
        foreach (var entry in entries)
        {
            EntryRows.Add(account, entry.Encoded, ref head, rows);
        }

        return rows;
    }

    private static LedgerRow Row(string account, long sequence) => new()
    {
        Account = account,
        Sequence = sequence,
        Line = 0,
        At = new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero),
        Kind = EntryKind.Closed,
        Balance = Credits.Zero,
        Available = Credits.Zero,
    };

    private async Task PutAsync(FolderSegmentStore store, IReadOnlyCollection<LedgerRow> rows)
    {
        foreach (var (hour, file) in await _writer.WriteAsync(rows, store.NewTemporaryFile, Token))
        {
            await store.PutAsync(new SegmentName(hour, 0, 1, 1).Path, file, Token);
        }
    }

    /// <summary>All that a row says, the link included.</summary>
    internal static string Told(LedgerRow row) =>
        $"{row with { Dimensions = [], Burned = [], Entry = default }} {string.Join(",", row.Dimensions)} {string.Join(",", row.Burned)} {Convert.ToHexString(row.Entry.Span)} {row.Hash} {ChainLink.Of(1, row)}";
}
