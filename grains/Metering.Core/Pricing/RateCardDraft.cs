namespace Metering.Core.Pricing;

/// <summary>A rate card as somebody wrote it, before it is checked: anything may be missing, doubled or out of range. See <see cref="RateCardRules"/>.</summary>
public sealed record RateCardDraft
{
    /// <summary>In words: what one credit is. At most 1,024 characters.</summary>
    public string? CreditDefinition { get; init; }

    /// <summary>1 to 1,000 meters.</summary>
    public required IReadOnlyList<MeterDraft> Meters { get; init; }
}

public sealed record MeterDraft
{
    public required string? Meter { get; init; }

    /// <summary>In words, singular: token, call, byte. 1 to 64 characters.</summary>
    public required string? Unit { get; init; }

    /// <summary>1 to 100 prices: the first whose <c>when</c> fits applies.</summary>
    public required IReadOnlyList<PriceDraft> Prices { get; init; }
}

public sealed record PriceDraft
{
    /// <summary>Stable across versions: the price's counter goes by it.</summary>
    public required string? Id { get; init; }

    /// <summary>Dimensions that must match exactly, in any order; none fits all usage of the meter.</summary>
    public IReadOnlyList<Dimension> When { get; init; } = [];

    public required PriceKind Kind { get; init; }

    /// <summary>Credits per unit; <c>per_unit</c> only, and required there.</summary>
    public decimal? UnitPrice { get; init; }

    /// <summary>Units in a block; <c>package</c> only, and required there.</summary>
    public decimal? PackageSize { get; init; }

    /// <summary>Credits per started block; <c>package</c> only, and required there.</summary>
    public decimal? PackagePrice { get; init; }

    /// <summary>1 to 100 tiers; <c>graduated</c> and <c>volume</c> only, and required there.</summary>
    public IReadOnlyList<TierDraft> Tiers { get; init; } = [];

    /// <summary>Units of a period that cost nothing, after conversion.</summary>
    public decimal? FreeUnits { get; init; }

    public ConversionDraft? Convert { get; init; }

    /// <summary>Credits a period's usage costs at most, before discount.</summary>
    public decimal? MaximumPerPeriod { get; init; }

    public PerChargeDraft? PerCharge { get; init; }
}

/// <summary>A tier: a unit price or blocks, and a flat price on entering.</summary>
public sealed record TierDraft
{
    /// <summary>The cumulative quantity where the tier ends (inclusive); none on the last tier, and only there.</summary>
    public decimal? UpTo { get; init; }

    public decimal? UnitPrice { get; init; }
    public decimal? FlatPrice { get; init; }
    public decimal? PackageSize { get; init; }
    public decimal? PackagePrice { get; init; }
}

/// <summary>From the meter's unit to the unit that is priced: exactly one of <c>Multiply</c> and <c>Divide</c>, above 0.</summary>
public sealed record ConversionDraft
{
    public decimal? Multiply { get; init; }
    public decimal? Divide { get; init; }
    public ConversionRounding Rounding { get; init; }

    /// <summary>Decimal places kept by the rounding: 0 to 9, 0 when left out; refused without rounding.</summary>
    public int? Decimals { get; init; }
}

/// <summary>Applied to each line's difference, in this order: at least, at most, then added.</summary>
public sealed record PerChargeDraft
{
    public decimal? Minimum { get; init; }
    public decimal? Maximum { get; init; }
    public decimal? Flat { get; init; }
}
