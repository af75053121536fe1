namespace Metering.Grains;

/// <summary>How rate cards spread to the silos, and how many there may be.</summary>
public sealed class RateCardOptions
{
    /// <summary>
    /// How far ahead a new version takes effect at the least, so that every silo knows it by then and prices the same instant the same
    /// way. A silo that could not refresh a card for that long stops pricing by it. Zero only where one silo hosts everything: there the
    /// card's grain hands a version to the cache before it answers.
    /// </summary>
    public TimeSpan LeadTime { get; set; } = TimeSpan.Zero;

    /// <summary>How often a silo asks for new versions of the cards it holds; without effect when there is no lead time. At most half of it.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a card that was not there is taken not to be there.</summary>
    public TimeSpan MissingRecheckInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Cards a silo holds; beyond, one not used lately makes room and is loaded again when needed.</summary>
    public int MaxCachedCards { get; set; } = 10_000;

    /// <summary>Versions a card keeps, because usage and explanations refer to them.</summary>
    public int MaxVersions { get; set; } = 1_000;

    /// <summary>Bytes all versions of a card take in storage: they are written together.</summary>
    public int MaxStoredBytes { get; set; } = 32 * 1024 * 1024;

    internal bool IsValid =>
        LeadTime >= TimeSpan.Zero
        && RefreshInterval > TimeSpan.Zero
        && (LeadTime == TimeSpan.Zero || RefreshInterval <= LeadTime / 2)
        && MissingRecheckInterval > TimeSpan.Zero
        && MaxCachedCards > 0
        && MaxVersions > 0
        && MaxStoredBytes > 0;
}
