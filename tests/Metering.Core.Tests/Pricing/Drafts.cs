using Metering.Core.Pricing;

namespace Metering.Core.Tests.Pricing;

/// <summary>Cards in their shortest valid form.</summary>
internal static class Drafts
{
    internal static RateCardDraft Card(params MeterDraft[] meters) => new() { CreditDefinition = "1 credit = 1 call", Meters = meters };

    internal static MeterDraft Meter(params PriceDraft[] prices) => new() { Meter = "api.calls", Unit = "call", Prices = prices };

    internal static PriceDraft PerUnit(decimal unitPrice) => new() { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = unitPrice };

    internal static PriceDraft Package(decimal size, decimal price) =>
        new() { Id = "calls", Kind = PriceKind.Package, PackageSize = size, PackagePrice = price };

    internal static PriceDraft Graduated(params TierDraft[] tiers) => new() { Id = "calls", Kind = PriceKind.Graduated, Tiers = tiers };

    internal static PriceDraft Volume(params TierDraft[] tiers) => new() { Id = "calls", Kind = PriceKind.Volume, Tiers = tiers };

    internal static TierDraft Tier(decimal? upTo, decimal? unitPrice = null, decimal? flatPrice = null, decimal? packageSize = null, decimal? packagePrice = null) =>
        new() { UpTo = upTo, UnitPrice = unitPrice, FlatPrice = flatPrice, PackageSize = packageSize, PackagePrice = packagePrice };

    /// <summary>The only price of a card made of it.</summary>
    internal static Price Build(PriceDraft draft) => Publish(Card(Meter(draft))).Meters[0].Prices[0];

    internal static RateCardVersion Publish(RateCardDraft draft, int version = 1, DateTimeOffset effectiveFrom = default)
    {
        var built = RateCardRules.Build("default", version, effectiveFrom, draft, out var faults);
        Assert.True(built is not null, $"The card should be valid, but has faults: {string.Join("; ", faults)}");
        return built;
    }
}
