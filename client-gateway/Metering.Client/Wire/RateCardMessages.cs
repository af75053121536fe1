namespace Metering.Client.Wire;

/// <summary>Rate cards to and from their messages.</summary>
internal static class RateCardMessages
{
    public static V1.RateCardDraft ToWire(RateCard card)
    {
        var wire = new V1.RateCardDraft { CreditDefinition = card.CreditDefinition, EffectiveFrom = WireValues.ToWire(card.EffectiveFrom) };
        foreach (var meter in card.Meters)
        {
            var wireMeter = new V1.Meter { Meter_ = meter.Name, Unit = meter.Unit };
            wireMeter.Prices.Add(meter.Prices.Select(ToWire));
            wire.Meters.Add(wireMeter);
        }

        return wire;
    }

    public static PublishReply FromWire(V1.PublishReply wire) =>
        new(wire.Id, wire.Version, wire.EffectiveFrom.ToDateTimeOffset(), wire.ContentHash);

    public static PublishedRateCard FromWire(V1.RateCard wire) => new()
    {
        Id = wire.Id,
        Version = wire.Version,
        LatestVersion = wire.LatestVersion,
        EffectiveFrom = wire.EffectiveFrom.ToDateTimeOffset(),
        PublishedAt = wire.PublishedAt.ToDateTimeOffset(),
        ContentHash = wire.ContentHash,
        Card = new RateCard
        {
            CreditDefinition = wire.Card.CreditDefinition,
            EffectiveFrom = WireValues.FromWire(wire.Card.EffectiveFrom),
            Meters = [.. wire.Card.Meters.Select(static meter => new Meter(meter.Meter_, meter.Unit, [.. meter.Prices.Select(FromWire)]))],
        },
    };

    private static V1.Price ToWire(Price price)
    {
        var wire = new V1.Price
        {
            Id = price.Id,
            Kind = price.Kind switch
            {
                PriceKind.PerUnit => V1.PriceKind.PerUnit,
                PriceKind.Package => V1.PriceKind.Package,
                PriceKind.Graduated => V1.PriceKind.Graduated,
                PriceKind.Volume => V1.PriceKind.Volume,
            },
            UnitPrice = WireValues.ToWireIfAny(price.UnitPrice),
            PackageSize = WireValues.ToWireIfAny(price.PackageSize),
            PackagePrice = WireValues.ToWireIfAny(price.PackagePrice),
            FreeUnits = WireValues.ToWireIfAny(price.FreeUnits),
            MaximumPerPeriod = WireValues.ToWireIfAny(price.MaximumPerPeriod),
            Convert = price.Convert is { } convert ? ToWire(convert) : null,
            PerCharge = price.PerCharge is { } perCharge
                ? new V1.PerCharge
                {
                    Minimum = WireValues.ToWireIfAny(perCharge.Minimum),
                    Maximum = WireValues.ToWireIfAny(perCharge.Maximum),
                    Flat = WireValues.ToWireIfAny(perCharge.Flat),
                }
                : null,
        };
        WireValues.Add(wire.When, price.When);
        wire.Tiers.Add(price.Tiers.Select(static tier => new V1.Tier
        {
            UpTo = WireValues.ToWireIfAny(tier.UpTo),
            UnitPrice = WireValues.ToWireIfAny(tier.UnitPrice),
            FlatPrice = WireValues.ToWireIfAny(tier.FlatPrice),
            PackageSize = WireValues.ToWireIfAny(tier.PackageSize),
            PackagePrice = WireValues.ToWireIfAny(tier.PackagePrice),
        }));
        return wire;
    }

    private static V1.Conversion ToWire(Conversion convert)
    {
        var wire = new V1.Conversion
        {
            Multiply = WireValues.ToWireIfAny(convert.Multiply),
            Divide = WireValues.ToWireIfAny(convert.Divide),
            Rounding = convert.Rounding switch
            {
                ConversionRounding.None => V1.ConversionRounding.None,
                ConversionRounding.Up => V1.ConversionRounding.Up,
                ConversionRounding.Down => V1.ConversionRounding.Down,
                ConversionRounding.HalfUp => V1.ConversionRounding.HalfUp,
            },
        };
        if (convert.Decimals is { } decimals)
        {
            wire.Decimals = decimals;
        }

        return wire;
    }

    private static Price FromWire(V1.Price wire) => new()
    {
        Id = wire.Id,
        Kind = wire.Kind switch
        {
            V1.PriceKind.PerUnit => PriceKind.PerUnit,
            V1.PriceKind.Package => PriceKind.Package,
            V1.PriceKind.Graduated => PriceKind.Graduated,
            V1.PriceKind.Volume => PriceKind.Volume,
            _ => throw WireValues.Unknown(wire.Kind),
        },
        When = WireValues.FromWire(wire.When),
        UnitPrice = WireValues.FromWireIfAny(wire.UnitPrice),
        PackageSize = WireValues.FromWireIfAny(wire.PackageSize),
        PackagePrice = WireValues.FromWireIfAny(wire.PackagePrice),
        Tiers =
        [
            .. wire.Tiers.Select(static tier => new Tier
            {
                UpTo = WireValues.FromWireIfAny(tier.UpTo),
                UnitPrice = WireValues.FromWireIfAny(tier.UnitPrice),
                FlatPrice = WireValues.FromWireIfAny(tier.FlatPrice),
                PackageSize = WireValues.FromWireIfAny(tier.PackageSize),
                PackagePrice = WireValues.FromWireIfAny(tier.PackagePrice),
            }),
        ],
        FreeUnits = WireValues.FromWireIfAny(wire.FreeUnits),
        Convert = wire.Convert is { } convert ? FromWire(convert) : null,
        MaximumPerPeriod = WireValues.FromWireIfAny(wire.MaximumPerPeriod),
        PerCharge = wire.PerCharge is { } perCharge
            ? new PerCharge(
                WireValues.FromWireIfAny(perCharge.Minimum), WireValues.FromWireIfAny(perCharge.Maximum), WireValues.FromWireIfAny(perCharge.Flat))
            : null,
    };

    private static Conversion FromWire(V1.Conversion wire) => new()
    {
        Multiply = WireValues.FromWireIfAny(wire.Multiply),
        Divide = WireValues.FromWireIfAny(wire.Divide),
        Rounding = wire.Rounding switch
        {
            V1.ConversionRounding.None => ConversionRounding.None,
            V1.ConversionRounding.Up => ConversionRounding.Up,
            V1.ConversionRounding.Down => ConversionRounding.Down,
            V1.ConversionRounding.HalfUp => ConversionRounding.HalfUp,
            _ => throw WireValues.Unknown(wire.Rounding),
        },
        Decimals = wire.HasDecimals ? wire.Decimals : null,
    };
}
