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
        Address.CheckQuery(context, faults, [.. Known, .. dimensions.Keys.Select(static name => Limits.DimensionPrefix + name)]);
        var (from, to) = (Required(context, "from", faults), Required(context, "to", faults));
        var window = Window(context, faults);
        if (from is { } start && to is { } end)
        {
            UsageRules.Range(faults, start, end, window);
        }

        var groupBy = Address.Text(context, "groupBy");
        var groups = UsageRules.Groups(faults, groupBy.Length == 0 ? [] : groupBy.Split(','), isOneAccount);
        var top = Address.WholeNumber(context, "top", faults);
        UsageRules.Top(faults, top, groups.Count, window);
        var by = Measure(context, faults, top);
        return new UsageRequest
        {
            From = from ?? default,
            To = to ?? default,
            Window = window,
            GroupBy = groups,
            Meter = LedgerRules.Meter(faults, Address.Text(context, "meter")),
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
        else
        {
            UsageRules.By(faults, top);
        }

        return measure;
    }
}
