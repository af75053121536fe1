namespace Metering.Contracts;

/// <summary>The stretch of time a budget counts over, in UTC.</summary>
public enum BudgetWindow
{
    Hour = 0,
    Day = 1,

    /// <summary>From Monday.</summary>
    Week = 2,
    Month = 3,

    /// <summary>The account's period.</summary>
    Period = 4,

    /// <summary>For ever.</summary>
    Total = 5,
}

public enum BudgetAction
{
    /// <summary>Crossings are reported, nothing is refused.</summary>
    Alert = 0,

    /// <summary>What would go above the limit is refused.</summary>
    Block = 1,
}

/// <summary>A spending cap for a part of an account's usage.</summary>
[GenerateSerializer, Immutable, Alias("metering.BudgetRequest")]
public sealed record BudgetRequest
{
    [Id(0)] public required string Id { get; init; }

    /// <summary>Names, or a prefix and <c>*</c>; all meters, when empty.</summary>
    [Id(1)] public IReadOnlyList<string> Meters { get; init; } = [];

    /// <summary>Dimensions that must match; the value <c>*</c> fits any and counts each on its own.</summary>
    [Id(2)] public IReadOnlyDictionary<string, string> Dimensions { get; init; } = ChargeLine.NoDimensions;

    [Id(3)] public required BudgetWindow Window { get; init; }

    /// <summary>Credits, above 0.</summary>
    [Id(4)] public required decimal Limit { get; init; }

    /// <summary>Percent of the limit: 1 to 1,000, rising, at most 20.</summary>
    [Id(5)] public IReadOnlyList<int> Thresholds { get; init; } = [];

    [Id(6)] public BudgetAction Action { get; init; }
}

/// <summary>A budget and what it has counted.</summary>
[GenerateSerializer, Immutable, Alias("metering.BudgetView")]
public sealed record BudgetView
{
    public const int MaxCountersShown = 1_000;

    [Id(0)] public required BudgetRequest Budget { get; init; }

    /// <summary>One, or one for each distinct value of a <c>*</c> scope; at most <see cref="MaxCountersShown"/>, the highest spent first.</summary>
    [Id(1)] public required IReadOnlyList<BudgetCounterView> Counters { get; init; }
}

/// <summary>What a budget has counted in the current window.</summary>
/// <param name="Values">The value of each <c>*</c> dimension; empty when there is none, or when more distinct values came than are counted apart.</param>
/// <param name="WindowStart">Null for <see cref="BudgetWindow.Total"/>.</param>
/// <param name="Spent">Credits.</param>
/// <param name="Held">Credits set aside by open holds.</param>
/// <param name="Crossed">Thresholds crossed in this window.</param>
[GenerateSerializer, Immutable, Alias("metering.BudgetCounterView")]
public sealed record BudgetCounterView(
    [property: Id(0)] IReadOnlyDictionary<string, string> Values,
    [property: Id(1)] DateTimeOffset? WindowStart,
    [property: Id(2)] decimal Spent,
    [property: Id(3)] decimal Held,
    [property: Id(4)] IReadOnlyList<int> Crossed);

/// <summary>A threshold of a budget, in percent of its limit, that was just reached.</summary>
[GenerateSerializer, Immutable, Alias("metering.CrossedThreshold")]
public sealed record CrossedThreshold(
    [property: Id(0)] string Budget,
    [property: Id(1)] int Threshold);
