namespace Metering.Contracts;

/// <summary>How a price turns a quantity into credits.</summary>
public enum PriceKind
{
    /// <summary>A price for each unit.</summary>
    PerUnit = 0,

    /// <summary>A price for each started block of units.</summary>
    Package = 1,

    /// <summary>Each tier's units at that tier's price.</summary>
    Graduated = 2,

    /// <summary>All units at the price of the tier that was reached.</summary>
    Volume = 3,
}

public enum ConversionRounding
{
    /// <summary>Exact.</summary>
    None = 0,
    Up = 1,
    Down = 2,
    HalfUp = 3,
}

/// <summary>The pricing matrix as it is written, before it is checked. See <see cref="IRateCardGrain.Publish"/>.</summary>
[GenerateSerializer, Immutable, Alias("metering.RateCardDraft")]
public sealed record RateCardDraft
{
    /// <summary>In words: what one credit is. At most 1,024 characters.</summary>
    [Id(0)] public string CreditDefinition { get; init; } = "";

    /// <summary>From when it prices usage; the earliest allowed, if left out.</summary>
    [Id(1)] public DateTimeOffset? EffectiveFrom { get; init; }

    /// <summary>1 to 1,000 meters.</summary>
    [Id(2)] public required IReadOnlyList<MeterDraft> Meters { get; init; }
}

[GenerateSerializer, Immutable, Alias("metering.MeterDraft")]
public sealed record MeterDraft
{
    [Id(0)] public required string Meter { get; init; }

    /// <summary>In words, singular: token, call, byte. At most 64 characters.</summary>
    [Id(1)] public required string Unit { get; init; }

    /// <summary>1 to 100 prices: the first whose <c>when</c> fits applies.</summary>
    [Id(2)] public required IReadOnlyList<PriceDraft> Prices { get; init; }
}

[GenerateSerializer, Immutable, Alias("metering.PriceDraft")]
public sealed record PriceDraft
{
    /// <summary>Stable across versions: the price's counter goes by it.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary>Dimensions that must match exactly; empty fits all usage of the meter.</summary>
    [Id(1)] public IReadOnlyDictionary<string, string> When { get; init; } = ChargeLine.NoDimensions;

    [Id(2)] public required PriceKind Kind { get; init; }

    /// <summary>Credits per unit; <c>per_unit</c> only, and required there.</summary>
    [Id(3)] public decimal? UnitPrice { get; init; }

    /// <summary>Units in a block; <c>package</c> only, and required there.</summary>
    [Id(4)] public decimal? PackageSize { get; init; }

    /// <summary>Credits per started block; <c>package</c> only, and required there.</summary>
    [Id(5)] public decimal? PackagePrice { get; init; }

    /// <summary>1 to 100 tiers; <c>graduated</c> and <c>volume</c> only, and required there.</summary>
    [Id(6)] public IReadOnlyList<TierDraft> Tiers { get; init; } = [];

    /// <summary>Units of a period that cost nothing, after conversion.</summary>
    [Id(7)] public decimal? FreeUnits { get; init; }

    [Id(8)] public ConversionDraft? Convert { get; init; }

    /// <summary>Credits a period's usage costs at most, before discount.</summary>
    [Id(9)] public decimal? MaximumPerPeriod { get; init; }

    [Id(10)] public PerChargeDraft? PerCharge { get; init; }
}

/// <summary>A tier: a unit price or blocks, and a flat price on entering.</summary>
[GenerateSerializer, Immutable, Alias("metering.TierDraft")]
public sealed record TierDraft
{
    /// <summary>The cumulative quantity where the tier ends (inclusive); none on the last tier, and only there.</summary>
    [Id(0)] public decimal? UpTo { get; init; }

    [Id(1)] public decimal? UnitPrice { get; init; }
    [Id(2)] public decimal? FlatPrice { get; init; }
    [Id(3)] public decimal? PackageSize { get; init; }
    [Id(4)] public decimal? PackagePrice { get; init; }
}

/// <summary>From the meter's unit to the unit that is priced: exactly one of <c>Multiply</c> and <c>Divide</c>, above 0.</summary>
[GenerateSerializer, Immutable, Alias("metering.ConversionDraft")]
public sealed record ConversionDraft
{
    [Id(0)] public decimal? Multiply { get; init; }
    [Id(1)] public decimal? Divide { get; init; }
    [Id(2)] public ConversionRounding Rounding { get; init; }

    /// <summary>Decimal places kept by the rounding: 0 to 9; refused with <c>none</c>.</summary>
    [Id(3)] public int? Decimals { get; init; }
}

/// <summary>Applied to each line's difference, in this order: at least, at most, then added.</summary>
[GenerateSerializer, Immutable, Alias("metering.PerChargeDraft")]
public sealed record PerChargeDraft
{
    [Id(0)] public decimal? Minimum { get; init; }
    [Id(1)] public decimal? Maximum { get; init; }
    [Id(2)] public decimal? Flat { get; init; }
}

/// <summary>A version was published, or, for the same content as the latest, had been.</summary>
[GenerateSerializer, Immutable, Alias("metering.PublishReply")]
public sealed record PublishReply
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required int Version { get; init; }
    [Id(2)] public required DateTimeOffset EffectiveFrom { get; init; }

    /// <summary>SHA-256 over the card's content, lower-case hexadecimal: equal content, equal hash.</summary>
    [Id(3)] public required string ContentHash { get; init; }
}

/// <summary>A published version. It never changes.</summary>
[GenerateSerializer, Immutable, Alias("metering.RateCardView")]
public sealed record RateCardView
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required int Version { get; init; }
    [Id(2)] public required DateTimeOffset EffectiveFrom { get; init; }
    [Id(3)] public required DateTimeOffset PublishedAt { get; init; }
    [Id(4)] public required string ContentHash { get; init; }

    /// <summary>As it was published.</summary>
    [Id(5)] public required RateCardDraft Card { get; init; }

    /// <summary>The latest version of the card, which may be this one.</summary>
    [Id(6)] public required int LatestVersion { get; init; }
}
