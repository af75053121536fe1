namespace Metering.Core.Pricing;

/// <summary>
/// All units at the price of the tier that was reached, and that tier's flat price. A line that reaches another tier shows
/// its own units at the new tier's price; what the earlier units cost more or less because of it is the repricing.
/// </summary>
internal sealed class VolumeSchedule(Tier[] tiers) : Schedule(tiers)
{
    internal override Exact PriceOf(Exact units, int tier) => Tiers[tier].PriceOfEntering(units);

    internal override TierPart[] Explain(in PricePoint before, in PricePoint after, out decimal repricing)
    {
        var tier = Tiers[after.Tier];
        var entered = before.Units.IsZero || before.Tier != after.Tier;
        var earlier = before.Price;
        if (before.Tier != after.Tier)
        {
            // Never out of range: it is at most the price after the line, which was in it.
            _ = tier.PriceOf(before.Units).TryRound(out earlier);
        }

        repricing = earlier - before.Price;
        var part = tier.Part(after.ShownUnits - before.ShownUnits, entered, after.Price - earlier);
        return IsEmpty(part) ? [] : [part];
    }
}
