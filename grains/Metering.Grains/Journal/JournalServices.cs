using Microsoft.Extensions.Logging;

namespace Metering.Grains.Journal;

/// <summary>What every partition of a silo's journal works with.</summary>
/// <param name="Store">Where the logs are.</param>
/// <param name="Options">Validated settings.</param>
/// <param name="Time">The clock of delays and ages.</param>
/// <param name="Scheduler">
/// Where the journal's own work runs: never the scheduler of the grain that happened to start it, which may stop in the middle.
/// The simulation gives one that orders everything by a seed.
/// </param>
/// <param name="Accounts">How the checkpoint reaches accounts.</param>
/// <param name="Ownership">Which partitions are this silo's to open.</param>
/// <param name="Logger">The journal's log.</param>
internal sealed record JournalServices(
    IJournalStore Store,
    JournalOptions Options,
    TimeProvider Time,
    TaskScheduler Scheduler,
    ICheckpointCaller Accounts,
    IPartitionOwnership Ownership,
    ILogger Logger)
{
    /// <summary>Where entries go before their records are trimmed; null when nobody keeps a ledger.</summary>
    internal IJournalArchive? Archive { get; init; }

    /// <summary>
    /// A turn at a batch for the archive: few partitions have one in memory at a time, however many are behind. More would wait for the archive's writer with all they have read.
    /// </summary>
    internal SemaphoreSlim ArchiveTurns { get; } = new(MaxConcurrentBatches);

    /// <summary>One is read while another is written.</summary>
    private const int MaxConcurrentBatches = 2;

    /// <summary>Starts work of the journal's own.</summary>
    internal Task<T> Start<T>(Func<Task<T>> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Scheduler).Unwrap();

    internal Task Start(Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Scheduler).Unwrap();
}
