using Metering.Contracts;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <summary>Rate cards between their messages and the contracts.</summary>
internal static class RateCardMessages
{
    private delegate TTo Convert<in TFrom, out TTo>(TFrom from, Faults faults);

    public static RateCardDraft FromWire(V1.RateCardDraft? wire, Faults faults)
    {
        wire ??= new V1.RateCardDraft();
        var card = new RateCardDraft
        {
            CreditDefinition = wire.CreditDefinition,
            EffectiveFrom = WireValues.Instant(wire.EffectiveFrom, "effectiveFrom", faults),
            Meters = List(wire.Meters, "meters", Limits.MaxMetersPerCard, Meter, faults),
        };
        RateCardRules.Check(card, faults);
        return card;
    }

    public static V1.PublishReply ToWire(PublishReply reply) => new()
    {
        Id = reply.Id,
        Version = reply.Version,
        EffectiveFrom = reply.EffectiveFrom.ToWire(),
        ContentHash = reply.ContentHash,
    };

    public static V1.RateCard ToWire(RateCardView card) => new()
    {
        Id = card.Id,
        Version = card.Version,
        LatestVersion = card.LatestVersion,
        EffectiveFrom = card.EffectiveFrom.ToWire(),
        PublishedAt = card.PublishedAt.ToWire(),
        ContentHash = card.ContentHash,
        Card = ToWire(card.Card),
    };

    private static MeterDraft Meter(V1.Meter wire, Faults faults) => new()
    {
        Meter = wire.Meter_,
        Unit = wire.Unit,
        Prices = List(wire.Prices, "prices", Limits.MaxPricesPerMeter, Price, faults),
    };

    private static PriceDraft Price(V1.Price wire, Faults faults) => new()
    {
        Id = wire.Id,
        When = new Dictionary<string, string>(wire.When, StringComparer.Ordinal),
        Kind = WireValues.Kind(wire.Kind, faults),
        UnitPrice = WireValues.Amount(wire.UnitPrice, "unitPrice", faults),
        PackageSize = WireValues.Amount(wire.PackageSize, "packageSize", faults),
        PackagePrice = WireValues.Amount(wire.PackagePrice, "packagePrice", faults),
        Tiers = List(wire.Tiers, "tiers", Limits.MaxTiersPerPrice, Tier, faults),
        FreeUnits = WireValues.Amount(wire.FreeUnits, "freeUnits", faults),
        Convert = Conversion(wire.Convert, faults),
        MaximumPerPeriod = WireValues.Amount(wire.MaximumPerPeriod, "maximumPerPeriod", faults),
        PerCharge = PerCharge(wire.PerCharge, faults),
    };

    private static TierDraft Tier(V1.Tier wire, Faults faults) => new()
    {
        UpTo = WireValues.Amount(wire.UpTo, "upTo", faults),
        UnitPrice = WireValues.Amount(wire.UnitPrice, "unitPrice", faults),
        FlatPrice = WireValues.Amount(wire.FlatPrice, "flatPrice", faults),
        PackageSize = WireValues.Amount(wire.PackageSize, "packageSize", faults),
        PackagePrice = WireValues.Amount(wire.PackagePrice, "packagePrice", faults),
    };

    private static ConversionDraft? Conversion(V1.Conversion? wire, Faults faults)
    {
        if (wire is null)
        {
            return null;
        }

        faults.Enter("convert");
        var conversion = new ConversionDraft
        {
            Multiply = WireValues.Amount(wire.Multiply, "multiply", faults),
            Divide = WireValues.Amount(wire.Divide, "divide", faults),
            Rounding = WireValues.Rounding(wire.Rounding, faults),
            Decimals = wire.HasDecimals ? wire.Decimals : null,
        };
        faults.Leave();
        return conversion;
    }

    private static PerChargeDraft? PerCharge(V1.PerCharge? wire, Faults faults)
    {
        if (wire is null)
        {
            return null;
        }

        faults.Enter("perCharge");
        var perCharge = new PerChargeDraft
        {
            Minimum = WireValues.Amount(wire.Minimum, "minimum", faults),
            Maximum = WireValues.Amount(wire.Maximum, "maximum", faults),
            Flat = WireValues.Amount(wire.Flat, "flat", faults),
        };
        faults.Leave();
        return perCharge;
    }

    /// <summary>Elements past the limit are not taken, but one, so that the count shows it.</summary>
    private static TTo[] List<TFrom, TTo>(IList<TFrom> wire, string field, int max, Convert<TFrom, TTo> convert, Faults faults)
    {
        var list = new TTo[Math.Min(wire.Count, max + 1)];
        faults.Enter(field);
        for (var i = 0; i < list.Length; i++)
        {
            faults.Enter(i);
            list[i] = convert(wire[i], faults);
            faults.Leave();
        }

        faults.Leave();
        return list;
    }

    private static V1.RateCardDraft ToWire(RateCardDraft card)
    {
        var wire = new V1.RateCardDraft { CreditDefinition = card.CreditDefinition, EffectiveFrom = card.EffectiveFrom.ToWireIfAny() };
        foreach (var meter in card.Meters)
        {
            var wireMeter = new V1.Meter { Meter_ = meter.Meter, Unit = meter.Unit };
            wireMeter.Prices.Add(meter.Prices.Select(ToWire));
            wire.Meters.Add(wireMeter);
        }

        return wire;
    }

    private static V1.Price ToWire(PriceDraft price)
    {
        var wire = new V1.Price
        {
            Id = price.Id,
            Kind = price.Kind.ToWire(),
            UnitPrice = price.UnitPrice.ToWireIfAny(),
            PackageSize = price.PackageSize.ToWireIfAny(),
            PackagePrice = price.PackagePrice.ToWireIfAny(),
            FreeUnits = price.FreeUnits.ToWireIfAny(),
            MaximumPerPeriod = price.MaximumPerPeriod.ToWireIfAny(),
        };
        wire.When.Add(price.When.ToDictionary());
        wire.Tiers.Add(price.Tiers.Select(tier => new V1.Tier
        {
            UpTo = tier.UpTo.ToWireIfAny(),
            UnitPrice = tier.UnitPrice.ToWireIfAny(),
            FlatPrice = tier.FlatPrice.ToWireIfAny(),
            PackageSize = tier.PackageSize.ToWireIfAny(),
            PackagePrice = tier.PackagePrice.ToWireIfAny(),
        }));
        if (price.Convert is { } convert)
        {
            wire.Convert = new V1.Conversion
            {
                Multiply = convert.Multiply.ToWireIfAny(),
                Divide = convert.Divide.ToWireIfAny(),
                Rounding = convert.Rounding.ToWire(),
            };
            if (convert.Decimals is { } decimals)
            {
                wire.Convert.Decimals = decimals;
            }
        }

        if (price.PerCharge is { } perCharge)
        {
            wire.PerCharge = new V1.PerCharge
            {
                Minimum = perCharge.Minimum.ToWireIfAny(),
                Maximum = perCharge.Maximum.ToWireIfAny(),
                Flat = perCharge.Flat.ToWireIfAny(),
            };
        }

        return wire;
    }
}
