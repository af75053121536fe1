using System.Globalization;
using Metering.Contracts;
using Metering.Gateway.Http;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Validation;

/// <summary>What may be asked of a ledger.</summary>
internal static class LedgerRules
{
    public static void Range(Faults faults, DateTimeOffset? from, DateTimeOffset? to)
    {
        if (from >= to)
        {
            faults.Add("to", FaultCodes.Conflict, "It must be after from.");
        }
    }

    /// <summary>A meter to filter by; null when there is none.</summary>
    public static string? Meter(Faults faults, string meter)
    {
        if (meter.Length == 0)
        {
            return null;
        }

        Shape.Name(faults, "meter", meter);
        return meter;
    }

    public static int Limit(Faults faults, int? limit)
    {
        Shape.WholeNumber(faults, "limit", limit ?? LedgerRequest.DefaultLimit, 1, LedgerRequest.MaxLimit);
        return limit ?? LedgerRequest.DefaultLimit;
    }

    /// <summary>Where the page before ended; 0 and null to begin.</summary>
    public static (long After, DateTimeOffset? AfterAt, bool AfterIsRolledUp) Cursor(Faults faults, string cursor)
    {
        if (cursor.Length == 0)
        {
            return (0, null, false);
        }

        if (!LedgerCursor.TryRead(cursor, out var after, out var at, out var isRolledUp))
        {
            faults.Add("cursor", FaultCodes.BadFormat, "It must be the cursor of a page before.");
        }

        return (after, after > 0 ? at : null, isRolledUp);
    }

    /// <param name="faults">Where faults go.</param>
    /// <param name="field">Where they stand.</param>
    /// <param name="names">Each at most once: there are few.</param>
    public static List<ChangeKind> Kinds(Faults faults, string field, IEnumerable<string> names)
    {
        var kinds = new HashSet<ChangeKind>();
        foreach (var name in names)
        {
            if (WireNames.ChangeKinds.TryParse(name, out var kind))
            {
                kinds.Add(kind);
            }
            else
            {
                faults.Add(field, FaultCodes.BadFormat, $"It must be of {WireNames.ChangeKinds.All}.");
            }
        }

        return [.. kinds];
    }

    /// <summary>The first instant of a month that is written as in <c>2026-01</c>.</summary>
    public static DateTimeOffset Month(Faults faults, string month)
    {
        if (!DateTimeOffset.TryParseExact(month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var first) || first.Year > Limits.MaxStatementYear)
        {
            faults.Add("month", FaultCodes.BadFormat, "It must be a month, as in 2026-01.");
        }

        return first;
    }
}
