using System.Globalization;
using System.Text;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Http;

/// <summary>What a request says in its address: names in the path, and the query.</summary>
internal static class Address
{
    /// <summary>A name of the path, checked.</summary>
    public static string Name(HttpContext context, string parameter, Faults faults)
    {
        var name = (string)context.Request.RouteValues[parameter]!;
        Shape.Name(faults, parameter, name);
        return name;
    }

    /// <summary>Refuses what is not known and what is given twice, as in a body.</summary>
    public static void CheckQuery(HttpContext context, Faults faults, params ReadOnlySpan<string> known)
    {
        foreach (var (name, values) in context.Request.Query)
        {
            if (!known.Contains(name))
            {
                faults.Add(name, FaultCodes.UnknownField, "There is no such parameter.");
            }
            else if (values.Count > 1)
            {
                faults.Add(name, FaultCodes.Duplicate, "It is given more than once.");
            }
        }
    }

    /// <summary>A parameter of the query; empty when left out.</summary>
    public static string Text(HttpContext context, string parameter) =>
        context.Request.Query.TryGetValue(parameter, out var values) ? values[0] ?? "" : "";

    public static int? WholeNumber(HttpContext context, string parameter, Faults faults)
    {
        var text = Text(context, parameter);
        if (text.Length == 0)
        {
            return null;
        }

        var fault = DecimalText.TryParse(Encoding.UTF8.GetBytes(text), out var value);
        if (fault == DecimalFault.None && value == decimal.Truncate(value) && value is >= int.MinValue and <= int.MaxValue)
        {
            return (int)value;
        }

        faults.Add(parameter, FaultCodes.BadFormat, "It must be a whole number.");
        return null;
    }

    /// <summary>An instant in the query; null when left out.</summary>
    public static DateTimeOffset? Instant(HttpContext context, string parameter, Faults faults)
    {
        var text = Text(context, parameter);
        if (text.Length == 0)
        {
            return null;
        }

        if (InstantText.TryParse(text, out var instant))
        {
            return instant;
        }

        faults.Add(parameter, FaultCodes.BadFormat, "It must be an instant, as in 2026-01-31T12:00:00Z.");
        return null;
    }

    /// <summary>The parameters <c>dimension.&lt;name&gt;</c>, checked, by name.</summary>
    public static Dictionary<string, string> Dimensions(HttpContext context, Faults faults)
    {
        var dimensions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in context.Request.Query.Keys.Where(static name => name.StartsWith(Limits.DimensionPrefix, StringComparison.Ordinal)))
        {
            dimensions[name[Limits.DimensionPrefix.Length..]] = Text(context, name);
        }

        Shape.Dimensions(faults, "dimension", dimensions);
        return dimensions;
    }

    /// <summary>A whole number in the query or in a header; null when left out.</summary>
    public static long? LongNumber(string parameter, string text, Faults faults)
    {
        if (text.Length == 0)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        faults.Add(parameter, FaultCodes.BadFormat, "It must be a whole number.");
        return null;
    }
}
