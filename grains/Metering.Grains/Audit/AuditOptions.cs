namespace Metering.Grains.Audit;

/// <summary>How the audit log is kept.</summary>
public sealed class AuditOptions
{
    /// <summary>The least <see cref="Retention"/>, other than for ever.</summary>
    public static readonly TimeSpan LeastRetention = TimeSpan.FromDays(1);

    /// <summary>How long entries are kept; zero for ever.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// How long a change may be under way until it is written down that nobody knows what became of it. Longer than a gateway works on a request at most.
    /// </summary>
    public TimeSpan MaxPending { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often the log looks for what is old.</summary>
    public TimeSpan UpkeepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Changes under way at once; over it they are refused before they are made.</summary>
    public int MaxOpen { get; set; } = 4_096;

    /// <summary>Changes that have ended of which the ids are remembered, so that a call that is sent again is answered as before.</summary>
    public int MaxEnded { get; set; } = 4_096;

    /// <summary>A chunk that has so many bytes of entries is sealed. All of an open one is written with each batch of entries, so it is small.</summary>
    public int MaxChunkBytes { get; set; } = 64 * 1_024;

    /// <summary>Bytes of entries written at once; a single entry may be larger.</summary>
    public int MaxBatchBytes { get; set; } = 256 * 1_024;

    /// <summary>Chunks that one call reads.</summary>
    public int MaxChunksPerRead { get; set; } = 32;

    /// <summary>Bytes of entries in one answer; a single entry may be larger.</summary>
    public int MaxPageBytes { get; set; } = 2 * 1_024 * 1_024;
}
