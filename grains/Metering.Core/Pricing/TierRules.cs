namespace Metering.Core.Pricing;

/// <summary>Tiers rise, touch each other, and the last one has no end: every quantity is in exactly one.</summary>
internal static class TierRules
{
    internal static void Check(IReadOnlyList<TierDraft> tiers, string path, FaultList faults)
    {
        RateCardRules.CheckCount(faults, path, tiers.Count, RateCardRules.MaxTiersPerPrice);
        var lower = 0m;
        for (var i = 0; i < Math.Min(tiers.Count, RateCardRules.MaxTiersPerPrice); i++)
        {
            var tierPath = $"{path}[{i}]";
            CheckUpTo(tiers[i].UpTo, lower, isLast: i == tiers.Count - 1, $"{tierPath}.upTo", faults);
            CheckPrices(tiers[i], tierPath, faults);
            lower = tiers[i].UpTo ?? lower;
        }
    }

    private static void CheckUpTo(decimal? upTo, decimal lower, bool isLast, string path, FaultList faults)
    {
        if (isLast && upTo is not null)
        {
            faults.Add(path, FaultCodes.Gap, "The last tier must have no end: there would be no price above it.");
        }
        else if (!isLast && upTo is null)
        {
            faults.Add(path, FaultCodes.Conflict, "Only the last tier has no end: those after this one would never be reached.");
        }

        faults.CheckPositive(path, upTo);
        if (upTo is > 0m && upTo <= lower)
        {
            faults.Add(path, FaultCodes.NotRising, "Must be above the end of the tier before.");
        }
    }

    private static void CheckPrices(TierDraft tier, string path, FaultList faults)
    {
        faults.CheckAmount($"{path}.unitPrice", tier.UnitPrice);
        faults.CheckAmount($"{path}.flatPrice", tier.FlatPrice);
        if (tier.PackageSize is not null || tier.PackagePrice is not null)
        {
            PriceRules.RequirePackage(tier.PackageSize, tier.PackagePrice, path, faults);
            faults.Forbid($"{path}.unitPrice", tier.UnitPrice is not null, "A tier is priced by units or by blocks, not both.");
        }
    }
}
