using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;
using Metering.Silo.Storage.Embedded.Files;

namespace Metering.Storage.Tests.Embedded;

public sealed class DiskFullTests : IDisposable
{
    private const int RecordBytes = 100_000;

    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_full_disk_fails_appends_clearly_keeps_what_was_acknowledged_and_works_again_once_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync(_directory["disk"], megabytes: 24, Cancel);
        var filler = Path.Combine(disk.Path, "filler");
        await File.WriteAllBytesAsync(filler, new byte[12 << 20], Cancel);
        var acknowledged = 0L;
        using (var embedded = TestStore.Open(Path.Combine(disk.Path, "data")))
        {
            var store = new FileJournalStore(embedded);
            await store.OpenAsync("log", Cancel);

            acknowledged = await AppendUntilFullAsync(store, acknowledged);
            Assert.Equal(acknowledged, await CountAsync(store));

            // Refused again and again, and nothing of it sticks.
            await Assert.ThrowsAsync<JournalStoreException>(() => AppendAsync(store, acknowledged + 1));
            Assert.Equal(new JournalExtent(1, acknowledged), await store.OpenAsync("log", Cancel));

            File.Delete(filler);
            acknowledged = await AppendManyAsync(store, acknowledged, count: 20);
        }

        using var reopened = TestStore.Open(Path.Combine(disk.Path, "data"));
        Assert.Equal(acknowledged, await CountAsync(new FileJournalStore(reopened)));
    }

    [Fact]
    public async Task A_store_whose_trims_keep_up_goes_on_when_others_have_filled_the_disk()
    {
        await using var disk = await SmallDisk.MountAsync(_directory["disk"], megabytes: 24, Cancel);
        var last = 0L;
        using (var before = TestStore.Open(Path.Combine(disk.Path, "data")))
        {
            last = await AppendManyAsync(new FileJournalStore(before), last, count: 80);
        }

        using var embedded = TestStore.Open(Path.Combine(disk.Path, "data"));
        var store = new FileJournalStore(embedded);
        await store.TrimAsync("log", last - 1, Cancel);
        last = await AppendManyAsync(store, last, count: 45);
        await store.TrimAsync("log", last - 1, Cancel);
        Fill(Path.Combine(disk.Path, "filler"));

        // 20 MB through the files that are there.
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(AppendOutcome.Appended, await AppendAsync(store, ++last));
            await store.TrimAsync("log", last - 10, Cancel);
        }
    }

    [Fact]
    public async Task A_write_that_was_cut_short_by_a_full_disk_is_not_there_and_the_log_goes_on_once_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync(_directory["disk"], megabytes: 24, Cancel);
        var (data, filler) = (Path.Combine(disk.Path, "data"), Path.Combine(disk.Path, "filler"));
        using (var embedded = TestStore.Open(data))
        {
            var store = new FileJournalStore(embedded);
            Assert.Equal(2, await AppendManyAsync(store, 0, count: 2));

            // As on a file system that promised room and has none: the next record's first half finds a place.
            var segment = JournalSegment.PathOf(Path.Combine(data, EmbeddedStore.JournalFolder), 1);
            using (var file = File.OpenHandle(segment, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            {
                RandomAccess.SetLength(file, SegmentFormat.BlockBytes + (2 * SegmentFormat.BatchBytes(items: 1, RecordBytes)) + (RecordBytes / 2));
            }

            Fill(filler);
            await Assert.ThrowsAsync<JournalStoreException>(() => AppendAsync(store, 3));
            Assert.Equal(2, await LastWhenKnownAsync(store, () => File.Delete(filler)));
            Assert.Equal(5, await AppendManyAsync(store, 2, count: 3));
        }

        using var reopened = TestStore.Open(data);
        Assert.Equal(5, await CountAsync(new FileJournalStore(reopened)));
    }

    private static async Task<long> LastWhenKnownAsync(FileJournalStore store, Action makeRoom)
    {
        try
        {
            return await store.LastAsync("log", Cancel);
        }
        catch (JournalStoreException)
        {
            // What is in doubt could not be struck out either.
            makeRoom();
            return await store.LastAsync("log", Cancel);
        }
        finally
        {
            makeRoom();
        }
    }

    private static void Fill(string path)
    {
        var block = new byte[4096];
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full: that is what was wanted.
        }
    }

    private static async Task<long> AppendUntilFullAsync(FileJournalStore store, long last)
    {
        while (true)
        {
            try
            {
                Assert.Equal(AppendOutcome.Appended, await AppendAsync(store, last + 1));
                last++;
                Assert.True(last < 1_000, "The disk does not get full.");
            }
            catch (JournalStoreException exception)
            {
                Assert.Contains("No room left on the disk", exception.Message, StringComparison.Ordinal);
                Assert.True(last > 10, "The disk was full from the beginning.");
                return last;
            }
        }
    }

    private static async Task<long> AppendManyAsync(FileJournalStore store, long last, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(AppendOutcome.Appended, await AppendAsync(store, ++last));
        }

        return last;
    }

    private static Task<AppendOutcome> AppendAsync(FileJournalStore store, long number)
    {
        var record = new byte[RecordBytes];
        Array.Fill(record, Mark(number));
        return store.AppendAsync("log", number, record, Cancel);
    }

    private static byte Mark(long number) => (byte)(number % 251);

    private static async Task<int> CountAsync(FileJournalStore store)
    {
        var count = 0;
        await foreach (var record in store.ReadAsync("log", 0, Cancel))
        {
            Assert.Equal(++count, record.Number);
            Assert.Equal(RecordBytes, record.Bytes.Length);
            Assert.False(record.Bytes.Span.ContainsAnyExcept(Mark(record.Number)), $"Record {record.Number} has other bytes.");
        }

        return count;
    }
}
