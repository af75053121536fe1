namespace Metering.Core.Pricing;

/// <summary>The tiers of a price and how they add up. A price without tiers is a schedule of one.</summary>
internal abstract class Schedule
{
    private readonly Tier[] _tiers;

    protected Schedule(Tier[] tiers) => _tiers = tiers;

    protected ReadOnlySpan<Tier> Tiers => _tiers;

    /// <summary>The index of the tier a cumulative quantity has reached: the first that holds it. The last holds all.</summary>
    internal int Reached(Exact units)
    {
        var low = 0;
        var high = _tiers.Length - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_tiers[middle].Holds(units))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    /// <summary>What a cumulative quantity above 0 costs, having reached a tier.</summary>
    internal abstract Exact PriceOf(Exact units, int tier);

    /// <summary>The shares of the tiers between two points, and what the units of the earlier one cost differently now.</summary>
    internal abstract TierPart[] Explain(in PricePoint before, in PricePoint after, out decimal repricing);

    protected static bool IsEmpty(in TierPart part) => part.Quantity.IsZero && part.Credits.IsZero;
}

/// <summary>A cumulative quantity of a period and its price, at each step towards what the account pays.</summary>
internal readonly struct PricePoint
{
    /// <summary>After conversion and free units.</summary>
    internal Exact Units { get; init; }

    /// <summary>The index of the tier reached.</summary>
    internal int Tier { get; init; }

    /// <summary>By the tiers alone, rounded.</summary>
    internal decimal Price { get; init; }

    /// <summary>At most the period's maximum, rounded.</summary>
    internal decimal Capped { get; init; }

    /// <summary>Less the discount, rounded: F.</summary>
    internal decimal Total { get; init; }

    /// <summary>The units as an explanation shows them: at most 9 decimal places. A tier's bounds have no more, so it stays within them.</summary>
    internal decimal ShownUnits => Units.TryRound(out var shown)
        ? shown
        : throw new InvalidOperationException("Units out of range were priced.");
}
