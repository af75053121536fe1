using System.Globalization;

namespace Metering.Core;

/// <summary>
/// How much was used, in the meter's unit: an exact decimal with at most 9 decimal places, from 0 to
/// <see cref="Max"/>. Arithmetic is exact; a result outside the range throws <see cref="OverflowException"/>.
/// Kept as <see cref="Credits"/> are.
/// </summary>
public readonly record struct Quantity : IComparable<Quantity>
{
    private readonly ulong _lower;
    private readonly long _upper;

    private Quantity(Int128 nanos)
    {
        _lower = unchecked((ulong)nanos);
        _upper = unchecked((long)(nanos >> 64));
    }

    /// <summary>The largest quantity: 999,999,999,999,999,999.999999999.</summary>
    public static Quantity Max { get; } = new(FixedPoint.ToNanos(FixedPoint.Max));

    public static Quantity Zero => default;

    /// <summary>The quantity as a decimal. Its scale carries no meaning: 13 and 13.0 are equal.</summary>
    public decimal Value => FixedPoint.FromNanos(Nanos);

    public bool IsZero => (_lower | unchecked((ulong)_upper)) == 0;

    /// <summary>The quantity in 10⁻⁹ units: the form that is encoded, one per value.</summary>
    public Int128 Nanos => new(unchecked((ulong)_upper), _lower);

    /// <summary>True when <paramref name="value"/> is inside the range of a quantity.</summary>
    public static bool Fits(decimal value) => value >= 0m && FixedPoint.Fits(value);

    /// <summary>Takes a decimal as a quantity; false when it is negative, has more than 9 decimal places or is out of range.</summary>
    public static bool TryFrom(decimal value, out Quantity quantity)
    {
        quantity = default;
        return FixedPoint.TryToNanos(value, out var nanos) && TryFromNanos(nanos, out quantity);
    }

    /// <summary>Takes a decimal as a quantity.</summary>
    /// <exception cref="OverflowException">Negative, more than 9 decimal places, or out of range.</exception>
    public static Quantity From(decimal value) =>
        TryFrom(value, out var quantity) ? quantity : throw new OverflowException($"{value.ToString(CultureInfo.InvariantCulture)} is not a quantity.");

    /// <summary>Takes a number of 10⁻⁹ units.</summary>
    /// <exception cref="OverflowException">Out of range.</exception>
    public static Quantity FromNanos(Int128 nanos) =>
        TryFromNanos(nanos, out var quantity) ? quantity : throw new OverflowException("The quantity is out of range.");

    public static Quantity Min(Quantity left, Quantity right) => left.Nanos <= right.Nanos ? left : right;

    public static Quantity operator +(Quantity left, Quantity right) => FromNanos(unchecked(left.Nanos + right.Nanos));

    public static Quantity operator -(Quantity left, Quantity right) => FromNanos(unchecked(left.Nanos - right.Nanos));

    public static bool operator <(Quantity left, Quantity right) => left.Nanos < right.Nanos;

    public static bool operator >(Quantity left, Quantity right) => left.Nanos > right.Nanos;

    public static bool operator <=(Quantity left, Quantity right) => left.Nanos <= right.Nanos;

    public static bool operator >=(Quantity left, Quantity right) => left.Nanos >= right.Nanos;

    public int CompareTo(Quantity other) => Nanos.CompareTo(other.Nanos);

    /// <summary>The quantity in plain decimal notation, without trailing zeros, in the invariant culture.</summary>
    public override string ToString() => FixedPoint.Format(Value);

    /// <summary>The number of 10⁻⁹ units as a quantity; false when it is out of range.</summary>
    internal static bool TryFromNanos(Int128 nanos, out Quantity quantity)
    {
        var fits = nanos >= 0 && FixedPoint.Fits(nanos);
        quantity = fits ? new Quantity(nanos) : default;
        return fits;
    }
}
