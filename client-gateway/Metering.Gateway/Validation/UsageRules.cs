using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What may be asked about usage.</summary>
internal static class UsageRules
{
    /// <summary>The longest range, for each window: what is longer is asked for in parts.</summary>
    public static TimeSpan MaxRange(UsageWindow? window) => window switch
    {
        UsageWindow.Minute => TimeSpan.FromDays(1),
        UsageWindow.Hour => TimeSpan.FromDays(31),
        UsageWindow.Day => TimeSpan.FromDays(400),
        UsageWindow.Month or null => TimeSpan.FromDays(3_660),
    };

    public static void Range(Faults faults, DateTimeOffset from, DateTimeOffset to, UsageWindow? window)
    {
        if (from >= to)
        {
            faults.Add("to", FaultCodes.Conflict, "It must be after from.");
        }
        else if (to - from > MaxRange(window))
        {
            faults.Add("to", FaultCodes.OutOfRange, $"It may be at most {MaxRange(window).TotalDays:0} days after from with windows of this length.");
        }
    }

    /// <summary>What usage is grouped by: <c>meter</c>, <c>account</c> across accounts, and dimensions, those by their names or as <c>dimension.name</c>.</summary>
    public static List<UsageGroup> Groups(Faults faults, IReadOnlyList<string> names, bool isOneAccount)
    {
        var groups = new List<UsageGroup>();
        foreach (var name in names.Take(UsageRequest.MaxGroups + 1))
        {
            var group = name switch
            {
                "meter" => new UsageGroup(UsageGroupKind.Meter, ""),
                "account" when !isOneAccount => new UsageGroup(UsageGroupKind.Account, ""),
                _ => new UsageGroup(UsageGroupKind.Dimension, name.StartsWith(Limits.DimensionPrefix, StringComparison.Ordinal) ? name[Limits.DimensionPrefix.Length..] : name),
            };
            Group(faults, name, group, groups, isOneAccount);
            groups.Add(group);
        }

        Shape.Count(faults, "groupBy", groups.Count, 0, UsageRequest.MaxGroups);
        return groups;
    }

    public static void By(Faults faults, int? top)
    {
        if (top is null)
        {
            faults.Add("by", FaultCodes.Conflict, "It says what the top groups have most of: it goes with top.");
        }
    }

    /// <param name="faults">Where faults go.</param>
    /// <param name="name">As it was written.</param>
    /// <param name="group">As it was understood.</param>
    /// <param name="before">Those named before it.</param>
    /// <param name="isOneAccount">Then there is nothing to group by account.</param>
    private static void Group(Faults faults, string name, UsageGroup group, IReadOnlyList<UsageGroup> before, bool isOneAccount)
    {
        if (isOneAccount && name == "account")
        {
            faults.Add("groupBy", FaultCodes.Conflict, "It is one account already. Its dimension of that name is dimension.account.");
        }
        else if (group.Kind == UsageGroupKind.Dimension)
        {
            Shape.Name(faults, "groupBy", group.Dimension, Limits.MaxDimensionNameLength);
        }

        if (before.Contains(group))
        {
            faults.Add("groupBy", FaultCodes.Duplicate, $"It names {name} more than once.");
        }
    }

    public static void Top(Faults faults, int? top, int groups, UsageWindow? window)
    {
        if (top is not { } count)
        {
            return;
        }

        Shape.WholeNumber(faults, "top", count, 1, UsageRequest.MaxTop);
        if (groups == 0)
        {
            faults.Add("top", FaultCodes.Conflict, "It needs groupBy: they are the top groups.");
        }

        if (window is not null)
        {
            faults.Add("window", FaultCodes.Conflict, "The top groups are those of the whole range: leave it out.");
        }
    }
}
