namespace Metering.Contracts;

/// <summary>What changed an account: the kinds of its ledger's entries.</summary>
public enum ChangeKind
{
    SettingsChanged = 1,
    GrantAdded = 2,
    GrantActivated = 3,
    GrantExpired = 4,
    GrantVoided = 5,
    Charged = 6,
    GrantRefilled = 7,
    Held = 8,
    Settled = 9,
    HoldReleased = 10,
    HoldExpired = 11,
    Reversed = 12,
    BudgetChanged = 13,
    BudgetRemoved = 14,
    BudgetCrossed = 15,
    PolicyChanged = 16,
    Closed = 17,
}

/// <summary>One change of an account, and the numbers right after it.</summary>
[GenerateSerializer, Immutable, Alias("metering.AccountChange")]
public sealed record AccountChange
{
    [Id(0)] public required long Sequence { get; init; }
    [Id(1)] public required DateTimeOffset At { get; init; }
    [Id(2)] public required ChangeKind Kind { get; init; }

    /// <summary>The charge, grant, hold, settle, reversal or budget that it was.</summary>
    [Id(3)] public string? Subject { get; init; }

    /// <summary>By how much the balance changed.</summary>
    [Id(4)] public required decimal Credits { get; init; }

    [Id(5)] public required decimal Balance { get; init; }
    [Id(6)] public required decimal Available { get; init; }
}

/// <summary>Changes after a sequence, oldest first, without gaps between them.</summary>
[GenerateSerializer, Immutable, Alias("metering.WatchPage")]
public sealed record WatchPage
{
    public static readonly TimeSpan MaxPatience = TimeSpan.FromSeconds(10);

    /// <summary>At most this many changes at once.</summary>
    public const int MaxChanges = 1_000;

    [Id(0)] public required IReadOnlyList<AccountChange> Changes { get; init; }

    /// <summary>
    /// True when changes after the given sequence are no longer at hand: <see cref="Changes"/> then begins later, and the watcher
    /// reads the account to know where it stands.
    /// </summary>
    [Id(1)] public bool Skipped { get; init; }

    /// <summary>Pass it as <c>after</c> to go on.</summary>
    [Id(2)] public required long Through { get; init; }
}
