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

    /// <summary>Grants an account may have; those that ended longer ago than <see cref="IdWindow"/> make room when it is needed.</summary>
    public int MaxGrants { get; init; } = 10_000;
}
