using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>
/// What a draft must look like to be judged at all: names, lengths, counts, numbers in range. Whether it prices anything
/// sensibly (gaps, rising tiers, options that go together) is judged where it is published.
/// </summary>
internal static class RateCardRules
{
    private const int MaxConversionDecimals = 9;

    public static void Check(RateCardDraft card, Faults faults)
    {
        Shape.Text(faults, "creditDefinition", card.CreditDefinition, Limits.MaxCreditDefinitionLength);
        Shape.Count(faults, "meters", card.Meters.Count, 1, Limits.MaxMetersPerCard);
        faults.Enter("meters");
        for (var i = 0; i < Math.Min(card.Meters.Count, Limits.MaxMetersPerCard); i++)
        {
            faults.Enter(i);
            Meter(card.Meters[i], faults);
            faults.Leave();
        }

        faults.Leave();
    }

    /// <summary>A version to read; the latest, when left out.</summary>
    public static void CheckVersion(int? version, Faults faults) =>
        Shape.WholeNumber(faults, "version", version ?? 1, 1, int.MaxValue);

    private static void Meter(MeterDraft meter, Faults faults)
    {
        Shape.Name(faults, "meter", meter.Meter);
        if (meter.Unit.Length == 0)
        {
            faults.Add("unit", FaultCodes.Required, "It must be given.");
        }

        Shape.Text(faults, "unit", meter.Unit, Limits.MaxUnitLength);
        Shape.Count(faults, "prices", meter.Prices.Count, 1, Limits.MaxPricesPerMeter);
        faults.Enter("prices");
        for (var i = 0; i < Math.Min(meter.Prices.Count, Limits.MaxPricesPerMeter); i++)
        {
            faults.Enter(i);
            Price(meter.Prices[i], faults);
            faults.Leave();
        }

        faults.Leave();
    }

    private static void Price(PriceDraft price, Faults faults)
    {
        Shape.Name(faults, "id", price.Id);
        Shape.Dimensions(faults, "when", price.When);
        Shape.Amount(faults, "unitPrice", price.UnitPrice);
        Shape.Amount(faults, "packageSize", price.PackageSize);
        Shape.Amount(faults, "packagePrice", price.PackagePrice);
        Shape.Amount(faults, "freeUnits", price.FreeUnits);
        Shape.Amount(faults, "maximumPerPeriod", price.MaximumPerPeriod);
        if (price.Convert is { } convert)
        {
            faults.Enter("convert");
            Shape.Amount(faults, "multiply", convert.Multiply);
            Shape.Amount(faults, "divide", convert.Divide);
            Shape.WholeNumber(faults, "decimals", convert.Decimals ?? 0, 0, MaxConversionDecimals);
            faults.Leave();
        }

        if (price.PerCharge is { } perCharge)
        {
            faults.Enter("perCharge");
            Shape.Amount(faults, "minimum", perCharge.Minimum);
            Shape.Amount(faults, "maximum", perCharge.Maximum);
            Shape.Amount(faults, "flat", perCharge.Flat);
            faults.Leave();
        }

        Shape.Count(faults, "tiers", price.Tiers.Count, 0, Limits.MaxTiersPerPrice);
        faults.Enter("tiers");
        for (var i = 0; i < Math.Min(price.Tiers.Count, Limits.MaxTiersPerPrice); i++)
        {
            faults.Enter(i);
            Tier(price.Tiers[i], faults);
            faults.Leave();
        }

        faults.Leave();
    }

    private static void Tier(TierDraft tier, Faults faults)
    {
        Shape.Amount(faults, "upTo", tier.UpTo);
        Shape.Amount(faults, "unitPrice", tier.UnitPrice);
        Shape.Amount(faults, "flatPrice", tier.FlatPrice);
        Shape.Amount(faults, "packageSize", tier.PackageSize);
        Shape.Amount(faults, "packagePrice", tier.PackagePrice);
    }
}
