namespace Metering.Client;

/// <summary>What a watcher of an account is told: one of the records below.</summary>
/// <param name="Sequence">The number of the ledger entry it goes up to; pass it as <c>after</c> to go on from here.</param>
public abstract record AccountEvent(long Sequence);

/// <summary>Where an account stands: first, when a watch begins without a sequence to go on from.</summary>
/// <param name="Sequence">The number of the account's last ledger entry.</param>
/// <param name="Balance">What is left of active grants, less overage.</param>
/// <param name="Available">What an <see cref="ChargeMode.Enforce"/> charge may take.</param>
public sealed record AccountPosition(long Sequence, decimal Balance, decimal Available) : AccountEvent(Sequence);

/// <summary>One change of an account, and the numbers right after it.</summary>
/// <param name="Sequence">The number of its ledger entry.</param>
public sealed record AccountChange(long Sequence) : AccountEvent(Sequence)
{
    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary><c>charged</c>, <c>held</c>, <c>settled</c>, <c>grant_added</c>, <c>grant_refilled</c>, <c>budget_crossed</c> and so on.</summary>
    public required string Kind { get; init; }

    /// <summary>The charge, grant, hold, settle, reversal or budget that it was.</summary>
    public string? Subject { get; init; }

    /// <summary>By how much the balance changed.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Right after it.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after it.</summary>
    public required decimal Available { get; init; }
}

/// <summary>Changes up to and including a sequence are no longer at hand: read the account to know where it stands.</summary>
/// <param name="Sequence">The last of those changes.</param>
public sealed record ChangesSkipped(long Sequence) : AccountEvent(Sequence);

/// <summary>The last event of a watch that the server refuses, such as one of an account that is not there.</summary>
/// <param name="Sequence">The last that was heard of; 0 when nothing was.</param>
/// <param name="Refusal">Why.</param>
public sealed record WatchRefused(long Sequence, Refusal Refusal) : AccountEvent(Sequence);
