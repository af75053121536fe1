using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What a policy must look like. What is said twice is refused: two rate limits of one pattern would count the same usage twice.</summary>
internal static class PolicyRules
{
    public static void Check(PolicyRequest policy, Faults faults)
    {
        Shape.Patterns(faults, "allowedMeters", policy.AllowedMeters);
        Shape.Patterns(faults, "blockedMeters", policy.BlockedMeters);
        RequiredDimensions(policy.RequiredDimensions, faults);
        Shape.AmountAboveZero(faults, "maximumCreditsPerCharge", policy.MaximumCreditsPerCharge);
        RateLimits(policy.RateLimits, faults);
        Shadow(policy.Shadow, faults);
    }

    private static void RequiredDimensions(IReadOnlyList<string> dimensions, Faults faults)
    {
        // More than a line may have could never be met.
        Shape.Count(faults, "requiredDimensions", dimensions.Count, 0, Limits.MaxDimensions);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        faults.Enter("requiredDimensions");
        for (var i = 0; i < Math.Min(dimensions.Count, Limits.MaxDimensions); i++)
        {
            faults.Enter(i);
            Shape.NameHere(faults, dimensions[i], Limits.MaxDimensionNameLength);
            OnlyOnce(seen.Add(dimensions[i]), faults);
            faults.Leave();
        }

        faults.Leave();
    }

    private static void RateLimits(IReadOnlyList<RateLimit> limits, Faults faults)
    {
        Shape.Count(faults, "rateLimits", limits.Count, 0, Limits.MaxRateLimits);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        faults.Enter("rateLimits");
        for (var i = 0; i < Math.Min(limits.Count, Limits.MaxRateLimits); i++)
        {
            faults.Enter(i);
            faults.Enter("meter");
            if (limits[i].Meter.Length == 0)
            {
                faults.AddHere(FaultCodes.Required, "It must be given.");
            }

            Shape.Pattern(faults, limits[i].Meter);
            OnlyOnce(seen.Add(limits[i].Meter), faults);
            faults.Leave();
            RateLimit(limits[i], faults);
            faults.Leave();
        }

        faults.Leave();
    }

    private static void RateLimit(RateLimit limit, Faults faults)
    {
        Shape.AmountAboveZero(faults, "quantity", limit.Quantity);
        Shape.WholeNumber(faults, "perSeconds", limit.PerSeconds, 1, Limits.MaxRateLimitSeconds);
        Shape.Amount(faults, "burst", limit.Burst);
        if (limit.Burst < limit.Quantity)
        {
            faults.Add("burst", FaultCodes.OutOfRange, "It must be at least quantity.");
        }
    }

    private static void Shadow(IReadOnlyList<PolicyRule> shadow, Faults faults)
    {
        var seen = new HashSet<PolicyRule>();
        faults.Enter("shadow");
        for (var i = 0; i < shadow.Count; i++)
        {
            faults.Enter(i);
            OnlyOnce(seen.Add(shadow[i]), faults);
            faults.Leave();
        }

        faults.Leave();
    }

    private static void OnlyOnce(bool isFirst, Faults faults)
    {
        if (!isFirst)
        {
            faults.AddHere(FaultCodes.Duplicate, "It is given more than once.");
        }
    }
}
