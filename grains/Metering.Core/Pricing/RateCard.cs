namespace Metering.Core.Pricing;

/// <summary>
/// The pricing matrix: all published versions of one card, each in effect from its own instant until the next one's. Immutable: a
/// new version makes a new card, so that a reader never sees half a change.
/// </summary>
public sealed class RateCard
{
    private readonly RateCardVersion[] _versions;

    /// <summary>A card of some versions, in any order.</summary>
    public RateCard(string id, IEnumerable<RateCardVersion> versions)
    {
        Id = id;
        _versions = [.. versions.OrderBy(version => version.EffectiveFrom).ThenBy(version => version.Version)];
        LatestVersion = _versions.Length == 0 ? 0 : _versions.Max(version => version.Version);
    }

    public string Id { get; }

    /// <summary>By rising <see cref="RateCardVersion.EffectiveFrom"/>; of two with the same, the later version stands later.</summary>
    public IReadOnlyList<RateCardVersion> Versions => _versions;

    /// <summary>The number of the version published last; 0 when there is none.</summary>
    public int LatestVersion { get; }

    /// <summary>The version that prices usage of an instant; none before the first takes effect. Of two that take effect together the later wins.</summary>
    public RateCardVersion? EffectiveAt(DateTimeOffset instant)
    {
        // From the end: almost all usage is of now, and now belongs to one of the last versions.
        for (var i = _versions.Length - 1; i >= 0; i--)
        {
            if (_versions[i].EffectiveFrom <= instant)
            {
                return _versions[i];
            }
        }

        return null;
    }

    /// <summary>The card with one more version. A version it already has changes nothing: published versions never do.</summary>
    public RateCard With(RateCardVersion next) =>
        Array.Exists(_versions, version => version.Version == next.Version) ? this : new RateCard(Id, _versions.Append(next));
}
