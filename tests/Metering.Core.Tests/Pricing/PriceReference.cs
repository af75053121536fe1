using System.Numerics;
using Metering.Core.Pricing;

namespace Metering.Core.Tests.Pricing;

/// <summary>
/// F written down as slowly and plainly as DESIGN states it, in fractions of integers of any size: what the product's prices are compared with.
/// </summary>
internal static class PriceReference
{
    private static readonly BigInteger Nano = BigInteger.Pow(10, 9);

    /// <summary>F(Q) in nano-credits; none when the price without maximum, or the converted quantity, is out of range.</summary>
    internal static BigInteger? Cumulative(PriceDraft price, decimal quantity, decimal discountPercent)
    {
        var units = Convert(price.Convert, Ratio.Of(quantity));
        if (units > Ratio.Of(Quantity.Max.Value))
        {
            return null;
        }

        units = units > Ratio.Of(price.FreeUnits ?? 0m) ? units - Ratio.Of(price.FreeUnits ?? 0m) : Ratio.Of(0m);
        var credits = Priced(price, units);
        if (HalfToEven(credits) > (BigInteger)Credits.Max.Nanos)
        {
            return null;
        }

        if (price.MaximumPerPeriod is { } maximum && credits > Ratio.Of(maximum))
        {
            credits = Ratio.Of(maximum);
        }

        return HalfToEven(credits * (Ratio.Of(100m - discountPercent) / Ratio.Of(100m)));
    }

    private static Ratio Convert(ConversionDraft? convert, Ratio quantity)
    {
        if (convert is null)
        {
            return quantity;
        }

        var units = convert.Multiply is { } factor ? quantity * Ratio.Of(factor) : quantity / Ratio.Of(convert.Divide!.Value);
        var unit = new Ratio(BigInteger.Pow(10, convert.Decimals ?? 0), 1);
        return convert.Rounding switch
        {
            ConversionRounding.None => units,
            ConversionRounding.Up => new Ratio((units * unit).Ceiling(), 1) / unit,
            ConversionRounding.Down => new Ratio((units * unit).Floor(), 1) / unit,
            ConversionRounding.HalfUp => new Ratio(((units * unit) + new Ratio(1, 2)).Floor(), 1) / unit,
        };
    }

    private static Ratio Priced(PriceDraft price, Ratio units)
    {
        if (units == Ratio.Of(0m))
        {
            return Ratio.Of(0m);
        }

        return price.Kind switch
        {
            PriceKind.PerUnit => units * Ratio.Of(price.UnitPrice!.Value),
            PriceKind.Package => Blocks(units, price.PackageSize!.Value, price.PackagePrice!.Value),
            PriceKind.Graduated => Graduated(price.Tiers, units),
            PriceKind.Volume => Entered(price.Tiers.First(tier => tier.UpTo is null || units <= Ratio.Of(tier.UpTo.Value)), units),
        };
    }

    private static Ratio Graduated(IReadOnlyList<TierDraft> tiers, Ratio units)
    {
        var sum = Ratio.Of(0m);
        var lower = Ratio.Of(0m);
        foreach (var tier in tiers)
        {
            if (units > lower)
            {
                var end = tier.UpTo is { } upTo && units > Ratio.Of(upTo) ? Ratio.Of(upTo) : units;
                sum += Entered(tier, end - lower);
            }

            lower = Ratio.Of(tier.UpTo ?? 0m);
        }

        return sum;
    }

    private static Ratio Entered(TierDraft tier, Ratio units) =>
        Ratio.Of(tier.FlatPrice ?? 0m)
        + (tier.PackageSize is { } size ? Blocks(units, size, tier.PackagePrice!.Value) : units * Ratio.Of(tier.UnitPrice ?? 0m));

    private static Ratio Blocks(Ratio units, decimal size, decimal price) => new Ratio((units / Ratio.Of(size)).Ceiling(), 1) * Ratio.Of(price);

    private static BigInteger HalfToEven(Ratio credits)
    {
        var nanos = credits * new Ratio(Nano, 1);
        var floor = nanos.Floor();
        var rest = nanos - new Ratio(floor, 1);
        var half = new Ratio(1, 2);
        return rest > half || (rest == half && !floor.IsEven) ? floor + 1 : floor;
    }

    private readonly record struct Ratio
    {
        internal Ratio(BigInteger numerator, BigInteger denominator)
        {
            var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator);
            Numerator = numerator / divisor;
            Denominator = denominator / divisor;
        }

        private BigInteger Numerator { get; }
        private BigInteger Denominator { get; }

        public static Ratio operator +(Ratio a, Ratio b) => new((a.Numerator * b.Denominator) + (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

        public static Ratio operator -(Ratio a, Ratio b) => new((a.Numerator * b.Denominator) - (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

        public static Ratio operator *(Ratio a, Ratio b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

        public static Ratio operator /(Ratio a, Ratio b) => new(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

        public static bool operator >(Ratio a, Ratio b) => a.Numerator * b.Denominator > b.Numerator * a.Denominator;

        public static bool operator <(Ratio a, Ratio b) => b > a;

        public static bool operator <=(Ratio a, Ratio b) => !(a > b);

        public static bool operator >=(Ratio a, Ratio b) => !(b > a);

        internal static Ratio Of(decimal value)
        {
            var digits = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var point = digits.IndexOf('.', StringComparison.Ordinal);
            var places = point < 0 ? 0 : digits.Length - point - 1;
            return new(BigInteger.Parse(digits.Replace(".", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture), BigInteger.Pow(10, places));
        }

        internal BigInteger Floor() => BigInteger.Divide(Numerator, Denominator);

        internal BigInteger Ceiling() => BigInteger.Divide(Numerator + Denominator - 1, Denominator);
    }
}
