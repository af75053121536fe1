namespace Metering.Core.Pricing;

/// <summary>What each kind of price must have, may have, and has no use for.</summary>
internal static class PriceRules
{
    internal static void Check(PriceDraft price, string path, FaultList faults)
    {
        faults.RequireName($"{path}.id", price.Id);
        CheckWhen(price.When, $"{path}.when", faults);
        CheckKind(price, path, faults);
        faults.CheckAmount($"{path}.freeUnits", price.FreeUnits);
        faults.CheckAmount($"{path}.maximumPerPeriod", price.MaximumPerPeriod);
        if (price.Convert is not null)
        {
            CheckConversion(price.Convert, $"{path}.convert", faults);
        }

        if (price.PerCharge is not null)
        {
            CheckPerCharge(price.PerCharge, $"{path}.perCharge", faults);
        }
    }

    private static void CheckWhen(IReadOnlyList<Dimension> when, string path, FaultList faults)
    {
        if (when.Count > RateCardRules.MaxDimensions)
        {
            faults.Add(path, FaultCodes.TooMany, $"Must have at most {RateCardRules.MaxDimensions} dimensions.");
            return;
        }

        foreach (var (name, value) in when)
        {
            if (name.Length > RateCardRules.MaxDimensionNameLength)
            {
                faults.Add(path, FaultCodes.TooLong, $"A dimension's name must have at most {RateCardRules.MaxDimensionNameLength} characters.");
            }
            else if (!Names.IsName(name))
            {
                faults.Add(path, FaultCodes.BadFormat, "A dimension's name must be given and consist of A-Z a-z 0-9 . _ : -");
            }
            else if (value.Length > RateCardRules.MaxDimensionValueLength)
            {
                faults.Add($"{path}.{name}", FaultCodes.TooLong, $"Must have at most {RateCardRules.MaxDimensionValueLength} characters.");
            }
        }
    }

    private static void CheckKind(PriceDraft price, string path, FaultList faults)
    {
        switch (price.Kind)
        {
            case PriceKind.PerUnit:
                faults.RequireAmount($"{path}.unitPrice", price.UnitPrice);
                ForbidPackage(price, path, faults);
                ForbidTiers(price, path, faults);
                break;
            case PriceKind.Package:
                RequirePackage(price.PackageSize, price.PackagePrice, path, faults);
                ForbidUnitPrice(price, path, faults);
                ForbidTiers(price, path, faults);
                break;
            case PriceKind.Graduated:
            case PriceKind.Volume:
                TierRules.Check(price.Tiers, $"{path}.tiers", faults);
                ForbidUnitPrice(price, path, faults);
                ForbidPackage(price, path, faults);
                break;
            default:
                faults.Add($"{path}.kind", FaultCodes.BadFormat, "Must be per_unit, package, graduated or volume.");
                break;
        }
    }

    internal static void RequirePackage(decimal? size, decimal? price, string path, FaultList faults)
    {
        if (size is null)
        {
            faults.Add($"{path}.packageSize", FaultCodes.Required, "Must be given: blocks have a size.");
        }

        faults.CheckPositive($"{path}.packageSize", size);
        faults.RequireAmount($"{path}.packagePrice", price);
    }

    private static void ForbidUnitPrice(PriceDraft price, string path, FaultList faults) =>
        faults.Forbid($"{path}.unitPrice", price.UnitPrice is not null, "Only a per_unit price, or a tier, has a unit price.");

    private static void ForbidPackage(PriceDraft price, string path, FaultList faults)
    {
        faults.Forbid($"{path}.packageSize", price.PackageSize is not null, "Only a package price, or a tier, has blocks.");
        faults.Forbid($"{path}.packagePrice", price.PackagePrice is not null, "Only a package price, or a tier, has blocks.");
    }

    private static void ForbidTiers(PriceDraft price, string path, FaultList faults) =>
        faults.Forbid($"{path}.tiers", price.Tiers.Count > 0, "Only graduated and volume prices have tiers.");

    private static void CheckConversion(ConversionDraft convert, string path, FaultList faults)
    {
        if (convert.Multiply is null && convert.Divide is null)
        {
            faults.Add(path, FaultCodes.Required, "Must have multiply or divide.");
        }

        faults.Forbid($"{path}.divide", convert.Multiply is not null && convert.Divide is not null, "Multiply and divide exclude each other.");
        faults.CheckPositive($"{path}.multiply", convert.Multiply);
        faults.CheckPositive($"{path}.divide", convert.Divide);
        if (!Enum.IsDefined(convert.Rounding))
        {
            faults.Add($"{path}.rounding", FaultCodes.BadFormat, "Must be none, up, down or half_up.");
        }

        faults.Forbid($"{path}.decimals", convert.Decimals is not null && convert.Rounding == ConversionRounding.None, "Without rounding all digits stay.");
        if (convert.Decimals is < 0 or > Credits.Decimals)
        {
            faults.Add($"{path}.decimals", FaultCodes.OutOfRange, $"Must be 0 to {Credits.Decimals}.");
        }
    }

    private static void CheckPerCharge(PerChargeDraft perCharge, string path, FaultList faults)
    {
        faults.CheckAmount($"{path}.minimum", perCharge.Minimum);
        faults.CheckAmount($"{path}.maximum", perCharge.Maximum);
        faults.CheckAmount($"{path}.flat", perCharge.Flat);
        faults.Forbid($"{path}.maximum", perCharge.Minimum > perCharge.Maximum, "Must not be below the minimum.");
    }
}
