namespace Metering.Contracts;

/// <summary>The rules of a policy that can be watched before they bite.</summary>
public enum PolicyRule
{
    AllowedMeters = 0,
    BlockedMeters = 1,
    RequiredDimensions = 2,
    MaximumCreditsPerCharge = 3,
    RateLimits = 4,
    Frozen = 5,
}

/// <summary>Governance rules of an account. A PUT replaces all of it; what rate limits have counted stays.</summary>
[GenerateSerializer, Immutable, Alias("metering.PolicyRequest")]
public sealed record PolicyRequest
{
    /// <summary>Names, or a prefix and <c>*</c>; all, when empty.</summary>
    [Id(0)] public IReadOnlyList<string> AllowedMeters { get; init; } = [];

    [Id(1)] public IReadOnlyList<string> BlockedMeters { get; init; } = [];

    /// <summary>Names of dimensions that every line must have.</summary>
    [Id(2)] public IReadOnlyList<string> RequiredDimensions { get; init; } = [];

    /// <summary>Above 0; no limit, if left out.</summary>
    [Id(3)] public decimal? MaximumCreditsPerCharge { get; init; }

    /// <summary>At most 100, each for another meter or pattern.</summary>
    [Id(4)] public IReadOnlyList<RateLimit> RateLimits { get; init; } = [];

    /// <summary>Whether only usage that already happened is recorded, and nothing else charged or held.</summary>
    [Id(5)] public bool Frozen { get; init; }

    /// <summary>Rules that are counted, not applied.</summary>
    [Id(6)] public IReadOnlyList<PolicyRule> Shadow { get; init; } = [];
}

/// <summary>A token bucket: <c>Burst</c> at most at once, refilled continuously by <c>Quantity</c> every <c>PerSeconds</c>.</summary>
/// <param name="Meter">A name, or a prefix and <c>*</c>.</param>
/// <param name="Quantity">In the meter's unit, above 0.</param>
/// <param name="PerSeconds">1 to 86,400.</param>
/// <param name="Burst">At least <paramref name="Quantity"/>.</param>
[GenerateSerializer, Immutable, Alias("metering.RateLimit")]
public sealed record RateLimit(
    [property: Id(0)] string Meter,
    [property: Id(1)] decimal Quantity,
    [property: Id(2)] int PerSeconds,
    [property: Id(3)] decimal Burst);

/// <summary>A policy, how often its shadow rules would have refused, and what its rate limits still let through.</summary>
[GenerateSerializer, Immutable, Alias("metering.PolicyView")]
public sealed record PolicyView
{
    [Id(0)] public required PolicyRequest Policy { get; init; }

    /// <summary>Charges and holds that a shadow rule would have refused.</summary>
    [Id(1)] public required IReadOnlyDictionary<PolicyRule, long> Shadowed { get; init; }

    /// <summary>What each rate limit would let through now, in the order of the policy's.</summary>
    [Id(2)] public required IReadOnlyList<decimal> RateLimitsLeft { get; init; }
}
