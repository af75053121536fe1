using System.Security.Cryptography;
using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Metering.Storage.Tests.Embedded;

public sealed class BoundedFileTests : IDisposable
{
    // What is kept: 20 records of 50 KB and 20 snapshots of 20 KB, 1.4 MB. Written in all: 125 MB.
    private const int Cycles = 1_000;
    private const int KeptRecords = 20;
    private const int RecordBytes = 50_000;
    private const int Accounts = 20;
    private const int SnapshotBytes = 20_000;

    private const long MaxDatabaseBytes = 4L << 20;
    private const long MaxWalBytes = 16L << 20;
    private const long MaxJournalBytes = 16L << 20;

    private readonly TemporaryDirectory _directory = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _services.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Files_stay_bounded_under_steady_appends_trims_snapshots_and_reads()
    {
        using var embedded = TestStore.Open(_directory.Path);
        var store = new FileJournalStore(embedded);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var readers = Enumerable.Range(0, 2).Select(_ => ReadForEverAsync(store, done.Token)).ToArray();
        var storage = TestStore.GrainStorage(embedded, _services);
        var states = Enumerable.Range(0, Accounts).Select(_ => new GrainState<byte[]>()).ToArray();
        var (maxWal, maxJournal) = (0L, 0L);

        for (var number = 1L; number <= Cycles; number++)
        {
            await store.AppendAsync("log", number, RandomNumberGenerator.GetBytes(RecordBytes), Cancel);
            var account = (int)(number % Accounts);
            states[account].State = RandomNumberGenerator.GetBytes(SnapshotBytes);
            await storage.WriteStateAsync("account", GrainId.Create("account", $"account-{account}"), states[account]);
            await store.TrimAsync("log", number - KeptRecords, Cancel);
            maxWal = Math.Max(maxWal, new FileInfo(_directory[EmbeddedDatabase.FileName + "-wal"]).Length);
            maxJournal = Math.Max(maxJournal, JournalBytes());
        }

        await done.CancelAsync();
        await Task.WhenAll(readers);
        var bytes = new FileInfo(_directory[EmbeddedDatabase.FileName]).Length;
        Assert.True(bytes <= MaxDatabaseBytes, $"1.4 MB are kept, but the database has {bytes} bytes; at most {MaxDatabaseBytes} were promised.");
        Assert.True(maxWal <= MaxWalBytes, $"The write-ahead log grew to {maxWal} bytes; at most {MaxWalBytes} were promised.");
        Assert.True(maxJournal <= MaxJournalBytes, $"1 MB of records are kept, but the journal grew to {maxJournal} bytes; at most {MaxJournalBytes} were promised.");
    }

    private long JournalBytes()
    {
        var bytes = 0L;
        foreach (var file in new DirectoryInfo(_directory[EmbeddedStore.JournalFolder]).GetFiles())
        {
            try
            {
                bytes += file.Length;
            }
            catch (FileNotFoundException)
            {
                // It has had another name since it was listed, or is gone.
            }
        }

        return bytes;
    }

    private static async Task ReadForEverAsync(FileJournalStore store, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await foreach (var record in store.ReadAsync("log", 0, cancellationToken))
                {
                    Assert.Equal(RecordBytes, record.Bytes.Length);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is done.
        }
    }
}
