namespace Metering.Contracts;

/// <summary>The unit in which a price's counters begin anew.</summary>
public enum PeriodUnit
{
    Hour = 0,
    Day = 1,
    Week = 2,
    Month = 3,
    Year = 4,
}

/// <summary>How prices' counters begin anew: at <c>Anchor</c> plus every whole number of units, in UTC.</summary>
[GenerateSerializer, Immutable, Alias("metering.Period")]
public sealed record Period(
    [property: Id(0)] PeriodUnit Every,
    [property: Id(1)] DateTimeOffset Anchor)
{
    /// <summary>Calendar months.</summary>
    public static Period Default { get; } = new(PeriodUnit.Month, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
}

/// <summary>What an account is set to. A PUT replaces all of it: fields left out take these defaults.</summary>
[GenerateSerializer, Immutable, Alias("metering.AccountRequest")]
public sealed record AccountRequest
{
    public const string DefaultRateCard = "default";

    /// <summary>At most 256 characters.</summary>
    [Id(0)] public string DisplayName { get; init; } = "";

    [Id(1)] public string RateCard { get; init; } = DefaultRateCard;

    /// <summary>0 to 100, at most 9 decimal places: taken off every price.</summary>
    [Id(2)] public decimal DiscountPercent { get; init; }

    /// <summary>0 or more: how far the balance may go below zero in <c>enforce</c> mode.</summary>
    [Id(3)] public decimal CreditLimit { get; init; }

    [Id(4)] public Period Period { get; init; } = Period.Default;

    /// <summary>At most 50 pairs; keys of 64, values of 512 characters. Ours to keep, yours to read.</summary>
    [Id(5)] public IReadOnlyDictionary<string, string> Metadata { get; init; } = ChargeLine.NoDimensions;
}

/// <summary>An account as it is now: every number is of the same instant and durable.</summary>
[GenerateSerializer, Immutable, Alias("metering.AccountView")]
public sealed record AccountView
{
    [Id(0)] public required string Account { get; init; }
    [Id(1)] public required AccountRequest Settings { get; init; }

    /// <summary>What is left of active grants, less overage.</summary>
    [Id(2)] public required decimal Balance { get; init; }

    /// <summary>Balance + creditLimit − held: what an <c>enforce</c> charge may take.</summary>
    [Id(3)] public required decimal Available { get; init; }

    [Id(4)] public required decimal Held { get; init; }

    /// <summary>Used beyond all credits.</summary>
    [Id(5)] public required decimal Overage { get; init; }

    /// <summary>The number of the account's last ledger entry.</summary>
    [Id(6)] public required long Sequence { get; init; }

    [Id(7)] public required DateTimeOffset CreatedAt { get; init; }
    [Id(8)] public required IReadOnlyList<GrantView> Grants { get; init; }
    [Id(9)] public required Durability Durability { get; init; }
    [Id(10)] public required AccountStatus Status { get; init; }

    /// <summary>Open holds, the first to expire first; at most <see cref="MaxHoldsShown"/> of them.</summary>
    [Id(11)] public required IReadOnlyList<HoldView> Holds { get; init; }

    /// <summary>How many holds are open.</summary>
    [Id(12)] public required int HoldCount { get; init; }

    [Id(13)] public required IReadOnlyList<BudgetView> Budgets { get; init; }
    [Id(14)] public required PolicyView Policy { get; init; }

    /// <summary>What was used under each price in the periods that are still open, the newest first.</summary>
    [Id(15)] public required IReadOnlyList<UsageCounterView> Counters { get; init; }

    public const int MaxHoldsShown = 1_000;
}

public enum AccountStatus
{
    Open = 0,

    /// <summary>Its policy says frozen: only usage that already happened is still recorded.</summary>
    Frozen = 1,

    /// <summary>For good: it can be read, nothing else.</summary>
    Closed = 2,
}

/// <summary>The quantity of a period under one price: where its tiers stand.</summary>
[GenerateSerializer, Immutable, Alias("metering.UsageCounterView")]
public sealed record UsageCounterView(
    [property: Id(0)] string Card,
    [property: Id(1)] string Meter,
    [property: Id(2)] string Price,
    [property: Id(3)] DateTimeOffset PeriodStart,
    [property: Id(4)] decimal Quantity);

/// <summary>What an acknowledgement promises.</summary>
public enum Durability
{
    /// <summary>No answer leaves before everything it depends on is in the journal.</summary>
    Journal = 0,

    /// <summary>Answers do not wait: a crash may lose what was acknowledged in the last interval.</summary>
    Periodic = 1,
}

/// <summary>A page of accounts, in ordinal order of their ids.</summary>
[GenerateSerializer, Immutable, Alias("metering.AccountPage")]
public sealed record AccountPage(
    [property: Id(0)] IReadOnlyList<string> Accounts,
    [property: Id(1)] bool More);
