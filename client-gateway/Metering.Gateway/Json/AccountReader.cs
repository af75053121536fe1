using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

internal static class AccountReader
{
    private static readonly FieldNames Fields = new("displayName", "rateCard", "discountPercent", "creditLimit", "period", "metadata");
    private static readonly FieldNames PeriodFields = new("every", "anchor");

    public static AccountRequest? Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var settings = new AccountRequest();
        var seen = 0u;
        while (json.NextField(Fields, ref seen, out var field))
        {
            settings = field switch
            {
                0 => settings with { DisplayName = json.Text("displayName") ?? settings.DisplayName },
                1 => settings with { RateCard = json.Text("rateCard") ?? settings.RateCard },
                2 => settings with { DiscountPercent = json.Number("discountPercent") ?? settings.DiscountPercent },
                3 => settings with { CreditLimit = json.Number("creditLimit") ?? settings.CreditLimit },
                4 => settings with { Period = ReadPeriod(ref json) ?? settings.Period },
                _ => settings with { Metadata = json.Pairs("metadata", Limits.MaxMetadataPairs) ?? settings.Metadata },
            };
        }

        AccountRules.Check(settings, json.Faults);
        return settings;
    }

    private static Period? ReadPeriod(ref JsonCursor json)
    {
        if (!json.IsObject("period"))
        {
            return null;
        }

        PeriodUnit? every = null;
        DateTimeOffset? anchor = null;
        var seen = 0u;
        json.Faults.Enter("period");
        while (json.NextField(PeriodFields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: every = json.Choice(WireNames.PeriodUnits, "every"); break;
                default: anchor = json.Instant("anchor"); break;
            }
        }

        if (every is null)
        {
            json.Faults.Add("every", FaultCodes.Required, "It must be given.");
        }

        json.Faults.Leave();
        return new Period(every ?? PeriodUnit.Month, anchor ?? Period.Default.Anchor);
    }
}
