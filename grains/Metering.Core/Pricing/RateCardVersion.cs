using System.Collections.Frozen;

namespace Metering.Core.Pricing;

/// <summary>One version of a rate card. It never changes, and any number of threads may read it.</summary>
public sealed class RateCardVersion
{
    private readonly FrozenDictionary<string, Meter> _byName;

    internal RateCardVersion(string card, int version, DateTimeOffset effectiveFrom, string creditDefinition, Meter[] meters)
    {
        Card = card;
        Version = version;
        EffectiveFrom = effectiveFrom;
        CreditDefinition = creditDefinition;
        Meters = meters;
        _byName = meters.ToFrozenDictionary(meter => meter.Name, StringComparer.Ordinal);
    }

    public string Card { get; }

    /// <summary>Counts from 1.</summary>
    public int Version { get; }

    /// <summary>Prices usage from this instant (inclusive) until the next version does.</summary>
    public DateTimeOffset EffectiveFrom { get; }

    /// <summary>In words: what one credit is.</summary>
    public string CreditDefinition { get; }

    public IReadOnlyList<Meter> Meters { get; }

    public Meter? FindMeter(string name) => _byName.GetValueOrDefault(name);
}
