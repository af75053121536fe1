using Metering.Core.Accounts;

namespace Metering.Grains.Accounts;

/// <summary>How account grains keep their state.</summary>
public sealed class AccountOptions
{
    /// <summary>The bounds every account keeps.</summary>
    public AccountLimits Limits { get; set; } = new();

    /// <summary>
    /// A snapshot is written when the journaled bytes since the last one are this many times as many as it had: then snapshots write a fraction of
    /// what charges do, however many ids a busy account remembers. The checkpoint bounds the log all the same.
    /// </summary>
    public int SnapshotTailRatio { get; set; } = 4;

    /// <summary>Fewer journaled bytes than this are not worth a snapshot for their own sake.</summary>
    public int MinSnapshotTailBytes { get; set; } = 1 << 20;

    /// <summary>An account that changed writes a snapshot at least this often while it is called. Idle ones are asked by the checkpoint.</summary>
    public TimeSpan SnapshotInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>After a snapshot could not be written, how long to leave the store alone. The journal keeps everything meanwhile.</summary>
    public TimeSpan SnapshotRetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// After a snapshot could not be read, how long callers hear that the account is unavailable before it is read again. Short, for they wait; each read that fails has taken
    /// its own time too.
    /// </summary>
    public TimeSpan SnapshotReadRetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long an account that leaves waits for its last snapshot. Well below Orleans' deactivation timeout: an activation that exceeds that
    /// stays behind in the grain directory.
    /// </summary>
    public TimeSpan MaxLastSnapshotWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long after a crash an account keeps the changes that it was recovered from, for watchers who come back; at most as many as a page has.
    /// </summary>
    public TimeSpan MaxWatcherAbsence { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Of so many entries of an account one state is kept for as long as they are, where a ledger is kept: looking back begins there. At least 1.</summary>
    public long KeptStateInterval { get; set; } = 100_000;

    /// <summary>The most entries that are applied for one look at an account as it was; several intervals, so that a state or two may be missing. At least 1.</summary>
    public long MaxPastEntries { get; set; } = 500_000;

    /// <summary>The most entries that are read for one simulation. At least 1.</summary>
    public long MaxSimulatedEntries { get; set; } = 1_000_000;

    /// <summary>How many watchers may wait for changes of one account at the same time; one more hears overloaded.</summary>
    public int MaxWatchers { get; set; } = 10_000;
}
