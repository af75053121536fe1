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
/// <param name="Name">The meter's id.</param>
/// <param name="Unit">In words, singular: token, call, byte.</param>
/// <param name="Prices">1 to 100.</param>
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

    /// <summary>How it turns a quantity into credits.</summary>
    public required PriceKind Kind { get; init; }

    /// <summary>Dimensions that must match exactly; all usage of the meter fits, when left out.</summary>
    public IReadOnlyDictionary<string, string>? When { get; init; }

    /// <summary>Credits per unit; for <see cref="PriceKind.PerUnit"/>.</summary>
    public decimal? UnitPrice { get; init; }

    /// <summary>Units in a block; for <see cref="PriceKind.Package"/>.</summary>
    public decimal? PackageSize { get; init; }

    /// <summary>Credits per started block; for <see cref="PriceKind.Package"/>.</summary>
    public decimal? PackagePrice { get; init; }

    /// <summary>1 to 100; for <see cref="PriceKind.Graduated"/> and <see cref="PriceKind.Volume"/>.</summary>
    public IReadOnlyList<Tier> Tiers { get; init; } = [];

    /// <summary>Units of a period that cost nothing, after conversion.</summary>
    public decimal? FreeUnits { get; init; }

    /// <summary>From the meter's unit to the unit that is priced.</summary>
    public Conversion? Convert { get; init; }

    /// <summary>Credits a period's usage costs at most, before discount.</summary>
    public decimal? MaximumPerPeriod { get; init; }

    /// <summary>What each line costs at least, at most, and besides.</summary>
    public PerCharge? PerCharge { get; init; }
}

/// <summary>A tier, up to a cumulative quantity (inclusive); the last has no end.</summary>
public sealed record Tier
{
    /// <summary>The cumulative quantity where it ends; none on the last, and only there.</summary>
    public decimal? UpTo { get; init; }

    /// <summary>Credits per unit; 0 when left out.</summary>
    public decimal? UnitPrice { get; init; }

    /// <summary>Credits for entering it.</summary>
    public decimal? FlatPrice { get; init; }

    /// <summary>Units in a block, instead of a unit price.</summary>
    public decimal? PackageSize { get; init; }

    /// <summary>Credits per started block.</summary>
    public decimal? PackagePrice { get; init; }
}

/// <summary>From the meter's unit to the unit that is priced: exactly one of <see cref="Multiply"/> and <see cref="Divide"/>.</summary>
public sealed record Conversion
{
    /// <summary>Above 0.</summary>
    public decimal? Multiply { get; init; }

    /// <summary>Above 0.</summary>
    public decimal? Divide { get; init; }

    /// <summary>What becomes of the rest.</summary>
    public ConversionRounding Rounding { get; init; }

    /// <summary>Decimal places kept by the rounding: 0 to 9.</summary>
    public int? Decimals { get; init; }
}

/// <summary>How a conversion rounds.</summary>
public enum ConversionRounding
{
    /// <summary>Exact.</summary>
    None = 0,

    /// <summary>To the next above.</summary>
    Up = 1,

    /// <summary>To the next below.</summary>
    Down = 2,

    /// <summary>To the nearest; halves up.</summary>
    HalfUp = 3,
}

/// <summary>Applied to each line, in this order: at least, at most, then added.</summary>
/// <param name="Minimum">Credits at least.</param>
/// <param name="Maximum">Credits at most.</param>
/// <param name="Flat">Credits added.</param>
public sealed record PerCharge(decimal? Minimum, decimal? Maximum, decimal? Flat);

/// <summary>A version was published, or, for the same content as the latest, had been.</summary>
/// <param name="Id">The card's id.</param>
/// <param name="Version">From 1.</param>
/// <param name="EffectiveFrom">From when it prices usage.</param>
/// <param name="ContentHash">Equal content, equal hash.</param>
public sealed record PublishReply(string Id, int Version, DateTimeOffset EffectiveFrom, string ContentHash);

/// <summary>A published version of a rate card. It never changes.</summary>
public sealed record PublishedRateCard
{
    /// <summary>The card's id.</summary>
    public required string Id { get; init; }

    /// <summary>From 1.</summary>
    public required int Version { get; init; }

    /// <summary>The latest version of the card, which may be this one.</summary>
    public required int LatestVersion { get; init; }

    /// <summary>From when it prices usage.</summary>
    public required DateTimeOffset EffectiveFrom { get; init; }

    /// <summary>When it was published.</summary>
    public required DateTimeOffset PublishedAt { get; init; }

    /// <summary>Equal content, equal hash.</summary>
    public required string ContentHash { get; init; }

    /// <summary>As it was published.</summary>
    public required RateCard Card { get; init; }
}
