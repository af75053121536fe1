namespace Metering.Core.Pricing;

/// <summary>Makes a version of a draft in which <see cref="RateCardRules"/> found no fault.</summary>
internal static class RateCardBuilder
{
    internal static RateCardVersion Build(string card, int version, DateTimeOffset effectiveFrom, RateCardDraft draft) =>
        new(card, version, effectiveFrom, draft.CreditDefinition ?? "", [.. draft.Meters.Select(meter => Build(card, meter))]);

    private static Meter Build(string card, MeterDraft meter) =>
        new(meter.Meter!, meter.Unit!, [.. meter.Prices.Select(price => Build(card, meter.Meter!, price))]);

    private static Price Build(string card, string meter, PriceDraft price) =>
        new(new PriceKey(card, meter, price.Id!), price.Kind, [.. price.When.OrderBy(dimension => dimension.Name, StringComparer.Ordinal)], BuildSchedule(price))
        {
            Conversion = price.Convert is null ? null : Build(price.Convert),
            FreeUnits = Plain(price.FreeUnits),
            MaximumPerPeriod = price.MaximumPerPeriod is null ? null : Plain(price.MaximumPerPeriod),
            PerCharge = price.PerCharge is null ? null : Build(price.PerCharge),
            PlainUnitPrice = IsPlain(price) ? Credits.From(Plain(price.UnitPrice)) : null,
        };

    private static bool IsPlain(PriceDraft price) =>
        price is { Kind: PriceKind.PerUnit, Convert: null, FreeUnits: null or 0m, MaximumPerPeriod: null, PerCharge: null };

    private static Schedule BuildSchedule(PriceDraft price) => price.Kind switch
    {
        PriceKind.PerUnit => new GraduatedSchedule(new Tier
        {
            Number = 1,
            Lower = 0m,
            UpTo = null,
            UnitPrice = Credits.From(Plain(price.UnitPrice)),
        }),
        PriceKind.Package => new GraduatedSchedule(new Tier
        {
            Number = 1,
            Lower = 0m,
            UpTo = null,
            PackageSize = Plain(price.PackageSize),
            PackagePrice = Plain(price.PackagePrice),
        }),
        PriceKind.Graduated => new GraduatedSchedule(BuildTiers(price.Tiers)),
        PriceKind.Volume => new VolumeSchedule(BuildTiers(price.Tiers)),
    };

    private static Tier[] BuildTiers(IReadOnlyList<TierDraft> drafts)
    {
        var tiers = new Tier[drafts.Count];
        for (var i = 0; i < tiers.Length; i++)
        {
            var draft = drafts[i];
            tiers[i] = new Tier
            {
                Number = i + 1,
                Lower = i == 0 ? 0m : tiers[i - 1].UpTo!.Value,
                UpTo = draft.UpTo is null ? null : Plain(draft.UpTo),
                UnitPrice = Credits.From(Plain(draft.UnitPrice)),
                FlatPrice = Credits.From(Plain(draft.FlatPrice)),
                PackageSize = Plain(draft.PackageSize),
                PackagePrice = Plain(draft.PackagePrice),
            };
        }

        return tiers;
    }

    private static Conversion Build(ConversionDraft convert) => convert.Multiply is { } factor
        ? Conversion.Multiply(Plain(factor), convert.Rounding, convert.Decimals ?? 0)
        : Conversion.Divide(Plain(convert.Divide), convert.Rounding, convert.Decimals ?? 0);

    private static PerCharge Build(PerChargeDraft perCharge) => new()
    {
        Minimum = perCharge.Minimum,
        Maximum = perCharge.Maximum,
        Flat = perCharge.Flat ?? 0m,
    };

    // Without the zeros at its end: they have no value, but a product of decimals is exact only while its places suffice.
    private static decimal Plain(decimal? value)
    {
        var plain = decimal.Round(value ?? 0m, Credits.Decimals);
        while (plain.Scale > 0 && decimal.Round(plain, plain.Scale - 1) == plain)
        {
            plain = decimal.Round(plain, plain.Scale - 1);
        }

        return plain;
    }
}
