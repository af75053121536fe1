using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>A spending cap for a part of an account's usage.</summary>
internal sealed record BudgetRequest : IRequest
{
    /// <summary>Everything, when left out.</summary>
    public BudgetScope? Scope { get; init; }

    /// <summary>Weeks begin on Monday; <c>period</c> is the account's; all in UTC.</summary>
    public required BudgetWindow Window { get; init; }

    /// <summary>Credits, above 0.</summary>
    public required decimal Limit { get; init; }

    /// <summary>Whole percents of the limit, 1 to 1,000, rising; at most 20.</summary>
    public IReadOnlyList<int>? Thresholds { get; init; }

    /// <summary>Only tell of crossings (<c>alert</c>, the default), or refuse what would go above the limit.</summary>
    public BudgetAction? Action { get; init; }
}

/// <summary>Which usage a budget counts.</summary>
internal sealed record BudgetScope : IRequest
{
    /// <summary>At most 100 names, or a prefix and *; all meters, when left out.</summary>
    public IReadOnlyList<string>? Meters { get; init; }

    /// <summary>Dimensions that must match; the value * fits any and counts each on its own.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }
}

/// <summary>A budget and what it has counted.</summary>
internal sealed record Budget
{
    public required string Id { get; init; }
    public required BudgetScope Scope { get; init; }
    public required BudgetWindow Window { get; init; }
    public required decimal Limit { get; init; }
    public required IReadOnlyList<int> Thresholds { get; init; }
    public required BudgetAction Action { get; init; }

    /// <summary>In the current window; left out when the scope has a *, for then each counter has its own.</summary>
    public decimal? Spent { get; init; }

    /// <summary>Thresholds crossed in the current window; left out when the scope has a *.</summary>
    public IReadOnlyList<int>? Crossed { get; init; }

    /// <summary>One, or one for each distinct value of a * scope; at most 1,000, the highest spent first.</summary>
    public required IReadOnlyList<BudgetCounter> Counters { get; init; }

    /// <summary>What may not have been meant, such as a pattern that fits no meter.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>What a budget has counted in the current window.</summary>
internal sealed record BudgetCounter
{
    /// <summary>The value of each * dimension; left out when there is none, or when more distinct values came than are counted apart.</summary>
    public IReadOnlyDictionary<string, string>? Values { get; init; }

    /// <summary>Left out for the window <c>total</c>.</summary>
    public DateTimeOffset? WindowStart { get; init; }

    public required decimal Spent { get; init; }

    /// <summary>Credits set aside by open holds.</summary>
    public required decimal Held { get; init; }

    public required IReadOnlyList<int> Crossed { get; init; }
}

/// <summary>A threshold of a budget, in percent of its limit, that was just reached.</summary>
internal sealed record CrossedThreshold
{
    public required string Budget { get; init; }
    public required int Threshold { get; init; }
}

/// <summary>Governance rules. A PUT replaces all of them; what rate limits have counted stays.</summary>
internal sealed record PolicyRequest : IRequest
{
    /// <summary>At most 100 names, or a prefix and *; all meters, when left out.</summary>
    public IReadOnlyList<string>? AllowedMeters { get; init; }

    /// <summary>At most 100 names, or a prefix and *.</summary>
    public IReadOnlyList<string>? BlockedMeters { get; init; }

    /// <summary>At most 16 names of dimensions that every line must have.</summary>
    public IReadOnlyList<string>? RequiredDimensions { get; init; }

    /// <summary>Above 0; no limit, when left out.</summary>
    public decimal? MaximumCreditsPerCharge { get; init; }

    /// <summary>At most 100, each for another name or pattern.</summary>
    public IReadOnlyList<RateLimitRequest>? RateLimits { get; init; }

    /// <summary>Whether only usage that already happened is recorded, and nothing else charged or held.</summary>
    public bool? Frozen { get; init; }

    /// <summary>Rules that are counted, not applied.</summary>
    public IReadOnlyList<PolicyRule>? Shadow { get; init; }
}

/// <summary>At most <c>burst</c> at once, refilled continuously by <c>quantity</c> every <c>perSeconds</c>.</summary>
internal sealed record RateLimitRequest : IRequest
{
    /// <summary>A name, or a prefix and *.</summary>
    public required string Meter { get; init; }

    /// <summary>In the meter's unit, above 0.</summary>
    public required decimal Quantity { get; init; }

    /// <summary>1 to 86,400.</summary>
    public required int PerSeconds { get; init; }

    /// <summary>At least the quantity, which it is when left out.</summary>
    public decimal? Burst { get; init; }
}

/// <summary>An account's policy, and what it has counted.</summary>
internal sealed record Policy
{
    public required IReadOnlyList<string> AllowedMeters { get; init; }
    public required IReadOnlyList<string> BlockedMeters { get; init; }
    public required IReadOnlyList<string> RequiredDimensions { get; init; }
    public decimal? MaximumCreditsPerCharge { get; init; }
    public required IReadOnlyList<RateLimit> RateLimits { get; init; }
    public required bool Frozen { get; init; }
    public required IReadOnlyList<PolicyRule> Shadow { get; init; }

    /// <summary>By rule: charges and holds that it would have refused, had it not been in the shadow.</summary>
    public required IReadOnlyDictionary<string, long> Shadowed { get; init; }

    /// <summary>What may not have been meant, such as a pattern that fits no meter.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>A rate limit and what it lets through now.</summary>
internal sealed record RateLimit
{
    public required string Meter { get; init; }
    public required decimal Quantity { get; init; }
    public required int PerSeconds { get; init; }
    public required decimal Burst { get; init; }
    public required decimal Left { get; init; }
}

/// <summary>What an account used under one price in a period that is still open.</summary>
internal sealed record UsageCounter
{
    public required string Card { get; init; }
    public required string Meter { get; init; }
    public required string Price { get; init; }
    public required DateTimeOffset PeriodStart { get; init; }
    public required decimal Quantity { get; init; }
}

/// <summary>One change of an account, and the numbers right after it.</summary>
internal sealed record AccountChange
{
    public required long Sequence { get; init; }
    public required DateTimeOffset At { get; init; }
    public required ChangeKind Kind { get; init; }

    /// <summary>The charge, grant, hold, settle, reversal or budget that it was.</summary>
    public string? Subject { get; init; }

    /// <summary>By how much the balance changed.</summary>
    public required decimal Credits { get; init; }

    public required decimal Balance { get; init; }
    public required decimal Available { get; init; }
}
