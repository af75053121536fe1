namespace Metering.Client;

/// <summary>The rules of a policy that can be watched before they bite.</summary>
public enum PolicyRule
{
    /// <summary><see cref="Policy.AllowedMeters"/>.</summary>
    AllowedMeters = 0,

    /// <summary><see cref="Policy.BlockedMeters"/>.</summary>
    BlockedMeters = 1,

    /// <summary><see cref="Policy.RequiredDimensions"/>.</summary>
    RequiredDimensions = 2,

    /// <summary><see cref="Policy.MaximumCreditsPerCharge"/>.</summary>
    MaximumCreditsPerCharge = 3,

    /// <summary><see cref="Policy.RateLimits"/>.</summary>
    RateLimits = 4,

    /// <summary><see cref="Policy.Frozen"/>.</summary>
    Frozen = 5,
}

/// <summary>Governance rules of an account. A PUT replaces all of it; what rate limits have counted stays.</summary>
public sealed record Policy
{
    /// <summary>Names, or a prefix and <c>*</c>; all when left out.</summary>
    public IReadOnlyList<string> AllowedMeters { get; init; } = [];

    /// <summary>Names, or a prefix and <c>*</c>.</summary>
    public IReadOnlyList<string> BlockedMeters { get; init; } = [];

    /// <summary>Names of dimensions that every line must have.</summary>
    public IReadOnlyList<string> RequiredDimensions { get; init; } = [];

    /// <summary>Above 0; no limit when left out.</summary>
    public decimal? MaximumCreditsPerCharge { get; init; }

    /// <summary>At most 100, each for another meter or pattern.</summary>
    public IReadOnlyList<RateLimit> RateLimits { get; init; } = [];

    /// <summary>Whether only usage that already happened is recorded, and nothing else charged or held.</summary>
    public bool Frozen { get; init; }

    /// <summary>Rules that are counted, not applied.</summary>
    public IReadOnlyList<PolicyRule> Shadow { get; init; } = [];
}

/// <summary>A token bucket: a burst at most at once, refilled continuously by a quantity every so many seconds.</summary>
/// <param name="Meter">A name, or a prefix and <c>*</c>.</param>
/// <param name="Quantity">In the meter's unit, above 0.</param>
/// <param name="PerSeconds">1 to 86,400.</param>
/// <param name="Burst">At least the quantity, which it is when left out.</param>
public sealed record RateLimit(string Meter, decimal Quantity, int PerSeconds, decimal? Burst = null);

/// <summary>A policy and what it has counted.</summary>
public sealed record PolicyState
{
    /// <summary>What it is set to.</summary>
    public required Policy Policy { get; init; }

    /// <summary>Charges and holds that each shadow rule would have refused.</summary>
    public required IReadOnlyDictionary<PolicyRule, long> Shadowed { get; init; }

    /// <summary>What each rate limit would let through now, in the order of the policy's.</summary>
    public required IReadOnlyList<decimal> RateLimitsLeft { get; init; }

    /// <summary>After a PUT: patterns that fit no meter of the account's rate card; taken, but perhaps not meant.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
