using Metering.Contracts;
using Microsoft.Extensions.Options;

namespace Metering.Grains.Journal;

/// <summary>The settings of the partition journal. The limits are per partition.</summary>
public sealed class JournalOptions
{
    /// <summary>Into how many logs the accounts are spread. Recorded in the store when it is created; another value is refused ever after. 1 to 4,096.</summary>
    public int Partitions { get; set; } = 1;

    /// <summary>Whether answers wait for the record that holds their entries.</summary>
    public Durability Durability { get; set; } = Durability.Journal;

    /// <summary>
    /// With <see cref="Durability.Periodic"/>: how much answered work a crash may lose, as a span of time. Records leave
    /// twice as often, and an account answers nothing more once the oldest answer without a durable record is this old.
    /// </summary>
    public TimeSpan PeriodicInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes that wait for, or are in, an append. At this many, accounts are to refuse (<see cref="AccountJournal.HasRoom"/>).</summary>
    public long MaxPendingBytes { get; set; } = 64L << 20;

    /// <summary>The largest record, in bytes; the store's own limit counts when it is lower. 4 KiB to 256 MiB.</summary>
    public int MaxRecordBytes { get; set; } = 4 << 20;

    /// <summary>
    /// Bytes of log that recovery may have to read. From a quarter of it the checkpoint presses accounts for snapshots, harder up to half of it; at all of
    /// it accounts are to refuse until the checkpoint has caught up, so recovery stays bounded.
    /// </summary>
    public long MaxTailBytes { get; set; } = 256L << 20;

    /// <summary>How old the oldest entries without a snapshot may become before the checkpoint asks for one.</summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long records stay in the log after they could go, so that a copy of the log belongs to any copy of the snapshots that is older by no more than this. Nothing reads them
    /// but a restore. Zero to a day.
    /// </summary>
    public TimeSpan TrimDelay { get; set; } = TimeSpan.Zero;

    /// <summary>How many accounts of a partition the checkpoint asks at the same time.</summary>
    public int MaxConcurrentCheckpoints { get; set; } = 64;

    /// <summary>How long one step of the store may take. An append that takes longer has an unknown outcome: the partition is given up.</summary>
    public TimeSpan AppendTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>After a loss, how long to answer "unavailable" at once before the partition is opened again.</summary>
    public TimeSpan ReopenDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>What callers are told to wait while a partition is on its way to another silo: about as long as that takes.</summary>
    public TimeSpan HandOverDelay { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// How long after its commit a record may still vanish from a store that <see cref="IJournalStore.MayLoseTail"/>. Redis syncs its log every second, two at
    /// worst. A record is kept in memory until the log was seen to hold it so long after its commit.
    /// </summary>
    public TimeSpan RetainedFor { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Bytes of latest records kept in memory for a store that may lose its tail. Beyond it the oldest go, down to the last one: if the store then loses
    /// more than is kept, the partition is quarantined. 4 KiB or more.
    /// </summary>
    public long MaxRetainedBytes { get; set; } = 8L << 20;

    /// <summary>While there are records to retain and nobody appends, how often to look whether the store still has them.</summary>
    public TimeSpan TailCheckInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>With an archive: how often what was committed goes to it. Shorter makes more and smaller segments.</summary>
    public TimeSpan ArchiveInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// With an archive: so many bytes of log go to it at once and do not wait for the interval. They are in memory until they are written, two batches at a
    /// time; rows are made of them one by one. A record that is larger is a batch of its own.
    /// </summary>
    public long MaxArchiveBatchBytes { get; set; } = 16L << 20;

    /// <summary>
    /// With an archive: bytes of log it may be behind. At this many, accounts are to refuse: the log is not trimmed before its entries are in the archive, and the
    /// store would fill up.
    /// </summary>
    public long MaxArchiveBacklogBytes { get; set; } = 4L << 30;
}

/// <summary>Names each setting that cannot work, so that a silo with a wrong one does not start.</summary>
internal sealed class JournalOptionsValidation : IValidateOptions<JournalOptions>
{
    internal const int MaxPartitions = 4096;
    internal const int SmallestMaxRecordBytes = 4 << 10;
    internal const int LargestMaxRecordBytes = 256 << 20;

    // Timers of the runtime end at about 49 days; a day is already more than any of these can mean.
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, JournalOptions options)
    {
        var faults = new List<string>();
        Check(options.Partitions is >= 1 and <= MaxPartitions, $"{nameof(options.Partitions)} must be 1 to {MaxPartitions}.");
        Check(Enum.IsDefined(options.Durability), $"{nameof(options.Durability)} must be {Durability.Journal} or {Durability.Periodic}.");
        Check(
            options.MaxRecordBytes is >= SmallestMaxRecordBytes and <= LargestMaxRecordBytes,
            $"{nameof(options.MaxRecordBytes)} must be {SmallestMaxRecordBytes} to {LargestMaxRecordBytes}.");
        Check(options.MaxPendingBytes >= options.MaxRecordBytes, $"{nameof(options.MaxPendingBytes)} must be at least {nameof(options.MaxRecordBytes)}.");
        Check(options.MaxTailBytes / 4 >= options.MaxRecordBytes, $"{nameof(options.MaxTailBytes)} must be at least four times {nameof(options.MaxRecordBytes)}.");
        Check(options.MaxConcurrentCheckpoints is >= 1 and <= 1024, $"{nameof(options.MaxConcurrentCheckpoints)} must be 1 to 1,024.");
        Check(options.MaxRetainedBytes >= SmallestMaxRecordBytes, $"{nameof(options.MaxRetainedBytes)} must be at least {SmallestMaxRecordBytes}.");
        Check(options.MaxArchiveBatchBytes > 0, $"{nameof(options.MaxArchiveBatchBytes)} must be above 0.");
        Check(options.MaxArchiveBacklogBytes / 4 >= options.MaxArchiveBatchBytes, $"{nameof(options.MaxArchiveBacklogBytes)} must be at least four times {nameof(options.MaxArchiveBatchBytes)}.");
        Check(options.TrimDelay >= TimeSpan.Zero && options.TrimDelay <= LongestTime, $"{nameof(options.TrimDelay)} must be zero to a day.");
        CheckTime(options.ArchiveInterval, nameof(options.ArchiveInterval));
        CheckTime(options.PeriodicInterval, nameof(options.PeriodicInterval));
        CheckTime(options.CheckpointInterval, nameof(options.CheckpointInterval));
        CheckTime(options.AppendTimeout, nameof(options.AppendTimeout));
        CheckTime(options.ReopenDelay, nameof(options.ReopenDelay));
        CheckTime(options.HandOverDelay, nameof(options.HandOverDelay));
        CheckTime(options.RetainedFor, nameof(options.RetainedFor));
        CheckTime(options.TailCheckInterval, nameof(options.TailCheckInterval));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(bool holds, string fault)
        {
            if (!holds)
            {
                faults.Add(fault);
            }
        }

        void CheckTime(TimeSpan time, string setting) =>
            Check(time >= TimeSpan.FromMilliseconds(10) && time <= LongestTime, $"{setting} must be 10 milliseconds to a day.");
    }
}
