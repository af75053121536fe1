using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.Ledger.States;

namespace Metering.Ledger.Tests.Stores;

/// <summary>What every store of segments keeps, and a ledger on it.</summary>
public abstract class SegmentStoreSuite : IDisposable
{
    private readonly SegmentWriter _writer = new();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    internal TemporaryFolder Folder { get; } = new();

    /// <summary>The same store again, as another process would open it.</summary>
    protected abstract ISegmentStore Open();

    [Fact]
    public async Task A_file_is_there_as_it_was_put_under_its_name_and_no_other()
    {
        var store = Open();
        await PutAsync(store, "date=2026-01-01/hour=00/a", [1, 2, 3]);
        await PutAsync(store, "date=2026-01-01/hour=00/b", []);
        await PutAsync(store, "_heads/partition-0000/a", [4]);
        Assert.Equal(["date=2026-01-01/hour=00/a", "date=2026-01-01/hour=00/b"], await Open().ListAsync("date=", Token));
        Assert.Equal(["_heads/partition-0000/a"], await Open().ListAsync("_heads/partition-0000/", Token));
        Assert.Empty(await Open().ListAsync("date=2026-02", Token));
        Assert.Equal<byte[]>([1, 2, 3], await ReadAsync(Open(), "date=2026-01-01/hour=00/a"));
        Assert.Empty(await ReadAsync(Open(), "date=2026-01-01/hour=00/b"));
        Assert.Null(await Open().OpenAsync("date=2026-01-01/hour=00/c", Token));
    }

    [Fact]
    public async Task A_file_takes_the_place_of_one_with_its_name_and_whoever_lists_reads_the_new_one()
    {
        var store = Open();
        await PutAsync(store, "date=2026-01-01/hour=00/a", [1, 2, 3]);
        Assert.Equal<byte[]>([1, 2, 3], await ReadAsync(store, "date=2026-01-01/hour=00/a"));
        await PutAsync(Open(), "date=2026-01-01/hour=00/a", [4, 5]);
        Assert.Single(await store.ListAsync("date=", Token));
        Assert.Equal<byte[]>([4, 5], await ReadAsync(store, "date=2026-01-01/hour=00/a"));
    }

    [Fact]
    public async Task A_file_that_is_not_to_replace_another_is_put_where_there_is_none_and_nowhere_else()
    {
        var store = Open();
        Assert.True(await TryPutAsync([1, 2, 3]));
        Assert.False(await TryPutAsync([4, 5]));
        Assert.Equal<byte[]>([1, 2, 3], await ReadAsync(Open(), "date=2026-01-01/hour=00/a"));
        await store.DeleteAsync("date=2026-01-01/hour=00/a", Token);
        Assert.True(await TryPutAsync([6]));

        async Task<bool> TryPutAsync(byte[] content)
        {
            var file = store.NewTemporaryFile();
            await File.WriteAllBytesAsync(file, content, Token);
            var isPut = await store.TryPutAsync("date=2026-01-01/hour=00/a", file, Token);
            Assert.False(File.Exists(file));
            return isPut;
        }
    }

    [Fact]
    public async Task What_was_put_leaves_no_temporary_file_and_what_is_deleted_is_gone_however_often()
    {
        var store = Open();
        var file = store.NewTemporaryFile();
        await File.WriteAllBytesAsync(file, [1], Token);
        await store.PutAsync("date=2026-01-01/hour=00/a", file, Token);
        Assert.False(File.Exists(file));
        await store.DeleteAsync("date=2026-01-01/hour=00/a", Token);
        await store.DeleteAsync("date=2026-01-01/hour=00/a", Token);
        Assert.Empty(await store.ListAsync("", Token));
        Assert.Null(await store.OpenAsync("date=2026-01-01/hour=00/a", Token));
    }

    [Fact]
    public async Task States_of_an_account_are_found_at_or_before_a_sequence_and_an_instant_the_latest_first()
    {
        var noon = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var longest = new string('A', 128);
        foreach (var account in new[] { "acme", "Acme", "..", longest })
        {
            await new KeptStates(Open()).PutAsync(account, 7, 2, noon, new byte[] { 2 }, Token);
            await new KeptStates(Open()).PutAsync(account, 7, 10, noon.AddTicks(1), new byte[] { 10 }, Token);
        }

        await new KeptStates(Open()).PutAsync(longest, 7, 1_000_000_000, noon.AddTicks(1), new byte[] { 11 }, Token);
        var states = new KeptStates(Open());
        Assert.Equal([1_000_000_000, 10, 2], await FoundAsync(longest, long.MaxValue, DateTimeOffset.MaxValue));
        Assert.Equal([10, 2], await FoundAsync("acme", 10, DateTimeOffset.MaxValue));
        Assert.Equal([2], await FoundAsync("Acme", 9, DateTimeOffset.MaxValue));
        Assert.Equal([2], await FoundAsync("..", long.MaxValue, noon));
        Assert.Empty(await FoundAsync("acme", long.MaxValue, noon.AddTicks(-1)));
        Assert.Empty(await FoundAsync("globex", long.MaxValue, DateTimeOffset.MaxValue));

        var name = (await states.ListAsync("acme", 7, 2, noon, Token))[0];
        Assert.Equal<byte[]>([2], (await states.ReadAsync(name, Token))!.State);
        await PutAsync(Open(), name, [1, 2, 3]);
        await Assert.ThrowsAsync<FormatException>(async () => await new KeptStates(Open()).ReadAsync(name, Token));
        await Open().DeleteAsync(name, Token);
        Assert.Null(await new KeptStates(Open()).ReadAsync(name, Token));

        async Task<List<long>> FoundAsync(string account, long sequence, DateTimeOffset at)
        {
            var found = new List<long>();
            foreach (var name in await states.ListAsync(account, 7, sequence, at, Token))
            {
                found.Add((await states.ReadAsync(name, Token))!.Sequence);
            }

            return found;
        }
    }

    [Fact]
    public async Task What_is_archived_by_one_owner_after_another_is_read_once_in_order_and_its_chain_holds()
    {
        var entries = Histories.Charged(60).Entries;
        for (var owner = 0; owner < 3; owner++)
        {
            var archive = await PartitionArchive.OpenAsync(Open(), _writer, 0, Token);
            Assert.Equal(owner * 2L, archive.Progress.Record);
            await CommitAsync(archive, entries.Skip(owner * 20).Take(10), (owner * 2) + 1);
            await CommitAsync(archive, entries.Skip((owner * 20) + 10).Take(owner == 2 ? 100 : 10), (owner * 2) + 2);
        }

        using var reader = new LedgerReader(Open());
        var rows = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 1000 }, Token);
        Assert.Equal(entries.Select(static entry => entry.Sequence), rows.Rows.Select(static row => row.Sequence));
        Assert.True((await reader.VerifyAsync(null, Token)) is { Holds: true } report && report.Entries == entries.Count);
    }

    [Fact]
    public async Task A_former_owner_that_goes_on_turns_nothing_back()
    {
        const int records = 40;
        var entries = Histories.Charged(8 + (2 * (records - 1))).Entries;
        var former = await PartitionArchive.OpenAsync(Open(), _writer, 0, Token);
        await CommitAsync(former, entries.Take(10), 1);
        var next = await PartitionArchive.OpenAsync(Open(), _writer, 0, Token);

        // Long enough for both to merge their heads: the former one does it later, and comes less far.
        for (var record = 2; record <= records; record++)
        {
            await CommitAsync(next, OfRecord(record), record);
            if (record > 2)
            {
                await CommitAsync(former, OfRecord(record - 1), record - 1);
            }

            Assert.Equal(record, (await PartitionArchive.OpenAsync(Open(), _writer, 0, Token)).Progress.Record);
        }

        using var reader = new LedgerReader(Open());
        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, string.Join("\n", report.Breaks));
        Assert.Equal(entries.Count, report.Entries);

        IEnumerable<Core.Entries.Entry> OfRecord(int record) => entries.Skip(10 + ((record - 2) * 2)).Take(2);
    }

    [Fact]
    public async Task One_changed_byte_of_a_segment_is_found_and_named()
    {
        var store = Open();
        await CommitAsync(await PartitionArchive.OpenAsync(store, _writer, 0, Token), Histories.Charged(300).Entries, 1);
        var segment = Assert.Single(await store.ListAsync("date=", Token));
        var bytes = await ReadAsync(store, segment);
        using (var reader = new LedgerReader(store))
        {
            Assert.True((await reader.VerifyAsync(null, Token)).Holds);
        }

        bytes[bytes.Length / 3] ^= 0x10;
        await PutAsync(Open(), segment, bytes);

        // The reader that has read the segment before is not to be deceived by what it remembers.
        foreach (var each in new[] { store, Open() })
        {
            using var reader = new LedgerReader(each);
            var report = await reader.VerifyAsync(null, Token);
            Assert.False(report.Holds);
            Assert.All(report.Breaks, static broken => Assert.Equal("acme", broken.Account));
            Assert.All(report.Damaged, name => Assert.Equal(segment, name));
        }
    }

    [Fact]
    public async Task A_segment_that_goes_while_it_is_asked_for_is_looked_for_in_what_took_its_place()
    {
        var store = Open();
        var archive = await PartitionArchive.OpenAsync(store, _writer, 0, Token);
        var entries = Histories.Charged(20).Entries;
        await CommitAsync(archive, entries.Take(11), 1);
        await CommitAsync(archive, entries.Skip(11), 2);
        var names = await store.ListAsync("date=", Token);
        using var reader = new LedgerReader(new VanishingStore(Open(), names[1], PutItBackElsewhereAsync));
        var rows = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 1000 }, Token);
        Assert.Equal(entries.Select(static entry => entry.Sequence), rows.Rows.Select(static row => row.Sequence));

        async Task PutItBackElsewhereAsync()
        {
            var bytes = await ReadAsync(store, names[1]);
            await PutAsync(store, names[1].Replace(".parquet", "-m1.parquet", StringComparison.Ordinal), bytes);
            await store.DeleteAsync(names[1], Token);
        }
    }

    public virtual void Dispose()
    {
        _writer.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static async Task PutAsync(ISegmentStore store, string name, byte[] content)
    {
        var file = store.NewTemporaryFile();
        await File.WriteAllBytesAsync(file, content, Token);
        await store.PutAsync(name, file, Token);
    }

    protected static async Task<byte[]> ReadAsync(ISegmentStore store, string name)
    {
        using var file = Assert.IsType<LocalFile>(await store.OpenAsync(name, Token));
        return await File.ReadAllBytesAsync(file.Path, Token);
    }

    private static Task CommitAsync(PartitionArchive archive, IEnumerable<Core.Entries.Entry> entries, long record)
    {
        var batch = archive.Begin();
        foreach (var entry in entries)
        {
            batch.Add("acme", entry.Encoded);
        }

        return archive.CommitAsync(batch, new Progress(record, 0), Token);
    }

    /// <summary>A store in which a file goes once it has been listed.</summary>
    private sealed class VanishingStore(ISegmentStore store, string name, Func<Task> vanish) : ISegmentStore
    {
        private bool _hasVanished;

        public string NewTemporaryFile() => store.NewTemporaryFile();

        public Task PutAsync(string name, string temporaryFile, CancellationToken cancellationToken) => store.PutAsync(name, temporaryFile, cancellationToken);

        public Task<bool> TryPutAsync(string name, string temporaryFile, CancellationToken cancellationToken) => store.TryPutAsync(name, temporaryFile, cancellationToken);

        public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken) => store.ListAsync(prefix, cancellationToken);

        public async Task<LocalFile?> OpenAsync(string opened, CancellationToken cancellationToken)
        {
            if (opened == name && !_hasVanished)
            {
                _hasVanished = true;
                await vanish();
            }

            return await store.OpenAsync(opened, cancellationToken);
        }

        public Task DeleteAsync(string name, CancellationToken cancellationToken) => store.DeleteAsync(name, cancellationToken);
    }
}
