using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Reads a draft as deep as it goes: card, meters, prices, tiers.</summary>
internal static class RateCardReader
{
    private static readonly FieldNames CardFields = new("creditDefinition", "effectiveFrom", "meters");
    private static readonly FieldNames MeterFields = new("meter", "unit", "prices");
    private static readonly FieldNames PriceFields = new(
        "id", "when", "kind", "unitPrice", "packageSize", "packagePrice", "tiers", "freeUnits", "convert", "maximumPerPeriod", "perCharge");

    private static readonly FieldNames TierFields = new("upTo", "unitPrice", "flatPrice", "packageSize", "packagePrice");
    private static readonly FieldNames ConvertFields = new("multiply", "divide", "rounding", "decimals");
    private static readonly FieldNames PerChargeFields = new("minimum", "maximum", "flat");

    private static readonly MeterDraft NoMeter = new() { Meter = "", Unit = "", Prices = [] };
    private static readonly PriceDraft NoPrice = new() { Id = "", Kind = PriceKind.PerUnit };
    private static readonly TierDraft NoTier = new();

    private delegate T ReadElement<T>(ref JsonCursor json);

    public static RateCardDraft? Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        string? creditDefinition = null;
        DateTimeOffset? effectiveFrom = null;
        List<MeterDraft>? meters = null;
        var seen = 0u;
        while (json.NextField(CardFields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: creditDefinition = json.Text("creditDefinition"); break;
                case 1: effectiveFrom = json.Instant("effectiveFrom"); break;
                default: meters = ReadList(ref json, "meters", Limits.MaxMetersPerCard, NoMeter, ReadMeter); break;
            }
        }

        var card = new RateCardDraft { CreditDefinition = creditDefinition ?? "", EffectiveFrom = effectiveFrom, Meters = meters ?? [] };
        RateCardRules.Check(card, json.Faults);
        return card;
    }

    /// <summary>A draft inside another body, whose faults have its field before them.</summary>
    public static RateCardDraft? ReadNested(ref JsonCursor json, string field)
    {
        json.Faults.Enter(field);
        var card = Read(ref json);
        json.Faults.Leave();
        return card;
    }

    private static MeterDraft ReadMeter(ref JsonCursor json)
    {
        string? meter = null, unit = null;
        List<PriceDraft>? prices = null;
        var seen = 0u;
        while (json.NextField(MeterFields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: meter = json.Text("meter"); break;
                case 1: unit = json.Text("unit"); break;
                default: prices = ReadList(ref json, "prices", Limits.MaxPricesPerMeter, NoPrice, ReadPrice); break;
            }
        }

        return new MeterDraft { Meter = meter ?? "", Unit = unit ?? "", Prices = prices ?? [] };
    }

    private static PriceDraft ReadPrice(ref JsonCursor json)
    {
        PriceKind? kind = null;
        var price = NoPrice;
        var seen = 0u;
        while (json.NextField(PriceFields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: price = price with { Id = json.Text("id") ?? "" }; break;
                case 1: price = price with { When = json.Pairs("when", Limits.MaxDimensions) ?? price.When }; break;
                case 2: kind = json.Choice(WireNames.PriceKinds, "kind"); break;
                case 3: price = price with { UnitPrice = json.Number("unitPrice") }; break;
                case 4: price = price with { PackageSize = json.Number("packageSize") }; break;
                case 5: price = price with { PackagePrice = json.Number("packagePrice") }; break;
                case 6: price = price with { Tiers = ReadList(ref json, "tiers", Limits.MaxTiersPerPrice, NoTier, ReadTier) ?? [] }; break;
                case 7: price = price with { FreeUnits = json.Number("freeUnits") }; break;
                case 8: price = price with { Convert = ReadConversion(ref json) }; break;
                case 9: price = price with { MaximumPerPeriod = json.Number("maximumPerPeriod") }; break;
                default: price = price with { PerCharge = ReadPerCharge(ref json) }; break;
            }
        }

        if (kind is null)
        {
            json.Faults.Add("kind", FaultCodes.Required, "It must be given.");
        }

        return price with { Kind = kind ?? PriceKind.PerUnit };
    }

    private static TierDraft ReadTier(ref JsonCursor json)
    {
        var tier = NoTier;
        var seen = 0u;
        while (json.NextField(TierFields, ref seen, out var field))
        {
            tier = field switch
            {
                0 => tier with { UpTo = json.Number("upTo") },
                1 => tier with { UnitPrice = json.Number("unitPrice") },
                2 => tier with { FlatPrice = json.Number("flatPrice") },
                3 => tier with { PackageSize = json.Number("packageSize") },
                _ => tier with { PackagePrice = json.Number("packagePrice") },
            };
        }

        return tier;
    }

    private static ConversionDraft? ReadConversion(ref JsonCursor json)
    {
        if (!json.IsObject("convert"))
        {
            return null;
        }

        var convert = new ConversionDraft();
        var seen = 0u;
        json.Faults.Enter("convert");
        while (json.NextField(ConvertFields, ref seen, out var field))
        {
            convert = field switch
            {
                0 => convert with { Multiply = json.Number("multiply") },
                1 => convert with { Divide = json.Number("divide") },
                2 => convert with { Rounding = json.Choice(WireNames.Roundings, "rounding") ?? ConversionRounding.None },
                _ => convert with { Decimals = json.WholeNumber("decimals") },
            };
        }

        json.Faults.Leave();
        return convert;
    }

    private static PerChargeDraft? ReadPerCharge(ref JsonCursor json)
    {
        if (!json.IsObject("perCharge"))
        {
            return null;
        }

        var perCharge = new PerChargeDraft();
        var seen = 0u;
        json.Faults.Enter("perCharge");
        while (json.NextField(PerChargeFields, ref seen, out var field))
        {
            perCharge = field switch
            {
                0 => perCharge with { Minimum = json.Number("minimum") },
                1 => perCharge with { Maximum = json.Number("maximum") },
                _ => perCharge with { Flat = json.Number("flat") },
            };
        }

        json.Faults.Leave();
        return perCharge;
    }

    /// <summary>Elements past the limit are not kept, but one, so that the count shows it.</summary>
    private static List<T>? ReadList<T>(ref JsonCursor json, string field, int max, T empty, ReadElement<T> read)
    {
        if (!json.IsArray(field))
        {
            return null;
        }

        var list = new List<T>();
        json.Faults.Enter(field);
        for (var i = 0; json.NextElement(); i++)
        {
            json.Faults.Enter(i);
            if (list.Count > max)
            {
                json.Skip();
            }
            else
            {
                // What is not an object leaves an empty one behind: the elements after it keep their places.
                list.Add(json.IsObjectHere() ? read(ref json) : empty);
            }

            json.Faults.Leave();
        }

        json.Faults.Leave();
        return list;
    }
}
