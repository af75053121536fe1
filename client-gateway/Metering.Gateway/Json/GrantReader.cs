using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

internal static class GrantReader
{
    private static readonly FieldNames Fields = new("id", "amount", "priority", "kind", "effectiveAt", "expiresAt", "meters");

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
        };
        GrantRules.Check(grant, json.Faults);
        return grant;
    }
}
