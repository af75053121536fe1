using Metering.Contracts;
using Metering.Core;
using Pricing = Metering.Core.Pricing;

namespace Metering.Grains;

/// <summary>Between a card as it travels and is stored, and the card that prices. Both ways of getting one pass the same rules.</summary>
internal static class RateCardMapping
{
    /// <summary>Checks a draft and makes it a version; or none, with every fault by path.</summary>
    internal static Pricing.RateCardVersion? Build(
        string card,
        int version,
        DateTimeOffset effectiveFrom,
        RateCardDraft draft,
        out IReadOnlyList<FieldFault> faults)
    {
        var built = Pricing.RateCardRules.Build(card, version, effectiveFrom, ToCore(draft), out var found);
        faults = [.. found.Select(fault => new FieldFault(fault.Path, fault.Code, fault.Message))];
        return built;
    }

    /// <summary>The version that prices, of one that was published.</summary>
    /// <exception cref="InvalidOperationException">It breaks the rules it passed when it was published: nobody prices by a guess.</exception>
    internal static Pricing.RateCardVersion Rebuild(RateCardView view) =>
        Build(view.Id, view.Version, view.EffectiveFrom, view.Card, out var faults)
        ?? throw new InvalidOperationException($"Version {view.Version} of rate card {view.Id} is published but not valid: {faults[0].Path}: {faults[0].Message}");

    // A list or an element that is missing altogether becomes an empty one: the rules then name what must be there.
    private static Pricing.RateCardDraft ToCore(RateCardDraft draft) => new()
    {
        CreditDefinition = draft.CreditDefinition,
        Meters = [.. (draft.Meters ?? []).Select(ToCore)],
    };

    private static Pricing.MeterDraft ToCore(MeterDraft? meter) => new()
    {
        Meter = meter?.Meter,
        Unit = meter?.Unit,
        Prices = [.. (meter?.Prices ?? []).Select(ToCore)],
    };

    private static Pricing.PriceDraft ToCore(PriceDraft? price) => price is null
        ? new Pricing.PriceDraft { Id = null, Kind = Pricing.PriceKind.PerUnit }
        : new Pricing.PriceDraft
        {
            Id = price.Id,
            When = [.. (price.When ?? new Dictionary<string, string>()).Select(pair => new Dimension(pair.Key, pair.Value ?? ""))],
            Kind = (Pricing.PriceKind)price.Kind,
            UnitPrice = price.UnitPrice,
            PackageSize = price.PackageSize,
            PackagePrice = price.PackagePrice,
            Tiers = [.. (price.Tiers ?? []).Select(ToCore)],
            FreeUnits = price.FreeUnits,
            Convert = price.Convert is null ? null : ToCore(price.Convert),
            MaximumPerPeriod = price.MaximumPerPeriod,
            PerCharge = price.PerCharge is null ? null : ToCore(price.PerCharge),
        };

    private static Pricing.TierDraft ToCore(TierDraft? tier) => new()
    {
        UpTo = tier?.UpTo,
        UnitPrice = tier?.UnitPrice,
        FlatPrice = tier?.FlatPrice,
        PackageSize = tier?.PackageSize,
        PackagePrice = tier?.PackagePrice,
    };

    private static Pricing.ConversionDraft ToCore(ConversionDraft convert) => new()
    {
        Multiply = convert.Multiply,
        Divide = convert.Divide,
        Rounding = (Pricing.ConversionRounding)convert.Rounding,
        Decimals = convert.Decimals,
    };

    private static Pricing.PerChargeDraft ToCore(PerChargeDraft perCharge) => new()
    {
        Minimum = perCharge.Minimum,
        Maximum = perCharge.Maximum,
        Flat = perCharge.Flat,
    };
}
