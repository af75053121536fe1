using System.Globalization;

namespace Metering.Gateway.Wire;

/// <summary>Why a text is not an amount.</summary>
internal enum DecimalFault
{
    None = 0,
    BadFormat = 1,
    OutOfRange = 2,
    TooPrecise = 3,
}

/// <summary>
/// Amounts as text: read and written exactly, never through a binary fraction. What is read is JSON's own number grammar
/// (no leading zeros, no plus sign, an optional exponent), in a string or bare; at most 18 digits before the point and 9 after.
/// </summary>
internal static class DecimalText
{
    /// <summary>Room for any decimal: 29 digits, sign and point.</summary>
    public const int MaxLength = 32;

    private const int MaxIntegerDigits = 18;
    private const int MaxDecimals = 9;

    // Far beyond any body that fits in memory, and far from overflowing a long: an exponent past it decides by its sign alone.
    private const long MaxExponent = 1_000_000_000_000;

    public static DecimalFault TryParse(ReadOnlySpan<byte> text, out decimal value)
    {
        value = 0m;
        var position = 0;
        var negative = Skip(text, ref position, (byte)'-');
        if (LeadsWithZeros(text[position..]))
        {
            return DecimalFault.BadFormat;
        }

        var digits = default(Significand);
        if (digits.Take(text, ref position) == 0)
        {
            return DecimalFault.BadFormat;
        }

        var decimals = 0;
        if (Skip(text, ref position, (byte)'.') && (decimals = digits.Take(text, ref position)) == 0)
        {
            return DecimalFault.BadFormat;
        }

        if (!TryExponent(text, ref position, out var exponent) || position != text.Length)
        {
            return DecimalFault.BadFormat;
        }

        return digits.Scale(exponent - decimals, negative, out value);
    }

    /// <summary>Plain notation without trailing zeros or exponent, as UTF-8. Returns the length.</summary>
    public static int Format(decimal value, Span<byte> destination)
    {
        value.TryFormat(destination, out var length, default, CultureInfo.InvariantCulture);
        if (value.Scale == 0)
        {
            return length;
        }

        while (destination[length - 1] == '0')
        {
            length--;
        }

        if (destination[length - 1] == '.')
        {
            length--;
        }

        return length;
    }

    public static string Format(decimal value)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        return System.Text.Encoding.ASCII.GetString(text[..Format(value, text)]);
    }

    private static bool LeadsWithZeros(ReadOnlySpan<byte> text) =>
        text.Length > 1 && text[0] == '0' && char.IsAsciiDigit((char)text[1]);

    private static bool Skip(ReadOnlySpan<byte> text, ref int position, byte expected)
    {
        var found = position < text.Length && text[position] == expected;
        position += found ? 1 : 0;
        return found;
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, ref int position, out long exponent)
    {
        exponent = 0;
        if (!Skip(text, ref position, (byte)'e') && !Skip(text, ref position, (byte)'E'))
        {
            return true;
        }

        var negative = Skip(text, ref position, (byte)'-');
        if (!negative)
        {
            Skip(text, ref position, (byte)'+');
        }

        var start = position;
        for (; position < text.Length && char.IsAsciiDigit((char)text[position]); position++)
        {
            exponent = Math.Min((exponent * 10) + (text[position] - '0'), MaxExponent);
        }

        exponent = negative ? -exponent : exponent;
        return position > start;
    }

    /// <summary>The digits from the first to the last that is not zero, and how many zeros followed.</summary>
    private struct Significand
    {
        private UInt128 _value;
        private int _count;
        private int _zeros;

        public int Take(ReadOnlySpan<byte> text, ref int position)
        {
            var start = position;
            for (; position < text.Length && char.IsAsciiDigit((char)text[position]); position++)
            {
                Add(text[position] - '0');
            }

            return position - start;
        }

        public readonly DecimalFault Scale(long power, bool negative, out decimal value)
        {
            value = 0m;
            power += _zeros;
            if (_count == 0)
            {
                return DecimalFault.None;
            }

            if (_count + power > MaxIntegerDigits)
            {
                return DecimalFault.OutOfRange;
            }

            if (power < -MaxDecimals)
            {
                return DecimalFault.TooPrecise;
            }

            var mantissa = _value;
            for (; power > 0; power--)
            {
                mantissa *= 10;
            }

            value = unchecked(new decimal(
                (int)(uint)mantissa, (int)(uint)(mantissa >> 32), (int)(uint)(mantissa >> 64), negative, (byte)-power));
            return DecimalFault.None;
        }

        private void Add(int digit)
        {
            if (digit == 0)
            {
                _zeros += _count > 0 ? 1 : 0;
                return;
            }

            // Past 27 digits the number is refused whatever they are, so they are counted but no longer kept.
            _count += _zeros + 1;
            if (_count <= MaxIntegerDigits + MaxDecimals)
            {
                for (; _zeros > 0; _zeros--)
                {
                    _value *= 10;
                }

                _value = (_value * 10) + (uint)digit;
            }

            _zeros = 0;
        }
    }
}
