using System.Globalization;

namespace Metering.Core;

/// <summary>
/// What <see cref="Credits"/> and <see cref="Quantity"/> share: nine decimal places; magnitude below 10¹⁸ for every number
/// that is given or kept, and below 2⁶³ (what the wire carries) for what is computed from them, so that a balance plus a
/// limit needs no check of its own. A decimal holds 28 digits: the sum of any two such numbers is exact (19 + 9 digits).
/// </summary>
internal static class FixedPoint
{
    internal const int Decimals = 9;
    internal const decimal Max = 999_999_999_999_999_999.999999999m;
    internal const decimal MaxComputed = 9_223_372_036_854_775_807.999999999m;

    private static readonly UInt128[] PowersOfTen = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

    internal static bool Fits(decimal value) => value is >= -Max and <= Max;

    internal static bool FitsComputed(decimal value) => value is >= -MaxComputed and <= MaxComputed;

    internal static bool IsExact(decimal value) => value.Scale <= Decimals || decimal.Round(value, Decimals) == value;

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
        var magnitude = (UInt128)(negative ? -nanos : nanos);
        var upper = (ulong)(magnitude >> 64);
        if (upper > uint.MaxValue)
        {
            throw new OverflowException("The number of nanos is out of range.");
        }

        var lower = (ulong)(magnitude & ulong.MaxValue);
        return unchecked(new decimal((int)(uint)lower, (int)(uint)(lower >> 32), (int)(uint)upper, negative, Decimals));
    }

    internal static string Format(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);

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
