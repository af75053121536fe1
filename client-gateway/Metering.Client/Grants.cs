namespace Metering.Client;

/// <summary>Where credits came from.</summary>
public enum GrantKind
{
    /// <summary>Bought.</summary>
    Purchase = 0,

    /// <summary>Part of a plan.</summary>
    Plan = 1,

    /// <summary>Given.</summary>
    Promotion = 2,

    /// <summary>Given back.</summary>
    Refund = 3,
}

/// <summary>Where a grant is in its life.</summary>
public enum GrantStatus
{
    /// <summary>Not yet effective.</summary>
    Pending = 0,

    /// <summary>It pays for usage.</summary>
    Active = 1,

    /// <summary>Its time is over.</summary>
    Expired = 2,

    /// <summary>What was left is forfeited.</summary>
    Voided = 3,
}

/// <summary>Credits to put into an account.</summary>
public sealed record Grant
{
    /// <summary>Yours, among the account's grants. A retry sends the same.</summary>
    public required string Id { get; init; }

    /// <summary>Above 0, at most 9 decimal places.</summary>
    public required decimal Amount { get; init; }

    /// <summary>0 to 1,000,000; lower burns first.</summary>
    public int Priority { get; init; } = 100;

    /// <summary>Where the credits came from.</summary>
    public GrantKind Kind { get; init; }

    /// <summary>From when it may be used; when it is added, if left out.</summary>
    public DateTimeOffset? EffectiveAt { get; init; }

    /// <summary>Until when it may be used; for ever, if left out.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Meters it pays for, names or a prefix and <c>*</c>; all, when left out.</summary>
    public IReadOnlyList<string> Meters { get; init; } = [];

    /// <summary>When it refills; never, if left out.</summary>
    public Recurrence? Recurrence { get; init; }

    /// <summary>What of the rest stays at a refill; nothing, if left out. Only with a recurrence.</summary>
    public Rollover? Rollover { get; init; }
}

/// <summary>A grant refills every so many units from an anchor, in UTC, once it is effective.</summary>
/// <param name="Every">The unit.</param>
/// <param name="Count">Units between refills: 1 to 1,000.</param>
/// <param name="Anchor">The grant's effective instant, if left out.</param>
public sealed record Recurrence(PeriodUnit Every, int Count = 1, DateTimeOffset? Anchor = null);

/// <summary>At a refill the grant gets its amount plus what was left, but at least and at most so much of that.</summary>
/// <param name="Minimum">0 or more.</param>
/// <param name="Maximum">At least the minimum; all of it, when left out.</param>
public sealed record Rollover(decimal Minimum = 0, decimal? Maximum = null);

/// <summary>A grant as it stands.</summary>
public sealed record GrantState
{
    /// <summary>What it was added as, with the instants that were left out filled in.</summary>
    public required Grant Grant { get; init; }

    /// <summary>Full before it is active; 0 once voided or expired.</summary>
    public required decimal Remaining { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required GrantStatus Status { get; init; }

    /// <summary>When it was added.</summary>
    public required DateTimeOffset AddedAt { get; init; }

    /// <summary>When it refills next; null when it does not.</summary>
    public DateTimeOffset? NextRefillAt { get; init; }
}

/// <summary>A grant was added or voided, and the account right after.</summary>
public sealed record GrantReply
{
    /// <summary>The grant's id.</summary>
    public required string Id { get; init; }

    /// <summary>Credits granted, or credits forfeited by the void.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Right after it.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after it.</summary>
    public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry.</summary>
    public required long Sequence { get; init; }

    /// <summary>Whether it had been done before, and this is the original answer.</summary>
    public required bool Replayed { get; init; }

    /// <summary>Patterns that fit no meter of the account's rate card: taken, but perhaps not meant.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
