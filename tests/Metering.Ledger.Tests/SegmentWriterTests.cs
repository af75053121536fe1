using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests;

/// <summary>How rows come into files: more of them than the engine takes at a time, longer texts, fuller maps, several hours; and what a damaged entry leaves behind.</summary>
public sealed class SegmentWriterTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Texts = ["", "a", "twelve bytes", "thirteen byte", "ünïcödé", "日本語のとても長い名前", new string('x', 1_000)];

    private readonly TemporaryFolder _folder = new();
    private readonly SegmentWriter _writer = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_with_much_and_with_nothing_in_them_come_back_as_they_were_however_many_there_are()
    {
        var rows = Enumerable.Range(1, 5_000).Select(Row).ToList();
        await Ledgers.PutAsync(_folder.Path, _writer, rows, Token);
        using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(_folder.Path));
        var read = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 10_000 }, Token);
        Assert.Equal(rows.Select(SegmentTests.Told), read.Rows.Select(SegmentTests.Told));
    }

    [Fact]
    public async Task A_segment_is_sorted_by_account_and_sequence_whatever_order_its_records_had()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var batch = archive.Begin();
        var histories = new[] { "b", "B", "a", "a-1", "10", "9" }.ToDictionary(static account => account, static _ => Histories.Charged(3).Entries, StringComparer.Ordinal);
        for (var entry = 0; entry < histories["a"].Count; entry++)
        {
            foreach (var (account, entries) in histories)
            {
                batch.Add(account, entries[entry].Encoded);
            }
        }

        await archive.CommitAsync(batch, new Progress(1, 17), Token);
        var segment = Path.Combine(_folder.Path, Assert.Single(await store.ListAsync("date=", Token)));
        Assert.Equal(
            histories.SelectMany(static account => account.Value.Select(entry => (account.Key, entry.Sequence))).OrderBy(static row => row.Key, StringComparer.Ordinal).ThenBy(static row => row.Sequence),
            Keys(segment));
    }

    [Fact]
    public async Task A_batch_that_goes_over_several_hours_is_a_segment_of_each_and_chains_go_on_from_one_to_the_next()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var (often, seldom) = (Histories.Charged(12, TimeSpan.FromMinutes(20)).Entries, Histories.Charged(2, TimeSpan.FromMinutes(150)).Entries);
        var batch = archive.Begin();
        often.ForEach(entry => batch.Add("often", entry.Encoded));
        seldom.ForEach(entry => batch.Add("seldom", entry.Encoded));
        await archive.CommitAsync(batch, new Progress(1, 17), Token);
        Assert.Equal(
            often.Concat(seldom).Select(static entry => SegmentName.HourOf(entry.At)).Distinct().Order().Select(static hour => new SegmentName(hour, 0, 1, 1).Path),
            (await store.ListAsync("date=", Token)).Order(StringComparer.Ordinal));
        using var reader = new LedgerReader(store);
        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, string.Join("\n", report.Breaks));
        Assert.Equal(often.Count + seldom.Count, report.Entries);
        Assert.True(archive.TryHead("often", out var head));
        Assert.Equal((often[^1].Sequence, often[^1].Balance), (head.Sequence, head.Balance));
    }

    [Fact]
    public async Task A_damaged_entry_stops_its_batch_leaves_nothing_behind_and_the_next_batch_is_written()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var entries = Histories.Charged(5_000).Entries;
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var batch = archive.Begin();
        entries.ForEach(entry => batch.Add("acme", entry == entries[^1] ? entry.Encoded.AsMemory(0, entry.Encoded.Length - 1) : entry.Encoded));
        await Assert.ThrowsAsync<FormatException>(() => archive.CommitAsync(batch, new Progress(1, 17), Token));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));

        var again = (await PartitionArchive.OpenAsync(store, _writer, 0, Token)).Begin();
        entries.ForEach(entry => again.Add("acme", entry.Encoded));
        await archive.CommitAsync(again, new Progress(1, 17), Token);
        using var reader = new LedgerReader(store);
        Assert.Equal(entries.Count, (await reader.VerifyAsync(null, Token)).Entries);
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    /// <summary>Now with everything, now with nothing but what must be there.</summary>
    private static LedgerRow Row(int sequence)
    {
        var row = new LedgerRow
        {
            Account = "acme",
            Sequence = sequence,
            Line = sequence % 3,
            At = Noon.AddTicks(sequence),
            Kind = EntryKind.Charged,
            Balance = Credits.From(sequence),
            Available = Credits.From(sequence % 2 == 0 ? sequence : -sequence),
        };
        var text = Texts[sequence % Texts.Length];
        return sequence % 5 == 0
            ? row
            : row with
            {
                UsageAt = Noon.AddDays(-sequence),
                Id = $"{text}{sequence}",
                Meter = text,
                Quantity = Quantity.From(sequence),
                Credits = Credits.From(-sequence),
                Card = text,
                Version = sequence,
                Price = text,
                PeriodStart = Noon,
                Dimensions = [.. Enumerable.Range(0, sequence % 40).Select(i => new Dimension($"{i:00}{text}", text))],
                Tiers = text,
                Burned = [.. Enumerable.Range(0, sequence % 4).Select(i => new Burn($"grant-{i}", Credits.From(sequence + (i % 2))))],
                OverageAdded = Credits.From(0.000000001m),
                Uncovered = Credits.Max,
                Mode = text,
                Producer = text,
                ProducerSequence = long.MaxValue,
                Hold = text,
                Held = -Credits.Max,
                Reverses = text,
                Entry = Enumerable.Range(0, 1 + (sequence % 300)).Select(static i => (byte)(i % 256)).ToArray(),
            };
    }

    private static List<(string Account, long Sequence)> Keys(string segment)
    {
        using var connection = new DuckDB.NET.Data.DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT account, sequence FROM read_parquet('{segment}', hive_partitioning = false, file_row_number = true) ORDER BY file_row_number";
        using var reader = command.ExecuteReader();
        var keys = new List<(string, long)>();
        while (reader.Read())
        {
            keys.Add((reader.GetString(0), reader.GetInt64(1)));
        }

        return keys;
    }
}
