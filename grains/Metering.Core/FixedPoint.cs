using System.Globalization;

namespace Metering.Core;

/// <summary>
/// What <see cref="Credits"/> and <see cref="Quantity"/> share: nine decimal places; magnitude below 10¹⁸ for every number
/// that is given or kept, and below 2⁶³ (what the wire carries) for what is computed from them, so that a balance plus a
/// limit needs no check of its own. Both are kept in nanos, where any sum of such numbers is exact; a decimal, which holds 28 digits, is what
/// the world outside sees.
/// </summary>
internal static class FixedPoint
{
    internal const int Decimals = 9;
    internal const decimal Max = 999_999_999_999_999_999.999999999m;

    internal const ulong NanosPerUnit = 1_000_000_000;

    // 10²⁷ and 2⁶³ × 10⁹, in halves of 64 bits.
    private static Int128 BeyondMax => new(0x033B_2E3C, 0x9FD0_803C_E800_0000);

    private static Int128 BeyondComputed => new(500_000_000, 0);

    private static readonly UInt128[] PowersOfTen = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

    internal static bool Fits(decimal value) => value is >= -Max and <= Max;

    /// <summary>Whether a number of nanos is inside the range of what is given or kept.</summary>
    internal static bool Fits(Int128 nanos) => nanos < BeyondMax && nanos > -BeyondMax;

    /// <summary>Whether a number of nanos is inside the range of what is computed.</summary>
    internal static bool FitsComputed(Int128 nanos) => nanos < BeyondComputed && nanos > -BeyondComputed;

    internal static bool IsExact(decimal value) => value.Scale <= Decimals || decimal.Round(value, Decimals) == value;

    /// <summary>The value times 10⁹; false when it has more than 9 decimal places. A decimal of any size fits.</summary>
    internal static bool TryToNanos(decimal value, out Int128 nanos)
    {
        var exact = IsExact(value);
        nanos = exact ? ToNanos(value) : 0;
        return exact;
    }

    /// <summary>
    /// The product of a number of nanos and a factor in nanos, rounded half to even to whole nanos. The number is not negative and
    /// <see cref="Fits(Int128)"/>; the factor is below 2⁶³.
    /// </summary>
    internal static Int128 Multiply(Int128 nanos, ulong factor)
    {
        // Units and what is beyond the point apart: only the product of the two fractions has digits to round, and it is below 10¹⁸.
        var (units, fraction) = Split(nanos);
        var whole = (Int128)Math.BigMul(units, factor);
        if (fraction == 0)
        {
            return whole;
        }

        var (factorUnits, factorFraction) = Math.DivRem(factor, NanosPerUnit);
        var (more, rest) = Math.DivRem(fraction * factorFraction, NanosPerUnit);
        whole = unchecked(whole + (fraction * factorUnits) + more);
        var isOdd = Int128.IsOddInteger(whole);
        return rest > NanosPerUnit / 2 || (rest == NanosPerUnit / 2 && isOdd) ? unchecked(whole + 1) : whole;
    }

    /// <summary>The value times 10⁹. The value must be exact at 9 decimal places.</summary>
    internal static Int128 ToNanos(decimal value)
    {
        // From the parts of the decimal rather than by multiplying: a value written with trailing zeros
        // (13.000) gives the same number as without, and it is several times cheaper on the encoding path.
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        if (parts[2] == 0 && (parts[1] & ~0x3FFF_FFFF) == 0 && (parts[3] >> 16 & 0x7F) is var small && small <= Decimals)
        {
            // Below 2⁶², and a factor below 2³⁰: the common case needs no more than one 128-bit product.
            var low = unchecked((long)(((ulong)(uint)parts[1] << 32) | (uint)parts[0]));
            var product = Math.BigMul(low, (long)PowersOfTen[Decimals - small]);
            return parts[3] < 0 ? -product : product;
        }

        var mantissa = new UInt128(unchecked((uint)parts[2]), unchecked(((ulong)(uint)parts[1] << 32) | (uint)parts[0]));
        var scale = (parts[3] >> 16) & 0x7F;
        var nanos = (Int128)(scale <= Decimals ? mantissa * PowersOfTen[Decimals - scale] : mantissa / Power(scale - Decimals));
        return parts[3] < 0 ? -nanos : nanos;
    }

    /// <summary>The number of nanos as a decimal.</summary>
    /// <exception cref="OverflowException">Beyond the 96 bits of a decimal.</exception>
    internal static decimal FromNanos(Int128 nanos)
    {
        var negative = nanos < 0;
        var magnitude = unchecked((UInt128)(negative ? -nanos : nanos));
        var upper = (ulong)(magnitude >> 64);
        if (upper == 0)
        {
            var (units, fraction) = Math.DivRem((ulong)magnitude, NanosPerUnit);
            if (fraction == 0)
            {
                // Whole numbers are what most quantities are, and their products are exact the longest without trailing zeros.
                return negative ? -(decimal)units : units;
            }
        }

        if (upper > uint.MaxValue)
        {
            throw new OverflowException("The number of nanos is out of range.");
        }

        var lower = (ulong)(magnitude & ulong.MaxValue);
        return unchecked(new decimal((int)(uint)lower, (int)(uint)(lower >> 32), (int)(uint)upper, negative, Decimals));
    }

    internal static string Format(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);

    private static (ulong Units, ulong Fraction) Split(Int128 nanos)
    {
        if (nanos <= ulong.MaxValue)
        {
            return Math.DivRem((ulong)nanos, NanosPerUnit);
        }

        var (units, fraction) = UInt128.DivRem((UInt128)nanos, NanosPerUnit);
        return ((ulong)units, (ulong)fraction);
    }

    private static UInt128 Power(int exponent)
    {
        UInt128 power = 1;
        for (var i = 0; i < exponent; i++)
        {
            power *= 10;
        }

        return power;
    }
}
