namespace Metering.Client;

/// <summary>What an account is set to. What is left out takes its default.</summary>
public sealed record AccountSettings
{
    /// <summary>At most 256 characters.</summary>
    public string DisplayName { get; init; } = "";

    public string RateCard { get; init; } = "default";

    /// <summary>0 to 100: taken off every price.</summary>
    public decimal DiscountPercent { get; init; }

    /// <summary>0 or more: how far the balance may go below zero.</summary>
    public decimal CreditLimit { get; init; }

    /// <summary>At most 50 pairs; keys of 64, values of 512 characters.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>An account as it is now.</summary>
public sealed record Account
{
    public required string Id { get; init; }
    public required AccountSettings Settings { get; init; }

    /// <summary>What is left of active grants, less overage.</summary>
    public required decimal Balance { get; init; }

    /// <summary>What an <see cref="ChargeMode.Enforce"/> charge may take.</summary>
    public required decimal Available { get; init; }

    public required decimal Held { get; init; }

    /// <summary>Used beyond all credits.</summary>
    public required decimal Overage { get; init; }

    /// <summary>The number of the account's last ledger entry.</summary>
    public required long Sequence { get; init; }
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

    public GrantKind Kind { get; init; }

    /// <summary>From when it may be used; when it is added, if left out.</summary>
    public DateTimeOffset? EffectiveAt { get; init; }

    /// <summary>Until when it may be used; for ever, if left out.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Meters it pays for, names or a prefix and <c>*</c>; all, when empty.</summary>
    public IReadOnlyList<string> Meters { get; init; } = [];
}

/// <summary>Where credits came from.</summary>
public enum GrantKind
{
    Purchase = 0,
    Plan = 1,
    Promotion = 2,
    Refund = 3,
}

/// <summary>A grant that was added, and the account right after.</summary>
public sealed record GrantReply
{
    public required string Id { get; init; }
    public required decimal Credits { get; init; }
    public required decimal Balance { get; init; }
    public required decimal Available { get; init; }
    public required long Sequence { get; init; }
    public required bool Replayed { get; init; }
}
