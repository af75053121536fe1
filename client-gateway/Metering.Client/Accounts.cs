namespace Metering.Client;

/// <summary>The unit of a period or of a recurrence.</summary>
public enum PeriodUnit
{
    /// <summary>60 minutes.</summary>
    Hour = 0,

    /// <summary>24 hours.</summary>
    Day = 1,

    /// <summary>7 days.</summary>
    Week = 2,

    /// <summary>A calendar month; an anchor at its end stays at its end.</summary>
    Month = 3,

    /// <summary>A calendar year.</summary>
    Year = 4,
}

/// <summary>How prices' counters begin anew: at the anchor plus every whole number of units, in UTC.</summary>
/// <param name="Every">The unit.</param>
/// <param name="Anchor">Any beginning of a period.</param>
public sealed record Period(PeriodUnit Every, DateTimeOffset Anchor);

/// <summary>What an account is set to. What is left out takes its default.</summary>
public sealed record AccountSettings
{
    /// <summary>At most 256 characters.</summary>
    public string DisplayName { get; init; } = "";

    /// <summary>The rate card that prices its usage.</summary>
    public string RateCard { get; init; } = "default";

    /// <summary>0 to 100: taken off every price.</summary>
    public decimal DiscountPercent { get; init; }

    /// <summary>0 or more: how far the balance may go below zero.</summary>
    public decimal CreditLimit { get; init; }

    /// <summary>Calendar months, when left out.</summary>
    public Period? Period { get; init; }

    /// <summary>At most 50 pairs; keys of 64, values of 512 characters.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>Whether an account takes usage.</summary>
public enum AccountStatus
{
    /// <summary>It does.</summary>
    Open = 0,

    /// <summary>Its policy says frozen: only usage that already happened is still recorded.</summary>
    Frozen = 1,

    /// <summary>For good: it can be read, nothing else.</summary>
    Closed = 2,
}

/// <summary>What an acknowledgement promises.</summary>
public enum Durability
{
    /// <summary>No answer leaves before everything it depends on is in the journal.</summary>
    Journal = 0,

    /// <summary>A crash may lose what was acknowledged in the last interval.</summary>
    Periodic = 1,
}

/// <summary>An account as it is now: every number is of the same instant.</summary>
public sealed record Account
{
    /// <summary>The account's id.</summary>
    public required string Id { get; init; }

    /// <summary>What it is set to.</summary>
    public required AccountSettings Settings { get; init; }

    /// <summary>Whether it takes usage.</summary>
    public required AccountStatus Status { get; init; }

    /// <summary>What is left of active grants, less overage.</summary>
    public required decimal Balance { get; init; }

    /// <summary>What an <see cref="ChargeMode.Enforce"/> charge may take: the balance, plus the credit limit, less what is held.</summary>
    public required decimal Available { get; init; }

    /// <summary>Set aside by open holds.</summary>
    public required decimal Held { get; init; }

    /// <summary>Used beyond all credits.</summary>
    public required decimal Overage { get; init; }

    /// <summary>The number of the account's last ledger entry.</summary>
    public required long Sequence { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What an acknowledgement promises.</summary>
    public required Durability Durability { get; init; }

    /// <summary>Its grants.</summary>
    public required IReadOnlyList<GrantState> Grants { get; init; }

    /// <summary>Open holds, the first to expire first; at most 1,000 of them.</summary>
    public required IReadOnlyList<OpenHold> Holds { get; init; }

    /// <summary>How many holds are open.</summary>
    public required int HoldCount { get; init; }

    /// <summary>Its budgets.</summary>
    public required IReadOnlyList<BudgetState> Budgets { get; init; }

    /// <summary>Its policy.</summary>
    public required PolicyState Policy { get; init; }

    /// <summary>What was used under each price in the periods that are still open, the newest first.</summary>
    public required IReadOnlyList<UsageCounter> Counters { get; init; }
}

/// <summary>The quantity of a period under one price: where its tiers stand.</summary>
/// <param name="Card">The rate card.</param>
/// <param name="Meter">The meter.</param>
/// <param name="Price">The price's id.</param>
/// <param name="PeriodStart">When the period began.</param>
/// <param name="Quantity">In the meter's unit.</param>
public sealed record UsageCounter(string Card, string Meter, string Price, DateTimeOffset PeriodStart, decimal Quantity);

/// <summary>A page of accounts.</summary>
/// <param name="Accounts">In ordinal order of their ids.</param>
/// <param name="Cursor">Where the next page begins; null after the last.</param>
public sealed record AccountPage(IReadOnlyList<AccountSummary> Accounts, string? Cursor);

/// <summary>An account of a page.</summary>
public sealed record AccountSummary
{
    /// <summary>The account's id.</summary>
    public required string Id { get; init; }

    /// <summary>Its display name.</summary>
    public required string DisplayName { get; init; }

    /// <summary>What is left of active grants, less overage.</summary>
    public required decimal Balance { get; init; }

    /// <summary>What an <see cref="ChargeMode.Enforce"/> charge may take.</summary>
    public required decimal Available { get; init; }

    /// <summary>Why the account could not be read, when it could not; its numbers are then 0.</summary>
    public string? Code { get; init; }
}
