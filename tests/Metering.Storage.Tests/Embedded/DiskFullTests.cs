using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;

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
        using (var database = Database.Open(Path.Combine(disk.Path, "data")))
        {
            var store = new SqliteJournalStore(database);
            await store.OpenAsync("log", Cancel);

            acknowledged = await AppendUntilFullAsync(store, acknowledged);
            Assert.Equal(acknowledged, await CountAsync(store));

            // Refused again and again, and nothing of it sticks.
            await Assert.ThrowsAsync<JournalStoreException>(() => AppendAsync(store, acknowledged + 1));
            Assert.Equal(new JournalExtent(1, acknowledged), await store.OpenAsync("log", Cancel));

            File.Delete(filler);
            acknowledged = await AppendManyAsync(store, acknowledged, count: 20);
        }

        using var reopened = Database.Open(Path.Combine(disk.Path, "data"));
        Assert.Equal(acknowledged, await CountAsync(new SqliteJournalStore(reopened)));
    }

    [Fact]
    public async Task A_store_whose_trims_keep_up_goes_on_when_others_have_filled_the_disk()
    {
        await using var disk = await SmallDisk.MountAsync(_directory["disk"], megabytes: 24, Cancel);
        var last = 0L;
        using (var before = Database.Open(Path.Combine(disk.Path, "data")))
        {
            // Closed before the trim, so that every page has been written and has its place on the disk.
            last = await AppendManyAsync(new SqliteJournalStore(before), last, count: 80);
        }

        using var database = Database.Open(Path.Combine(disk.Path, "data"));
        var store = new SqliteJournalStore(database);
        await store.TrimAsync("log", last - 1, Cancel);
        last = await AppendManyAsync(store, last, count: 45);
        await store.TrimAsync("log", last - 1, Cancel);
        Fill(Path.Combine(disk.Path, "filler"));

        // 8 MB are free inside the database, and none outside: twice as much as makes the write-ahead log start over. A transaction that
        // needs the log a little longer than it ever was fails, but the next attempt finds it started over.
        for (var i = 0; i < 200; i++)
        {
            try
            {
                Assert.Equal(AppendOutcome.Appended, await AppendAsync(store, last + 1));
            }
            catch (JournalStoreException)
            {
                Assert.Equal(last, (await store.OpenAsync("log", Cancel)).Last);
                Assert.Equal(AppendOutcome.Appended, await AppendAsync(store, last + 1));
            }

            last++;
            await store.TrimAsync("log", last - 10, Cancel);
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

    private static async Task<long> AppendUntilFullAsync(SqliteJournalStore store, long last)
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

    private static async Task<long> AppendManyAsync(SqliteJournalStore store, long last, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(AppendOutcome.Appended, await AppendAsync(store, ++last));
        }

        return last;
    }

    private static Task<AppendOutcome> AppendAsync(SqliteJournalStore store, long number)
    {
        var record = new byte[RecordBytes];
        Array.Fill(record, Mark(number));
        return store.AppendAsync("log", number, record, Cancel);
    }

    private static byte Mark(long number) => (byte)(number % 251);

    private static async Task<int> CountAsync(SqliteJournalStore store)
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
