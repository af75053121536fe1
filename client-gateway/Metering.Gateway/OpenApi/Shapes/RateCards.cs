using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>The pricing matrix, to be published as the next version.</summary>
internal record RateCardDraft : IRequest
{
    /// <summary>In words: what one credit is. At most 1,024 characters.</summary>
    public string? CreditDefinition { get; init; }

    /// <summary>From when it prices usage; the earliest allowed, if left out.</summary>
    public DateTimeOffset? EffectiveFrom { get; init; }

    /// <summary>1 to 1,000 meters.</summary>
    public required IReadOnlyList<Meter> Meters { get; init; }
}

/// <summary>A named kind of usage and what it costs.</summary>
internal sealed record Meter : IRequest
{
    [System.Text.Json.Serialization.JsonPropertyName("meter")]
    public required string Name { get; init; }

    /// <summary>In words, singular: token, call, byte. At most 64 characters.</summary>
    public required string Unit { get; init; }

    /// <summary>1 to 100 prices: the first whose <c>when</c> fits applies.</summary>
    public required IReadOnlyList<Price> Prices { get; init; }
}

/// <summary>How a quantity becomes credits.</summary>
internal sealed record Price : IRequest
{
    /// <summary>Stable across versions: the price's counter goes by it.</summary>
    public required string Id { get; init; }

    /// <summary>Dimensions that must match exactly; all usage of the meter fits, when left out.</summary>
    public IReadOnlyDictionary<string, string>? When { get; init; }

    public required PriceKind Kind { get; init; }

    /// <summary>Credits per unit: <c>per_unit</c> only.</summary>
    public decimal? UnitPrice { get; init; }

    /// <summary>Units in a block: <c>package</c> only.</summary>
    public decimal? PackageSize { get; init; }

    /// <summary>Credits per started block: <c>package</c> only.</summary>
    public decimal? PackagePrice { get; init; }

    /// <summary>1 to 100 tiers: <c>graduated</c> and <c>volume</c> only.</summary>
    public IReadOnlyList<Tier>? Tiers { get; init; }

    /// <summary>Units of a period that cost nothing, after conversion.</summary>
    public decimal? FreeUnits { get; init; }

    public Conversion? Convert { get; init; }

    /// <summary>Credits a period's usage costs at most, before discount.</summary>
    public decimal? MaximumPerPeriod { get; init; }

    public PerCharge? PerCharge { get; init; }
}

/// <summary>A tier: a unit price or blocks, and a flat price on entering.</summary>
internal sealed record Tier : IRequest
{
    /// <summary>The cumulative quantity where the tier ends (inclusive); none on the last tier, and only there.</summary>
    public decimal? UpTo { get; init; }

    public decimal? UnitPrice { get; init; }
    public decimal? FlatPrice { get; init; }
    public decimal? PackageSize { get; init; }
    public decimal? PackagePrice { get; init; }
}

/// <summary>From the meter's unit to the unit that is priced: exactly one of <c>multiply</c> and <c>divide</c>.</summary>
internal sealed record Conversion : IRequest
{
    public decimal? Multiply { get; init; }
    public decimal? Divide { get; init; }

    /// <summary><c>none</c>, which is exact, when left out.</summary>
    public ConversionRounding? Rounding { get; init; }

    /// <summary>Decimal places kept by the rounding: 0 to 9.</summary>
    public int? Decimals { get; init; }
}

/// <summary>Applied to each line, in this order: at least, at most, then added.</summary>
internal sealed record PerCharge : IRequest
{
    public decimal? Minimum { get; init; }
    public decimal? Maximum { get; init; }
    public decimal? Flat { get; init; }
}

/// <summary>A version was published, or, for the same content as the latest, had been.</summary>
internal sealed record PublishReply
{
    public required string Id { get; init; }
    public required int Version { get; init; }
    public required DateTimeOffset EffectiveFrom { get; init; }

    /// <summary>SHA-256 over the card's content, lower-case hexadecimal: equal content, equal hash.</summary>
    public required string ContentHash { get; init; }
}

/// <summary>A published version. It never changes.</summary>
internal sealed record RateCard
{
    public required string Id { get; init; }
    public required int Version { get; init; }
    public required int LatestVersion { get; init; }
    public required DateTimeOffset EffectiveFrom { get; init; }
    public required DateTimeOffset PublishedAt { get; init; }
    public required string ContentHash { get; init; }
    public required string CreditDefinition { get; init; }
    public required IReadOnlyList<Meter> Meters { get; init; }
}
