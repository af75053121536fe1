using System.Numerics;

namespace Metering.Core.Pricing;

/// <summary>
/// A number of 0 or more that is never rounded until it is asked to be: a decimal while that is exact, a
/// <see cref="Fraction"/> from then on. A price is a chain of these with one <see cref="TryRound(out decimal)"/> at its end.
/// </summary>
/// <remarks>
/// Why a decimal can be trusted: a product or a sum of decimals is computed as an integer, and digits are dropped only
/// when 96 bits or 28 places do not hold it. Dropping a digit lowers the scale. So a product whose scale is the sum of
/// its factors' scales, and a sum whose scale is the larger of its terms', lost nothing; any other goes the long way.
/// (Rounding twice would break law 6: splits of the same usage would no longer sum to the same credits.)
/// </remarks>
internal readonly struct Exact
{
    // Below these a product stays under 10^28 and cannot overflow, which would throw.
    private const decimal MaxFactor = 1e18m;
    private const decimal MaxOtherFactor = 1e10m;
    private const decimal MaxTerm = 3e28m;
    private static readonly BigInteger MaxNanos = (BigInteger)FixedPoint.ToNanos(FixedPoint.Max);

    private readonly decimal _value;
    private readonly Fraction? _fraction;

    internal Exact(decimal value) => _value = value;

    private Exact(Fraction fraction) => _fraction = fraction;

    internal bool IsZero => _fraction?.IsZero ?? _value == 0m;

    public static Exact operator *(Exact left, decimal right)
    {
        if (left._fraction is null && TryMultiply(left._value, right, out var product))
        {
            return new Exact(product);
        }

        return new Exact(left.ToFraction().Times(right));
    }

    public static Exact operator /(Exact left, decimal right) => new(left.ToFraction().Over(right));

    public static Exact operator +(Exact left, Exact right)
    {
        if (left._fraction is null && right._fraction is null && left._value <= MaxTerm && right._value <= MaxTerm)
        {
            var sum = left._value + right._value;
            if (sum.Scale == Math.Max(left._value.Scale, right._value.Scale))
            {
                return new Exact(sum);
            }
        }

        return new Exact(left.ToFraction().Plus(right.ToFraction()));
    }

    /// <summary>What is left above <paramref name="floor"/>; zero when it is not above.</summary>
    internal Exact Above(decimal floor)
    {
        if (_fraction is null)
        {
            if (_value <= floor)
            {
                return default;
            }

            var difference = _value - floor;
            if (difference.Scale == Math.Max(_value.Scale, floor.Scale))
            {
                return new Exact(difference);
            }
        }

        return new Exact(ToFraction().Less(Fraction.From(floor)));
    }

    internal int CompareTo(decimal other) => _fraction is null ? _value.CompareTo(other) : _fraction.CompareTo(Fraction.From(other));

    /// <summary>The number of blocks of <paramref name="size"/> that are started. The size has at most 9 decimal places.</summary>
    internal Exact StartedBlocks(decimal size)
    {
        if (_fraction is null && _value.Scale <= FixedPoint.Decimals && _value <= FixedPoint.Max)
        {
            // By integers: a quotient of decimals rounds at its 28th digit, and the block just started would be lost.
            var units = (UInt128)FixedPoint.ToNanos(_value);
            var block = (UInt128)FixedPoint.ToNanos(size);
            var (full, rest) = UInt128.DivRem(units, block);
            return new Exact((decimal)(rest == 0 ? full : full + 1));
        }

        var started = ToFraction().Over(size).Scaled(decimals: 0, MidpointRounding.ToPositiveInfinity);
        return started <= MaxNanos ? new Exact((decimal)started) : new Exact(Fraction.From(started));
    }

    /// <summary>Rounds half to even at 9 decimal places: the one rounding of a price. False when the result is out of range.</summary>
    internal bool TryRound(out decimal rounded) => TryRound(FixedPoint.Decimals, MidpointRounding.ToEven, out rounded);

    /// <summary>Rounds to 0 to 9 decimal places; false when the result is above what credits and quantities can be.</summary>
    internal bool TryRound(int decimals, MidpointRounding rounding, out decimal rounded)
    {
        if (_fraction is null)
        {
            rounded = _value.Scale <= decimals ? _value : decimal.Round(_value, decimals, rounding);
        }
        else
        {
            var nanos = _fraction.Scaled(decimals, rounding) * BigInteger.Pow(10, FixedPoint.Decimals - decimals);
            rounded = nanos <= MaxNanos ? FixedPoint.FromNanos((Int128)nanos) : decimal.MaxValue;
        }

        return rounded <= FixedPoint.Max;
    }

    /// <summary>A product that lost no digit; false when it would, or might overflow.</summary>
    internal static bool TryMultiply(decimal left, decimal right, out decimal product)
    {
        if (!(left <= MaxFactor && right <= MaxOtherFactor) && !(left <= MaxOtherFactor && right <= MaxFactor))
        {
            product = 0m;
            return false;
        }

        product = left * right;
        return product.Scale == left.Scale + right.Scale;
    }

    private Fraction ToFraction() => _fraction ?? Fraction.From(_value);
}
