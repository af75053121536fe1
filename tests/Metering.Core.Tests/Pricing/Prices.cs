using CsCheck;
using Metering.Core.Pricing;

namespace Metering.Core.Tests.Pricing;

/// <summary>Random prices and quantities: ordinary ones, tiny and huge ones, and quantities that lie on the bounds of tiers and blocks.</summary>
internal static class Prices
{
    /// <summary>0 up to 10^18, with few or many digits.</summary>
    internal static Gen<decimal> Quantity { get; } = Gen.Frequency(
        (6, Gen.Int[0, 60].Select(value => (decimal)value)),
        (4, Gen.Int[0, 60_000].Select(value => value / 1_000m)),
        (2, Gen.Int[0, 30].Select(value => value + 0.000000001m)),
        (2, Core.Tests.Any.Nanos.Select(nanos => Core.Quantity.FromNanos(Int128.Abs(nanos)).Value)),
        (1, Gen.Int[0, 5].Select(value => 100_000_000_000_000_000m * value)),
        (1, Gen.Const(0m)));

    internal static Gen<decimal> Discount { get; } = Gen.Frequency(
        (4, Gen.Const(0m)),
        (2, Gen.Int[0, 100].Select(value => (decimal)value)),
        (1, Gen.Long[0, 100_000_000_000].Select(value => value / 1_000_000_000m)));

    internal static Gen<PerChargeDraft> PerCharge { get; } =
        Gen.Select(Gen.Int[0, 20], Gen.Int[0, 20], Gen.Int[0, 3], Gen.Int[0, 7]).Select((minimum, extra, flat, which) => new PerChargeDraft
        {
            Minimum = (which & 1) == 0 ? null : minimum / 4m,
            Maximum = (which & 2) == 0 ? null : (minimum + extra) / 4m,
            Flat = (which & 4) == 0 ? null : flat / 8m,
        });

    private static readonly Gen<decimal> Amount = Gen.Frequency(
        (4, Gen.Int[0, 20].Select(value => (decimal)value)),
        (4, Gen.Int[0, 200_000].Select(value => value / 1_000_000m)),
        (2, Gen.Int[0, 30].Select(value => value / 1_000_000_000m)),
        (1, Core.Tests.Any.Nanos.Select(nanos => Credits.FromNanos(Int128.Abs(nanos)).Value)));

    private static readonly decimal[] Divisors = [3m, 7m, 1_000m, 1_000_000_000m, 1_024m, 1_048_576m, 1_073_741_824m];

    private static readonly Gen<decimal> Positive = Amount.Where(amount => amount > 0m);

    private static readonly Gen<TierDraft> Tier = Gen.Select(Amount, Amount, Positive, Gen.Int[0, 5]).Select((price, flat, size, shape) => shape switch
    {
        0 => new TierDraft(),
        1 => new TierDraft { UnitPrice = price },
        2 => new TierDraft { UnitPrice = price, FlatPrice = flat },
        3 => new TierDraft { PackageSize = size, PackagePrice = price },
        4 => new TierDraft { PackageSize = size, PackagePrice = price, FlatPrice = flat },
        _ => new TierDraft { FlatPrice = flat },
    });

    private static readonly Gen<TierDraft[]> Tiers = Gen.Select(Tier.Array[1, 6], Positive.Array[6]).Select((tiers, widths) =>
    {
        // At most five widths of 10^17: within the range of a quantity.
        var ends = widths.Select((_, i) => widths.Take(i + 1).Sum(width => Math.Min(width, 100_000_000_000_000_000m))).ToArray();
        return tiers.Select((tier, i) => i == tiers.Length - 1 ? tier : tier with { UpTo = ends[i] }).ToArray();
    });

    private static readonly Gen<ConversionDraft?> Conversion =
        Gen.Select(Gen.OneOf(Positive, Gen.Int[0, Divisors.Length - 1].Select(i => Divisors[i])), Gen.Enum<ConversionRounding>(), Gen.Int[0, 9], Gen.Int[0, 4])
            .Select((number, rounding, decimals, shape) => shape switch
            {
                0 => new ConversionDraft { Multiply = number, Rounding = rounding, Decimals = rounding == ConversionRounding.None ? null : decimals },
                1 or 2 => new ConversionDraft { Divide = number, Rounding = rounding, Decimals = rounding == ConversionRounding.None ? null : decimals },
                _ => null,
            });

    private static readonly Gen<PriceDraft> Kind = Gen.Select(Gen.Enum<PriceKind>(), Amount, Positive, Tiers).Select((kind, price, size, tiers) => kind switch
    {
        PriceKind.PerUnit => Drafts.PerUnit(price),
        PriceKind.Package => Drafts.Package(size, price),
        PriceKind.Graduated => Drafts.Graduated(tiers),
        PriceKind.Volume => Drafts.Volume(tiers),
    });

    /// <summary>Any kind with any options that telescope.</summary>
    internal static Gen<PriceDraft> Any { get; } =
        Gen.Select(Kind, Conversion, Amount, Amount, Gen.Int[0, 7]).Select((price, conversion, free, maximum, which) => price with
        {
            Convert = conversion,
            FreeUnits = (which & 3) == 1 ? free : null,
            MaximumPerPeriod = (which & 4) == 0 ? null : maximum,
        });

    internal static Gen<PriceDraft> Graduated { get; } = Any.Where(price => price.Kind != PriceKind.Volume).Select(price => price with { MaximumPerPeriod = null });
}
