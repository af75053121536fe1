using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

internal static class GrantReader
{
    private static readonly FieldNames Fields = new("id", "amount", "priority", "kind", "effectiveAt", "expiresAt", "meters", "recurrence", "rollover");
    private static readonly FieldNames RecurrenceFields = new("every", "count", "anchor");
    private static readonly FieldNames RolloverFields = new("minimum", "maximum");

    public static GrantRequest? Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        string? id = null;
        decimal? amount = null;
        int? priority = null;
        GrantKind? kind = null;
        DateTimeOffset? effectiveAt = null, expiresAt = null;
        List<string>? meters = null;
        Recurrence? recurrence = null;
        Rollover? rollover = null;
        var seen = 0u;
        while (json.NextField(Fields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: id = json.Text("id"); break;
                case 1: amount = json.Number("amount"); break;
                case 2: priority = json.WholeNumber("priority"); break;
                case 3: kind = json.Choice(WireNames.GrantKinds, "kind"); break;
                case 4: effectiveAt = json.Instant("effectiveAt"); break;
                case 5: expiresAt = json.Instant("expiresAt"); break;
                case 7: recurrence = ReadRecurrence(ref json); break;
                case 8: rollover = ReadRollover(ref json); break;
                default: meters = json.Texts("meters", Limits.MaxPatterns); break;
            }
        }

        if (amount is null)
        {
            json.Faults.Add("amount", FaultCodes.Required, "It must be given.");
        }

        var grant = new GrantRequest
        {
            Id = id ?? "",
            Amount = amount ?? 0m,
            Priority = priority ?? GrantRequest.DefaultPriority,
            Kind = kind ?? GrantKind.Purchase,
            EffectiveAt = effectiveAt,
            ExpiresAt = expiresAt,
            Meters = meters ?? [],
            Recurrence = recurrence,
            Rollover = rollover,
        };
        GrantRules.Check(grant, json.Faults);
        return grant;
    }

    private static Recurrence? ReadRecurrence(ref JsonCursor json)
    {
        if (!json.IsObject("recurrence"))
        {
            return null;
        }

        PeriodUnit? every = null;
        int? count = null;
        DateTimeOffset? anchor = null;
        var seen = 0u;
        json.Faults.Enter("recurrence");
        while (json.NextField(RecurrenceFields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: every = json.Choice(WireNames.PeriodUnits, "every"); break;
                case 1: count = json.WholeNumber("count"); break;
                default: anchor = json.Instant("anchor"); break;
            }
        }

        if (every is null)
        {
            json.Faults.Add("every", FaultCodes.Required, "It must be given.");
        }

        json.Faults.Leave();
        return new Recurrence(every ?? PeriodUnit.Month, anchor, count ?? 1);
    }

    private static Rollover? ReadRollover(ref JsonCursor json)
    {
        if (!json.IsObject("rollover"))
        {
            return null;
        }

        decimal? minimum = null, maximum = null;
        var seen = 0u;
        json.Faults.Enter("rollover");
        while (json.NextField(RolloverFields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: minimum = json.Number("minimum"); break;
                default: maximum = json.Number("maximum"); break;
            }
        }

        json.Faults.Leave();
        return new Rollover(minimum ?? 0m, maximum ?? GrantRules.AllRollsOver);
    }
}
