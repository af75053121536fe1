using DuckDB.NET.Data;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.Storage.Tests.Embedded;

namespace Metering.Ledger.Tests;

/// <summary>What becomes of a ledger that somebody, or something, has changed.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SegmentWriter _writer = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_changed_byte_of_a_segment_is_found_and_the_account_or_the_segment_is_named()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        await ArchiveAsync(store, charges: 300);
        var segment = Assert.Single(await store.ListAsync("date=", Token));
        var path = Path.Combine(_folder.Path, segment);
        var bytes = await File.ReadAllBytesAsync(path, Token);
        var random = new Random(4711);
        var (silent, named, whole) = (0, 0, 0);
        for (var trial = 0; trial < 30; trial++)
        {
            var changed = (byte[])bytes.Clone();
            var at = random.Next(bytes.Length);
            changed[at] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(path, changed, Token);
            using var reader = new LedgerReader(store);
            var report = await reader.VerifyAsync(null, Token);
            if (report.Holds)
            {
                // Not every byte of a file says something of a row; but rows that verify must be the rows that were written.
                silent++;
                Assert.True(report.Entries == 302, $"Byte {at} was changed, and verify saw {report.Entries} of 302 rows without saying so.");
                continue;
            }

            named += report.Breaks.Count > 0 ? 1 : 0;
            whole += report.Damaged.Count > 0 ? 1 : 0;
            Assert.All(report.Breaks, static broken => Assert.Equal("acme", broken.Account));
            Assert.All(report.Damaged, name => Assert.Equal(segment, name));
        }

        Assert.True(whole + named > silent, $"{silent} changes passed, {named} were named by sequence, {whole} by segment.");
    }

    [Fact]
    public async Task A_changed_amount_is_named_by_account_and_sequence()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        await ArchiveAsync(store, charges: 20);
        var segment = Path.Combine(_folder.Path, Assert.Single(await store.ListAsync("date=", Token)));
        Execute($"COPY (SELECT * REPLACE (CASE WHEN sequence = 7 THEN credits + 1 ELSE credits END AS credits) FROM read_parquet('{segment}', hive_partitioning = false)) TO '{segment}.new' (FORMAT parquet)");
        File.Move($"{segment}.new", segment, overwrite: true);
        using var reader = new LedgerReader(store);
        Assert.Equal([new ChainBreak("acme", 7, 0, BreakReason.Changed)], (await reader.VerifyAsync(null, Token)).Breaks);
    }

    [Fact]
    public async Task A_removed_entry_is_named()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        await ArchiveAsync(store, charges: 20);
        var segment = Path.Combine(_folder.Path, Assert.Single(await store.ListAsync("date=", Token)));
        Execute($"COPY (SELECT * FROM read_parquet('{segment}', hive_partitioning = false) WHERE sequence != 7) TO '{segment}.new' (FORMAT parquet)");
        File.Move($"{segment}.new", segment, overwrite: true);
        using var reader = new LedgerReader(store);
        Assert.Equal([new ChainBreak("acme", 8, 0, BreakReason.Missing)], (await reader.VerifyAsync(null, Token)).Breaks);
    }

    [Fact]
    public async Task A_damaged_segment_is_named_and_the_rest_is_still_answered()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var entries = Histories.Charged(30).Entries;
        for (var part = 0; part < 3; part++)
        {
            var batch = archive.Begin();
            entries.Skip(part * 10).Take(10).ToList().ForEach(entry => batch.Add("acme", entry.Encoded));
            await archive.CommitAsync(batch, new Progress(part + 1, 0), Token);
        }

        var damaged = (await store.ListAsync("date=", Token))[1];
        await File.WriteAllBytesAsync(Path.Combine(_folder.Path, damaged), [1, 2, 3], Token);
        using var reader = new LedgerReader(store);
        var rows = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 100 }, Token);
        Assert.Equal([damaged], rows.Damaged);
        Assert.Equal([.. Enumerable.Range(1, 10), .. Enumerable.Range(21, 10)], rows.Rows.Select(row => (int)row.Sequence));
    }

    [Fact]
    public async Task What_was_written_twice_is_read_once_and_verifies()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var entries = Histories.Charged(30).Entries;

        // Two owners that do not know of each other, from the same beginning to different ends.
        foreach (var through in new[] { 10, 20, 32 })
        {
            foreach (var heads in await store.ListAsync("_heads/", Token))
            {
                await store.DeleteAsync(heads, Token);
            }

            var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
            var batch = archive.Begin();
            entries.Take(through).ToList().ForEach(entry => batch.Add("acme", entry.Encoded));
            await archive.CommitAsync(batch, new Progress(through, 0), Token);
        }

        using var reader = new LedgerReader(store);
        Assert.Equal(Enumerable.Range(1, 32), (await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 100 }, Token)).Rows.Select(row => (int)row.Sequence));
        Assert.Equal((true, 32), ((await reader.VerifyAsync(null, Token)) is var report && report.Holds, (int)report.Entries));
        for (var limit = 1; limit <= 5; limit++)
        {
            var (found, more) = (new List<long>(), true);
            while (more)
            {
                var page = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = limit, After = found.LastOrDefault() }, Token);
                found.AddRange(page.Rows.Select(row => row.Sequence));
                more = page.More;
            }

            Assert.Equal(Enumerable.Range(1, 32).Select(static sequence => (long)sequence), found);
        }
    }

    [Fact]
    public async Task A_crash_between_segments_and_heads_repeats_entries_and_loses_none()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var entries = Histories.Charged(30).Entries;
        var first = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        await CommitAsync(first, entries.Take(10), 1);
        await CommitAsync(first, entries.Skip(10).Take(10), 2);
        await store.DeleteAsync((await store.ListAsync("_heads/", Token))[1], Token);

        var next = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        Assert.Equal(1, next.Progress.Record);
        await CommitAsync(next, entries.Skip(10), 3);
        using var reader = new LedgerReader(store);
        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, string.Join("\n", report.Breaks));
        Assert.Equal(entries.Count, report.Entries);
    }

    [Fact]
    public async Task Damaged_heads_are_as_good_as_not_written()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var entries = Histories.Charged(30).Entries;
        await CommitAsync(await PartitionArchive.OpenAsync(store, _writer, 0, Token), entries.Take(10), 5);
        var path = Path.Combine(_folder.Path, Assert.Single(await store.ListAsync("_heads/", Token)));
        var bytes = await File.ReadAllBytesAsync(path, Token);
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 1;
            await File.WriteAllBytesAsync(path, bytes, Token);
            Assert.Equal(default, (await PartitionArchive.OpenAsync(store, _writer, 0, Token)).Progress);
            bytes[at] ^= 1;
        }
    }

    [Fact]
    public async Task Heads_stay_few_however_many_batches_there_are()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var entries = Histories.Charged(70).Entries;
        for (var i = 0; i < entries.Count; i++)
        {
            await CommitAsync(archive, [entries[i]], i + 1);
            Assert.InRange((await store.ListAsync("_heads/", Token)).Count, 1, 34);
        }

        var next = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        Assert.Equal(entries.Count, next.Progress.Record);
        Assert.True(next.TryHead("acme", out var head));
        Assert.Equal((entries.Count, entries[^1].Balance), (head.Sequence, head.Balance));
    }

    [Fact]
    public async Task A_full_disk_takes_nothing_by_halves_and_goes_on_when_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync(Path.Combine(_folder.Path, "disk"), megabytes: 1, Token);
        var store = FolderSegmentStore.OpenToWrite(disk.Path);
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var entries = Histories.Charged(30).Entries;
        var filler = Path.Combine(disk.Path, "filler");
        await File.WriteAllBytesAsync(filler, new byte[(1 << 20) - 4096], Token);
        await Assert.ThrowsAsync<LedgerStoreException>(() => CommitAsync(archive, entries, 1));
        Assert.Equal(default, archive.Progress);
        Assert.Empty(await store.ListAsync("_heads/", Token));
        File.Delete(filler);
        await CommitAsync(archive, entries, 1);
        using var reader = new LedgerReader(store);
        var report = await reader.VerifyAsync(null, Token);
        Assert.Equal((true, entries.Count), (report.Holds, (int)report.Entries));
        Assert.Empty(Directory.GetFiles(Path.Combine(disk.Path, "_temporary")));
    }

    [Fact]
    public async Task From_segments_alone_what_was_granted_is_what_was_burned_and_what_remains()
    {
        var store = FolderSegmentStore.OpenToWrite(_folder.Path);
        var scene = Histories.Charged(500);
        await CommitAsync(await PartitionArchive.OpenAsync(store, _writer, 0, Token), scene.Entries, 1);
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT sum(credits) FILTER (WHERE kind = 'grant_added'), sum(coalesce(burned['plan'], -credits)) FILTER (WHERE map_contains(burned, 'plan')), arg_max(balance, sequence)
            FROM read_parquet('{_folder.Path}/date=*/hour=*/*.parquet')
            """;
        using var row = command.ExecuteReader();
        Assert.True(row.Read());
        Assert.Equal((1_000_000m, 500m, scene.Account.Balance.Value), (row.GetDecimal(0), row.GetDecimal(1), row.GetDecimal(2)));
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    private async Task ArchiveAsync(FolderSegmentStore store, int charges) =>
        await CommitAsync(await PartitionArchive.OpenAsync(store, _writer, 0, Token), Histories.Charged(charges).Entries, 1);

    private static Task CommitAsync(PartitionArchive archive, IEnumerable<Core.Entries.Entry> entries, long record)
    {
        var batch = archive.Begin();
        foreach (var entry in entries)
        {
            batch.Add("acme", entry.Encoded);
        }

        return archive.CommitAsync(batch, new Progress(record, 0), Token);
    }

    private static DuckDBConnection Open()
    {
        var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        return connection;
    }

    private static void Execute(string sql)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
