namespace Metering.Client;

/// <summary>How one line was priced. Tiers and adjustments sum to its credits.</summary>
public sealed record LineExplanation
{
    /// <summary>The line's meter.</summary>
    public required string Meter { get; init; }

    /// <summary>The rate card that priced it.</summary>
    public required string Card { get; init; }

    /// <summary>The card's version.</summary>
    public required int Version { get; init; }

    /// <summary>The price's id in the card.</summary>
    public required string Price { get; init; }

    /// <summary>Used in the period before this line, under this price, in the meter's unit.</summary>
    public required decimal QuantityBefore { get; init; }

    /// <summary>The line's quantity.</summary>
    public required decimal Quantity { get; init; }

    /// <summary>What each tier took.</summary>
    public required IReadOnlyList<TierExplanation> Tiers { get; init; }

    /// <summary>What changed the credits beside the tiers.</summary>
    public required IReadOnlyList<AdjustmentExplanation> Adjustments { get; init; }

    /// <summary>The line's credits.</summary>
    public required decimal Credits { get; init; }
}

/// <summary>A tier's share of a line.</summary>
/// <param name="Tier">From 1.</param>
/// <param name="Quantity">After conversion and free units.</param>
/// <param name="UnitPrice">Credits per unit.</param>
/// <param name="FlatPrice">Credits for entering the tier.</param>
/// <param name="Credits">What the tier took.</param>
public sealed record TierExplanation(int Tier, decimal Quantity, decimal UnitPrice, decimal FlatPrice, decimal Credits);

/// <summary>What changed a line's credits beside its tiers.</summary>
/// <param name="Kind"><c>cap</c>, <c>discount</c>, <c>minimum</c>, <c>maximum</c>, <c>flat</c> or <c>repricing</c>.</param>
/// <param name="Credits">By how much.</param>
public sealed record AdjustmentExplanation(string Kind, decimal Credits);

/// <summary>Credits taken from one grant; negative when they were returned to it.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Credits">The credits.</param>
public sealed record GrantBurn(string Grant, decimal Credits);

/// <summary>A threshold of a budget, in percent of its limit, that was just reached.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Threshold">Percent.</param>
public sealed record CrossedThreshold(string Budget, int Threshold);
