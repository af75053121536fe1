using Metering.Core.Accounts;

namespace Metering.Grains.Accounts;

/// <summary>How account grains keep their state.</summary>
public sealed class AccountOptions
{
    /// <summary>The bounds every account keeps.</summary>
    public AccountLimits Limits { get; set; } = new();

    /// <summary>
    /// A snapshot is written when the journaled bytes since the last one outgrow it, but not below this many bytes: then the work of
    /// snapshots stays in proportion to that of charges.
    /// </summary>
    public int MinSnapshotTailBytes { get; set; } = 64 * 1024;

    /// <summary>An account that changed writes a snapshot at least this often while it is called. Idle ones are asked by the checkpoint.</summary>
    public TimeSpan SnapshotInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>After a snapshot could not be written, how long to leave the store alone. The journal keeps everything meanwhile.</summary>
    public TimeSpan SnapshotRetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many watchers may wait for changes of one account at the same time; one more hears overloaded.</summary>
    public int MaxWatchers { get; set; } = 10_000;
}
