using System.Numerics;

namespace Metering.Core.Pricing;

/// <summary>
/// A number of 0 or more as a quotient of two integers: what <see cref="Exact"/> falls back to where a decimal would have
/// to round. It is not reduced: a price needs a handful of operations, and the only size that matters is theirs.
/// </summary>
internal sealed class Fraction
{
    // A decimal has at most 28 places.
    private static readonly BigInteger[] PowersOfTen = [.. Enumerable.Range(0, 29).Select(exponent => BigInteger.Pow(10, exponent))];

    private readonly BigInteger _numerator;
    private readonly BigInteger _denominator;

    private Fraction(BigInteger numerator, BigInteger denominator)
    {
        _numerator = numerator;
        _denominator = denominator;
    }

    internal bool IsZero => _numerator.IsZero;

    internal static Fraction From(decimal value) => new(Mantissa(value), Ten(value.Scale));

    internal static Fraction From(BigInteger value) => new(value, BigInteger.One);

    internal Fraction Times(decimal factor) => new(_numerator * Mantissa(factor), _denominator * Ten(factor.Scale));

    internal Fraction Over(decimal divisor) => new(_numerator * Ten(divisor.Scale), _denominator * Mantissa(divisor));

    internal Fraction Plus(Fraction other) =>
        new((_numerator * other._denominator) + (other._numerator * _denominator), _denominator * other._denominator);

    /// <summary>The difference, or zero when <paramref name="other"/> is the larger.</summary>
    internal Fraction Less(Fraction other) =>
        new(BigInteger.Max(BigInteger.Zero, (_numerator * other._denominator) - (other._numerator * _denominator)), _denominator * other._denominator);

    internal int CompareTo(Fraction other) => (_numerator * other._denominator).CompareTo(other._numerator * _denominator);

    /// <summary>The value times 10^<paramref name="decimals"/>, rounded to an integer.</summary>
    internal BigInteger Scaled(int decimals, MidpointRounding rounding)
    {
        var quotient = BigInteger.DivRem(_numerator * Ten(decimals), _denominator, out var remainder);
        var half = (remainder * 2).CompareTo(_denominator);
        var up = rounding switch
        {
            MidpointRounding.ToEven => half > 0 || (half == 0 && !quotient.IsEven),
            MidpointRounding.AwayFromZero => half >= 0,
            MidpointRounding.ToZero or MidpointRounding.ToNegativeInfinity => false,
            MidpointRounding.ToPositiveInfinity => !remainder.IsZero,
        };
        return up ? quotient + 1 : quotient;
    }

    private static BigInteger Ten(int exponent) => PowersOfTen[exponent];

    private static BigInteger Mantissa(decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        return unchecked(((BigInteger)(uint)parts[2] << 64) | ((BigInteger)(uint)parts[1] << 32) | (uint)parts[0]);
    }
}
