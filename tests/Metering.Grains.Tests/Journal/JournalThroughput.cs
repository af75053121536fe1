using System.Diagnostics;
using Metering.Grains.Journal;
using Microsoft.Extensions.Logging.Abstractions;
using SiloJournal = Metering.Grains.Journal.Journal;

namespace Metering.Grains.Tests.Journal;

/// <summary>A measurement, run when asked for: <c>dotnet run -c Release --project tests/Metering.Grains.Tests -- -explicit only</c>.</summary>
public sealed class JournalThroughput
{
    private const int Accounts = 10_000;
    private const int EntryBytes = 120;
    private const int Rounds = 400;

    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Entries_per_second_through_one_partition_without_a_disk(int threads)
    {
        var options = new JournalOptions { MaxTailBytes = long.MaxValue / 4, MaxPendingBytes = 64 << 20, CheckpointInterval = TimeSpan.FromHours(1) };
        using var silo = new SiloJournal(new JournalServices(
            new NoStore(), options, TimeProvider.System, TaskScheduler.Default, new NoCheckpoint(), new OwnsAll(), NullLogger.Instance));
        var journals = new AccountJournal[Accounts];
        for (var account = 0; account < Accounts; account++)
        {
            journals[account] = await silo.OpenAsync($"customer-{account}", TestContext.Current.CancellationToken);
        }

        var entry = new byte[EntryBytes];
        var records = journals[0].LastRecordNumber;
        var before = GC.GetTotalAllocatedBytes();
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Run(async () =>
        {
            for (var sequence = 1; sequence <= Rounds; sequence++)
            {
                var last = Task.CompletedTask;
                for (var account = thread; account < Accounts; account += threads)
                {
                    last = journals[account].Append(sequence, entry);
                    if (!journals[account].HasRoom)
                    {
                        await last;
                    }
                }
            }
        })));
        await silo.StopAsync(TestContext.Current.CancellationToken);
        var seconds = clock.Elapsed.TotalSeconds;
        records = journals[0].LastRecordNumber - records;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{threads} threads: {Accounts * Rounds / seconds / 1e6:F2} M entries/s, {Accounts * Rounds / records} entries a record, "
            + $"{(GC.GetTotalAllocatedBytes() - before) / (Accounts * Rounds)} bytes allocated an entry");
    }

    private sealed class NoCheckpoint : ICheckpointCaller
    {
        public Task Checkpoint(string account) => Task.CompletedTask;
    }

    /// <summary>Keeps the first records of a log, so that it can be opened, and forgets the rest.</summary>
    private sealed class NoStore : IJournalStore
    {
        private readonly FaultyJournalStore _opening = new();

        public int MaxRecordBytes => 64 << 20;

        public bool IsShared => false;

        public bool MayLoseTail => false;

        public Task<long> LastAsync(string log, CancellationToken cancellationToken) => _opening.LastAsync(log, cancellationToken);

        public Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken) => _opening.OpenAsync(log, cancellationToken);

        public IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, CancellationToken cancellationToken) =>
            _opening.ReadAsync(log, after, cancellationToken);

        public async Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
        {
            if (number == 1)
            {
                return await _opening.AppendAsync(log, number, record, cancellationToken);
            }

            await Task.Yield();
            return AppendOutcome.Appended;
        }

        public Task TrimAsync(string log, long through, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
