namespace Metering.Client;

/// <summary>The stretch of time a budget counts over, in UTC.</summary>
public enum BudgetWindow
{
    /// <summary>Clock hours.</summary>
    Hour = 0,

    /// <summary>Calendar days.</summary>
    Day = 1,

    /// <summary>From Monday.</summary>
    Week = 2,

    /// <summary>Calendar months.</summary>
    Month = 3,

    /// <summary>The account's period.</summary>
    Period = 4,

    /// <summary>For ever.</summary>
    Total = 5,
}

/// <summary>What becomes of usage above a budget's limit.</summary>
public enum BudgetAction
{
    /// <summary>Crossings are reported, nothing is refused.</summary>
    Alert = 0,

    /// <summary>What would go above the limit is refused.</summary>
    Block = 1,
}

/// <summary>A spending cap for a part of an account's usage. A PUT replaces all of it.</summary>
public sealed record Budget
{
    /// <summary>Names, or a prefix and <c>*</c>; all meters when left out.</summary>
    public IReadOnlyList<string> Meters { get; init; } = [];

    /// <summary>Dimensions that must match; the value <c>*</c> fits any and counts each on its own.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }

    /// <summary>What it counts over.</summary>
    public required BudgetWindow Window { get; init; }

    /// <summary>Credits, above 0.</summary>
    public required decimal Limit { get; init; }

    /// <summary>Percent of the limit: 1 to 1,000, rising, at most 20.</summary>
    public IReadOnlyList<int> Thresholds { get; init; } = [];

    /// <summary>What becomes of usage above the limit.</summary>
    public BudgetAction Action { get; init; }
}

/// <summary>A budget and what it has counted.</summary>
public sealed record BudgetState
{
    /// <summary>The budget's id.</summary>
    public required string Id { get; init; }

    /// <summary>What it is set to.</summary>
    public required Budget Budget { get; init; }

    /// <summary>One, or one for each distinct value of a <c>*</c> scope; at most 1,000, the highest spent first.</summary>
    public required IReadOnlyList<BudgetCounter> Counters { get; init; }

    /// <summary>After a PUT: patterns that fit no meter of the account's rate card; taken, but perhaps not meant.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>What a budget has counted in the current window.</summary>
public sealed record BudgetCounter
{
    /// <summary>The value of each <c>*</c> dimension.</summary>
    public required IReadOnlyDictionary<string, string> Values { get; init; }

    /// <summary>Null for <see cref="BudgetWindow.Total"/>.</summary>
    public DateTimeOffset? WindowStart { get; init; }

    /// <summary>Credits.</summary>
    public required decimal Spent { get; init; }

    /// <summary>Credits set aside by open holds.</summary>
    public required decimal Held { get; init; }

    /// <summary>Thresholds crossed in this window.</summary>
    public required IReadOnlyList<int> Crossed { get; init; }
}
