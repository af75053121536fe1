using Metering.Contracts;

namespace Metering.Grains.Tests.RateCards;

internal static class CardDrafts
{
    /// <summary>One meter at so many credits a call.</summary>
    internal static RateCardDraft Calls(decimal unitPrice, DateTimeOffset? effectiveFrom = null) => new()
    {
        CreditDefinition = "1 credit = 1 call",
        EffectiveFrom = effectiveFrom,
        Meters = [Meter(new PriceDraft { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = unitPrice })],
    };

    internal static RateCardDraft Of(params PriceDraft[] prices) => new() { Meters = [Meter(prices)] };

    /// <summary>A card that uses every field there is.</summary>
    internal static RateCardDraft Everything() => Of(
        new PriceDraft
        {
            Id = "tiers",
            When = new Dictionary<string, string> { ["model"] = "gpt-4", ["kind"] = "output" },
            Kind = PriceKind.Graduated,
            Tiers = [new() { UpTo = 10m, UnitPrice = 3m, FlatPrice = 2m }, new() { PackageSize = 8m, PackagePrice = 10m }],
            FreeUnits = 5m,
            Convert = new() { Divide = 1_000m, Rounding = ConversionRounding.Up, Decimals = 2 },
            MaximumPerPeriod = 500m,
            PerCharge = new() { Minimum = 0.5m, Maximum = 12m, Flat = 0.25m },
        },
        new PriceDraft { Id = "blocks", Kind = PriceKind.Package, PackageSize = 100m, PackagePrice = 1m, Convert = new() { Multiply = 8m } });

    internal static MeterDraft Meter(params PriceDraft[] prices) => new() { Meter = "api.calls", Unit = "call", Prices = prices };
}
