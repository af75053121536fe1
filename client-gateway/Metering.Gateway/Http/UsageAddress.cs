using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Http;

/// <summary>What a question about usage says in its address.</summary>
internal static class UsageAddress
{
    private static readonly string[] Known = ["from", "to", "window", "groupBy", "meter", "top", "by"];

    /// <summary>Reads and checks it; with faults the result is of no use.</summary>
    public static UsageRequest Read(HttpContext context, Faults faults, bool isOneAccount)
    {
        var dimensions = Address.Dimensions(context, faults);
        Address.CheckQuery(context, faults, [.. Known, .. dimensions.Keys.Select(static name => Address.DimensionPrefix + name)]);
        var (from, to) = (Required(context, "from", faults), Required(context, "to", faults));
        var window = Window(context, faults);
        if (from is { } start && to is { } end)
        {
            UsageRules.Range(faults, start, end, window);
        }

        var groups = Groups(context, faults, isOneAccount);
        var top = Address.WholeNumber(context, "top", faults);
        UsageRules.Top(faults, top, groups.Count, window);
        var by = Measure(context, faults, top);
        var meter = Address.Text(context, "meter");
        if (meter.Length > 0)
        {
            Shape.Name(faults, "meter", meter);
        }

        return new UsageRequest
        {
            From = from ?? default,
            To = to ?? default,
            Window = window,
            GroupBy = groups,
            Meter = meter.Length > 0 ? meter : null,
            Dimensions = dimensions,
            Top = top,
            By = by,
        };
    }

    private static DateTimeOffset? Required(HttpContext context, string parameter, Faults faults)
    {
        if (Address.Text(context, parameter).Length == 0)
        {
            faults.Add(parameter, FaultCodes.Required, "It must be given.");
        }

        return Address.Instant(context, parameter, faults);
    }

    private static UsageWindow? Window(HttpContext context, Faults faults)
    {
        var text = Address.Text(context, "window");
        if (text.Length == 0)
        {
            return null;
        }

        if (WireNames.UsageWindows.TryParse(text, out var window))
        {
            return window;
        }

        faults.Add("window", FaultCodes.BadFormat, $"It must be one of {WireNames.UsageWindows.All}.");
        return null;
    }

    private static UsageMeasure Measure(HttpContext context, Faults faults, int? top)
    {
        var text = Address.Text(context, "by");
        if (text.Length == 0)
        {
            return UsageMeasure.Credits;
        }

        if (!WireNames.UsageMeasures.TryParse(text, out var measure))
        {
            faults.Add("by", FaultCodes.BadFormat, $"It must be one of {WireNames.UsageMeasures.All}.");
        }
        else if (top is null)
        {
            faults.Add("by", FaultCodes.Conflict, "It says what the top groups have most of: it goes with top.");
        }

        return measure;
    }

    private static List<UsageGroup> Groups(HttpContext context, Faults faults, bool isOneAccount)
    {
        var groups = new List<UsageGroup>();
        var text = Address.Text(context, "groupBy");
        foreach (var name in text.Length == 0 ? [] : text.Split(','))
        {
            var group = name switch
            {
                "meter" => new UsageGroup(UsageGroupKind.Meter, ""),
                "account" when !isOneAccount => new UsageGroup(UsageGroupKind.Account, ""),
                _ => new UsageGroup(UsageGroupKind.Dimension, name.StartsWith(Address.DimensionPrefix, StringComparison.Ordinal) ? name[Address.DimensionPrefix.Length..] : name),
            };
            UsageRules.Group(faults, name, group, groups, isOneAccount);
            groups.Add(group);
        }

        Shape.Count(faults, "groupBy", groups.Count, 0, UsageRequest.MaxGroups);
        return groups;
    }
}
