using Metering.Core.Encoding;
using Metering.Core.Grants;
using Metering.Core.Pricing;

namespace Metering.Core.Budgets;

/// <summary>The stretch of time a budget counts over, in UTC. The numbers are encoded: they never change meaning.</summary>
public enum BudgetWindow
{
    Hour = 0,
    Day = 1,

    /// <summary>From Monday.</summary>
    Week = 2,
    Month = 3,

    /// <summary>The account's period; when that is changed, the budget begins to count anew.</summary>
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

/// <summary>What a budget is set to.</summary>
public sealed record BudgetTerms
{
    /// <summary>In a scope: any value, each counted on its own.</summary>
    public const string AnyValue = "*";

    // 1 January 2024 was a Monday and the start of a month and a year.
    private static readonly DateTimeOffset CalendarAnchor = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Period Hours = new(PeriodUnit.Hour, CalendarAnchor);
    private static readonly Period Days = new(PeriodUnit.Day, CalendarAnchor);
    private static readonly Period Weeks = new(PeriodUnit.Week, CalendarAnchor);
    private static readonly Period Months = new(PeriodUnit.Month, CalendarAnchor);

    public required string Id { get; init; }
    public required MeterPatterns Meters { get; init; }

    /// <summary>Dimensions that must match, sorted by name; <see cref="AnyValue"/> fits any value.</summary>
    public required Dimension[] Dimensions { get; init; }

    public required BudgetWindow Window { get; init; }

    /// <summary>Above zero.</summary>
    public required Credits Limit { get; init; }

    /// <summary>Percent of the limit, rising.</summary>
    public required IReadOnlyList<int> Thresholds { get; init; }

    public required BudgetAction Action { get; init; }

    /// <summary>Whether what was counted under these terms also counts under others.</summary>
    public bool CountsLike(BudgetTerms other) =>
        Window == other.Window && Meters.Equals(other.Meters) && Dimensions.AsSpan().SequenceEqual(other.Dimensions);

    public bool SaysTheSameAs(BudgetTerms other) =>
        CountsLike(other) && (Id, Limit, Action) == (other.Id, other.Limit, other.Action) && Thresholds.SequenceEqual(other.Thresholds);

    /// <summary>Start of the window of an instant; the beginning of time for <see cref="BudgetWindow.Total"/>.</summary>
    public DateTimeOffset WindowOf(DateTimeOffset instant, Period accountPeriod) => Window switch
    {
        BudgetWindow.Hour => Hours.StartOf(instant),
        BudgetWindow.Day => Days.StartOf(instant),
        BudgetWindow.Week => Weeks.StartOf(instant),
        BudgetWindow.Month => Months.StartOf(instant),
        BudgetWindow.Period => accountPeriod.StartOf(instant),
        BudgetWindow.Total => DateTimeOffset.MinValue,
    };

    /// <summary>
    /// Whether usage falls under the budget, and under which of its counters: the values of the <c>*</c> dimensions, joined by a character that no
    /// value is told apart by.
    /// </summary>
    /// <param name="meter">Empty for credits that are for no meter in particular: only a budget for all meters counts those.</param>
    /// <param name="dimensions">Sorted by name.</param>
    /// <param name="counter">Empty for a budget without <c>*</c>.</param>
    internal bool TryMatch(string meter, ReadOnlySpan<Dimension> dimensions, out string counter)
    {
        counter = "";
        if (!Meters.Fit(meter))
        {
            return false;
        }

        foreach (var scope in Dimensions)
        {
            var found = false;
            foreach (var dimension in dimensions)
            {
                if (dimension.Name == scope.Name && (scope.Value == AnyValue || scope.Value == dimension.Value))
                {
                    // The length keeps ("a", "bc") and ("ab", "c") apart.
                    counter = scope.Value == AnyValue ? $"{counter}{dimension.Value.Length}:{dimension.Value}" : counter;
                    found = true;
                    break;
                }
            }

            if (!found)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The values of the <c>*</c> dimensions that a counter's name stands for.</summary>
    public IReadOnlyList<Dimension> ValuesOf(string counter)
    {
        var values = new List<Dimension>();
        var rest = counter.AsSpan();
        foreach (var scope in Dimensions)
        {
            if (scope.Value == AnyValue && rest.IndexOf(':') is > 0 and var colon)
            {
                var length = int.Parse(rest[..colon], System.Globalization.CultureInfo.InvariantCulture);
                values.Add(new Dimension(scope.Name, rest.Slice(colon + 1, length).ToString()));
                rest = rest[(colon + 1 + length)..];
            }
        }

        return values;
    }

    internal void Write(ByteWriter writer)
    {
        writer.Text(Id);
        Meters.Write(writer);
        Dimension.WriteAll(writer, Dimensions);
        writer.Byte((byte)Window);
        writer.Amount(Limit);
        writer.Count(Thresholds.Count);
        foreach (var threshold in Thresholds)
        {
            writer.Number(threshold);
        }

        writer.Byte((byte)Action);
    }

    internal static BudgetTerms Read(ref ByteReader reader)
    {
        return new BudgetTerms
        {
            Id = reader.Text(),
            Meters = MeterPatterns.Read(ref reader),
            Dimensions = Dimension.ReadAll(ref reader),
            Window = reader.Enum<BudgetWindow>(),
            Limit = reader.Credits(),
            Thresholds = ReadThresholds(ref reader),
            Action = reader.Enum<BudgetAction>(),
        };
    }

    private static int[] ReadThresholds(ref ByteReader reader)
    {
        var thresholds = new int[reader.Count()];
        for (var i = 0; i < thresholds.Length; i++)
        {
            thresholds[i] = reader.Small();
        }

        return thresholds;
    }
}
