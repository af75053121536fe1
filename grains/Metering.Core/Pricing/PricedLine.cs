namespace Metering.Core.Pricing;

/// <summary>
/// What a line costs and why: the parts, tiers and adjustments, sum to its credits exactly. Every part is the difference of two
/// roundings of cumulative values, so the parts of a period's lines also sum, tier by tier, to those of one line for all of it.
/// </summary>
public sealed record PricedLine(Credits Credits, IReadOnlyList<TierPart> Tiers, IReadOnlyList<Adjustment> Adjustments)
{
    /// <summary>A line of no quantity: nothing is entered, started, repriced or subject to a minimum.</summary>
    public static PricedLine Nothing { get; } = new(Credits.Zero, [], []);
}

/// <summary>A tier's share of a line.</summary>
/// <param name="Tier">Counts from 1. Prices without tiers have one.</param>
/// <param name="Quantity">After conversion and free units. Where conversion leaves more than 9 places it is rounded for reading, not for pricing.</param>
/// <param name="UnitPrice">Credits per unit; 0 where blocks are priced.</param>
/// <param name="FlatPrice">What entering the tier cost: 0 when the period had entered it before.</param>
/// <param name="Credits">The tier's share, flat price included.</param>
public readonly record struct TierPart(int Tier, Quantity Quantity, Credits UnitPrice, Credits FlatPrice, Credits Credits);

/// <summary>What a line's credits differ by from the sum of its tiers.</summary>
public readonly record struct Adjustment(AdjustmentKind Kind, Credits Credits);

public enum AdjustmentKind
{
    /// <summary>The period's maximum holds the price down.</summary>
    Cap = 0,

    /// <summary>The account's discount.</summary>
    Discount = 1,

    /// <summary>Up to the least a charge costs.</summary>
    Minimum = 2,

    /// <summary>Down to the most a charge costs.</summary>
    Maximum = 3,

    /// <summary>Added to each charge.</summary>
    Flat = 4,

    /// <summary>A volume price reached another tier: what the earlier units cost now, less what they had cost.</summary>
    Repricing = 5,
}
