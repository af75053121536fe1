namespace Metering.Core.Pricing;

/// <summary>Each tier's units at that tier's price. One tier is <c>per_unit</c> or <c>package</c>.</summary>
internal sealed class GraduatedSchedule : Schedule
{
    // What all tiers before each cost when full: without it a price in the hundredth tier would add up ninety-nine first.
    private readonly Exact[] _below;

    // The same, rounded. Out of range it reads as the largest decimal, and no quantity that gets so far has a price.
    private readonly decimal[] _roundedBelow;

    internal GraduatedSchedule(params Tier[] tiers)
        : base(tiers)
    {
        _below = new Exact[tiers.Length];
        _roundedBelow = new decimal[tiers.Length];
        for (var i = 1; i < tiers.Length; i++)
        {
            var full = tiers[i - 1];
            _below[i] = _below[i - 1] + full.PriceOfEntering(new Exact(full.UpTo!.Value).Above(full.Lower));
            _roundedBelow[i] = _below[i].TryRound(out var rounded) ? rounded : decimal.MaxValue;
        }
    }

    internal override Exact PriceOf(Exact units, int tier) =>
        tier == 0
            ? Tiers[0].PriceOfEntering(units)
            : _below[tier] + Tiers[tier].PriceOfEntering(units.Above(Tiers[tier].Lower));

    internal override TierPart[] Explain(in PricePoint before, in PricePoint after, out decimal repricing)
    {
        repricing = 0m;
        var parts = new TierPart[after.Tier - before.Tier + 1];
        var count = 0;
        var fromUnits = before.ShownUnits;
        var fromCredits = before.Price;
        for (var i = before.Tier; i <= after.Tier; i++)
        {
            // A tier's share is the difference of two rounded sums over all tiers so far, never a rounding of its own:
            // so the shares telescope along the tiers to the rounded price, and along the lines to the period's.
            var tier = Tiers[i];
            var toUnits = i == after.Tier ? after.ShownUnits : tier.UpTo!.Value;
            var toCredits = i == after.Tier ? after.Price : _roundedBelow[i + 1];
            var entered = i > before.Tier || before.Units.CompareTo(tier.Lower) <= 0;
            var part = tier.Part(toUnits - fromUnits, entered, toCredits - fromCredits);
            if (!IsEmpty(part))
            {
                parts[count++] = part;
            }

            fromUnits = toUnits;
            fromCredits = toCredits;
        }

        return count == parts.Length ? parts : parts[..count];
    }
}
