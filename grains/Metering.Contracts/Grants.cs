namespace Metering.Contracts;

/// <summary>Where credits came from.</summary>
public enum GrantKind
{
    Purchase = 0,
    Plan = 1,
    Promotion = 2,
    Refund = 3,
}

/// <summary>Credits to put into an account.</summary>
[GenerateSerializer, Immutable, Alias("metering.GrantRequest")]
public sealed record GrantRequest
{
    public const int DefaultPriority = 100;

    /// <summary>The caller's id, among the account's grants. A retry sends the same.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary>Above 0, at most 9 decimal places.</summary>
    [Id(1)] public required decimal Amount { get; init; }

    /// <summary>0 to 1,000,000; lower burns first.</summary>
    [Id(2)] public int Priority { get; init; } = DefaultPriority;

    [Id(3)] public GrantKind Kind { get; init; }

    /// <summary>From when it may be used (inclusive); when it is added, if left out. May be in the past.</summary>
    [Id(4)] public DateTimeOffset? EffectiveAt { get; init; }

    /// <summary>Until when it may be used (exclusive); for ever, if left out. Must be after now.</summary>
    [Id(5)] public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Meters it pays for, names or a prefix and <c>*</c>; all, when empty.</summary>
    [Id(6)] public IReadOnlyList<string> Meters { get; init; } = [];

    /// <summary>When it refills; never, if left out.</summary>
    [Id(7)] public Recurrence? Recurrence { get; init; }

    /// <summary>What of the rest stays at a refill; nothing, if left out. Only with <see cref="Recurrence"/>.</summary>
    [Id(8)] public Rollover? Rollover { get; init; }
}

/// <summary>A grant refills every so many units from <c>Anchor</c>, before it and after it, in UTC, once it is effective.</summary>
/// <param name="Every">The unit.</param>
/// <param name="Anchor">The grant's <c>effectiveAt</c>, if left out.</param>
/// <param name="Count">How many units lie between refills: 1 to 1,000.</param>
[GenerateSerializer, Immutable, Alias("metering.Recurrence")]
public sealed record Recurrence(
    [property: Id(0)] PeriodUnit Every,
    [property: Id(1)] DateTimeOffset? Anchor,
    [property: Id(2)] int Count = 1);

/// <summary>At a refill the grant gets its amount plus what was left, but at least <c>Minimum</c> and at most <c>Maximum</c> of that.</summary>
[GenerateSerializer, Immutable, Alias("metering.Rollover")]
public sealed record Rollover(
    [property: Id(0)] decimal Minimum,
    [property: Id(1)] decimal Maximum);

/// <summary>Where a grant is in its life.</summary>
public enum GrantStatus
{
    Pending = 0,
    Active = 1,
    Expired = 2,
    Voided = 3,
}

[GenerateSerializer, Immutable, Alias("metering.GrantView")]
public sealed record GrantView
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required decimal Amount { get; init; }

    /// <summary>Full before it is active; 0 once voided or expired.</summary>
    [Id(2)] public required decimal Remaining { get; init; }

    [Id(3)] public required int Priority { get; init; }
    [Id(4)] public required GrantKind Kind { get; init; }
    [Id(5)] public required GrantStatus Status { get; init; }
    [Id(6)] public required DateTimeOffset EffectiveAt { get; init; }
    [Id(7)] public DateTimeOffset? ExpiresAt { get; init; }
    [Id(8)] public IReadOnlyList<string> Meters { get; init; } = [];
    [Id(9)] public required DateTimeOffset AddedAt { get; init; }
    [Id(10)] public Recurrence? Recurrence { get; init; }
    [Id(11)] public Rollover? Rollover { get; init; }

    /// <summary>When it refills next; null when it does not.</summary>
    [Id(12)] public DateTimeOffset? NextRefillAt { get; init; }
}

public enum GrantOutcome
{
    Granted = 0,
    Voided = 1,
}

/// <summary>A grant added or voided, and the account right after. A retry of adding gets the same, with <c>Replayed</c> true.</summary>
[GenerateSerializer, Immutable, Alias("metering.GrantReply")]
public sealed record GrantReply
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required GrantOutcome Outcome { get; init; }

    /// <summary>Credits granted, or credits forfeited by the void.</summary>
    [Id(2)] public required decimal Credits { get; init; }

    [Id(3)] public required decimal Balance { get; init; }
    [Id(4)] public required decimal Available { get; init; }
    [Id(5)] public required long Sequence { get; init; }
    [Id(6)] public bool Replayed { get; init; }
}
