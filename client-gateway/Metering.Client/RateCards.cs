namespace Metering.Client;

/// <summary>The pricing matrix, to be published as a card's next version.</summary>
public sealed record RateCard
{
    /// <summary>In words: what one credit is.</summary>
    public string CreditDefinition { get; init; } = "";

    /// <summary>From when it prices usage; the earliest allowed, if left out.</summary>
    public DateTimeOffset? EffectiveFrom { get; init; }

    /// <summary>1 to 1,000 meters.</summary>
    public required IReadOnlyList<Meter> Meters { get; init; }
}

/// <summary>A named kind of usage and what it costs: the first price whose <see cref="Price.When"/> fits applies.</summary>
public sealed record Meter(string Name, string Unit, IReadOnlyList<Price> Prices);

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

/// <summary>A price. Which fields it needs goes by its kind.</summary>
public sealed record Price
{
    /// <summary>Stable across versions: the price's counter goes by it.</summary>
    public required string Id { get; init; }

    public required PriceKind Kind { get; init; }

    /// <summary>Dimensions that must match exactly; all usage of the meter fits, when left out.</summary>
    public IReadOnlyDictionary<string, string>? When { get; init; }

    public decimal? UnitPrice { get; init; }
    public decimal? PackageSize { get; init; }
    public decimal? PackagePrice { get; init; }
    public IReadOnlyList<Tier> Tiers { get; init; } = [];

    /// <summary>Units of a period that cost nothing, after conversion.</summary>
    public decimal? FreeUnits { get; init; }

    public Conversion? Convert { get; init; }

    /// <summary>Credits a period's usage costs at most, before discount.</summary>
    public decimal? MaximumPerPeriod { get; init; }

    public PerCharge? PerCharge { get; init; }
}

/// <summary>A tier, up to a cumulative quantity (inclusive); the last has no end.</summary>
public sealed record Tier
{
    public decimal? UpTo { get; init; }
    public decimal? UnitPrice { get; init; }
    public decimal? FlatPrice { get; init; }
    public decimal? PackageSize { get; init; }
    public decimal? PackagePrice { get; init; }
}

/// <summary>From the meter's unit to the unit that is priced: exactly one of <see cref="Multiply"/> and <see cref="Divide"/>.</summary>
public sealed record Conversion
{
    public decimal? Multiply { get; init; }
    public decimal? Divide { get; init; }
    public ConversionRounding Rounding { get; init; }

    /// <summary>Decimal places kept by the rounding: 0 to 9.</summary>
    public int? Decimals { get; init; }
}

public enum ConversionRounding
{
    /// <summary>Exact.</summary>
    None = 0,
    Up = 1,
    Down = 2,
    HalfUp = 3,
}

/// <summary>Applied to each line, in this order: at least, at most, then added.</summary>
public sealed record PerCharge(decimal? Minimum, decimal? Maximum, decimal? Flat);

/// <summary>A version was published, or, for the same content as the latest, had been.</summary>
public sealed record PublishReply(string Id, int Version, DateTimeOffset EffectiveFrom, string ContentHash);
