namespace Metering.Core.Accounts;

/// <summary>The bounds every account keeps. The same for all accounts of a deployment.</summary>
public sealed record AccountLimits
{
    /// <summary>How long ids are remembered: a retry within it gets the original answer.</summary>
    public TimeSpan IdWindow { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How many ids are remembered at most; the oldest go first.</summary>
    public int MaxIds { get; init; } = 10_000;

    /// <summary>For how long after a period ends usage may still be counted in it.</summary>
    public TimeSpan LateWindow { get; init; } = TimeSpan.FromDays(3);

    /// <summary>How far ahead of the account's time usage may be stamped.</summary>
    public TimeSpan MaxAhead { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Grants an account may have; those of no use for longer than <see cref="IdWindow"/> make room when it is needed.</summary>
    public int MaxGrants { get; init; } = 10_000;

    /// <summary>Refills of one grant that may lie between its <c>effectiveAt</c> and the time it is added.</summary>
    public int MaxRefillsAtOnce { get; init; } = 10_000;

    public int MaxOpenHolds { get; init; } = 100_000;
    public int MaxBudgets { get; init; } = 100;

    /// <summary>Distinct values of a <c>*</c> scope that a budget counts apart; all further ones share one counter.</summary>
    public int MaxBudgetCounters { get; init; } = 10_000;

    /// <summary>Producers an account knows; those silent for longer than <see cref="IdWindow"/> make room when it is needed.</summary>
    public int MaxProducers { get; init; } = 1_000;
}
