using System.Globalization;

namespace Metering.Core;

/// <summary>
/// An amount of credits: an exact decimal with at most <see cref="Decimals"/> decimal places. What is given or kept lies between
/// −<see cref="Max"/> and <see cref="Max"/>: decisions check <see cref="Fits"/> and refuse. Arithmetic is exact; a result
/// beyond ±2⁶³ throws <see cref="OverflowException"/> and never wraps.
/// </summary>
/// <remarks>
/// Kept as a whole number of nano-credits: adding and comparing those takes a few instructions, where a decimal first looks at its scale. A charge
/// does some thirty of them. Two halves rather than an <see cref="Int128"/>, whose alignment of 16 bytes would pad whatever holds an amount.
/// </remarks>
public readonly record struct Credits : IComparable<Credits>
{
    /// <summary>Decimal places kept: one nano-credit is the smallest amount.</summary>
    public const int Decimals = FixedPoint.Decimals;

    private readonly ulong _lower;
    private readonly long _upper;

    private Credits(Int128 nanos)
    {
        _lower = unchecked((ulong)nanos);
        _upper = unchecked((long)(nanos >> 64));
    }

    /// <summary>The largest amount: 999,999,999,999,999,999.999999999.</summary>
    public static Credits Max { get; } = new(FixedPoint.ToNanos(FixedPoint.Max));

    public static Credits Zero => default;

    /// <summary>The amount as a decimal. Its scale carries no meaning: 13 and 13.0 are equal.</summary>
    public decimal Value => FixedPoint.FromNanos(Nanos);

    public bool IsZero => (_lower | unchecked((ulong)_upper)) == 0;
    public bool IsNegative => _upper < 0;
    public bool IsPositive => _upper >= 0 && !IsZero;

    /// <summary>The amount in nano-credits (10⁻⁹ credit): the form that is encoded, one per value.</summary>
    public Int128 Nanos => new(unchecked((ulong)_upper), _lower);

    /// <summary>True when <paramref name="value"/> is inside the range of an amount.</summary>
    public static bool Fits(decimal value) => FixedPoint.Fits(value);

    /// <summary>Takes a decimal as credits; false when it has more than 9 decimal places or is out of range.</summary>
    public static bool TryFrom(decimal value, out Credits credits)
    {
        var exact = FixedPoint.TryToNanos(value, out var nanos) && FixedPoint.Fits(nanos);
        credits = exact ? new Credits(nanos) : default;
        return exact;
    }

    /// <summary>Takes a decimal as credits.</summary>
    /// <exception cref="OverflowException">More than 9 decimal places, or out of range.</exception>
    public static Credits From(decimal value) =>
        TryFrom(value, out var credits) ? credits : throw new OverflowException($"{value.ToString(CultureInfo.InvariantCulture)} is not an amount of credits.");

    /// <summary>Takes a number of nano-credits.</summary>
    /// <exception cref="OverflowException">Out of range.</exception>
    public static Credits FromNanos(Int128 nanos) => InRange(nanos);

    public static Credits Min(Credits left, Credits right) => left.Nanos <= right.Nanos ? left : right;

    public static Credits Larger(Credits left, Credits right) => left.Nanos >= right.Nanos ? left : right;

    public static Credits operator +(Credits left, Credits right) => InRange(unchecked(left.Nanos + right.Nanos));

    public static Credits operator -(Credits left, Credits right) => InRange(unchecked(left.Nanos - right.Nanos));

    public static Credits operator -(Credits credits) => new(unchecked(-credits.Nanos));

    public static bool operator <(Credits left, Credits right) => left.Nanos < right.Nanos;

    public static bool operator >(Credits left, Credits right) => left.Nanos > right.Nanos;

    public static bool operator <=(Credits left, Credits right) => left.Nanos <= right.Nanos;

    public static bool operator >=(Credits left, Credits right) => left.Nanos >= right.Nanos;

    public int CompareTo(Credits other) => Nanos.CompareTo(other.Nanos);

    /// <summary>The amount in plain decimal notation, without trailing zeros, in the invariant culture.</summary>
    public override string ToString() => FixedPoint.Format(Value);

    /// <summary>Whether a sum is inside the range of an amount. Sums never leave what nanos can be.</summary>
    internal static bool FitsSum(Credits left, Credits right) => FixedPoint.Fits(unchecked(left.Nanos + right.Nanos));

    private static Credits InRange(Int128 nanos) =>
        FixedPoint.FitsComputed(nanos) ? new Credits(nanos) : throw new OverflowException("The amount of credits is out of range.");
}
