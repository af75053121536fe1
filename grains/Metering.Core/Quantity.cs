using System.Globalization;

namespace Metering.Core;

/// <summary>
/// How much was used, in the meter's unit: an exact decimal with at most 9 decimal places, from 0 to
/// <see cref="Max"/>. Arithmetic is exact; a result outside the range throws <see cref="OverflowException"/>.
/// </summary>
public readonly record struct Quantity : IComparable<Quantity>
{
    private Quantity(decimal value) => Value = value;

    /// <summary>The largest quantity: 999,999,999,999,999,999.999999999.</summary>
    public static Quantity Max { get; } = new(FixedPoint.Max);

    public static Quantity Zero => default;

    /// <summary>The quantity as a decimal. Its scale carries no meaning: 13 and 13.0 are equal.</summary>
    public decimal Value { get; }

    public bool IsZero => Value == 0m;

    /// <summary>The quantity in 10⁻⁹ units: the form that is encoded, one per value.</summary>
    public Int128 Nanos => FixedPoint.ToNanos(Value);

    /// <summary>True when <paramref name="value"/> is inside the range of a quantity.</summary>
    public static bool Fits(decimal value) => value >= 0m && FixedPoint.Fits(value);

    /// <summary>Takes a decimal as a quantity; false when it is negative, has more than 9 decimal places or is out of range.</summary>
    public static bool TryFrom(decimal value, out Quantity quantity)
    {
        var exact = Fits(value) && FixedPoint.IsExact(value);
        quantity = exact ? new Quantity(value) : default;
        return exact;
    }

    /// <summary>Takes a decimal as a quantity.</summary>
    /// <exception cref="OverflowException">Negative, more than 9 decimal places, or out of range.</exception>
    public static Quantity From(decimal value) =>
        TryFrom(value, out var quantity) ? quantity : throw new OverflowException($"{value.ToString(CultureInfo.InvariantCulture)} is not a quantity.");

    /// <summary>Takes a number of 10⁻⁹ units.</summary>
    /// <exception cref="OverflowException">Out of range.</exception>
    public static Quantity FromNanos(Int128 nanos) => InRange(FixedPoint.FromNanos(nanos));

    public static Quantity Min(Quantity left, Quantity right) => left.Value <= right.Value ? left : right;

    public static Quantity operator +(Quantity left, Quantity right) => InRange(left.Value + right.Value);

    public static Quantity operator -(Quantity left, Quantity right) => InRange(left.Value - right.Value);

    public static bool operator <(Quantity left, Quantity right) => left.Value < right.Value;

    public static bool operator >(Quantity left, Quantity right) => left.Value > right.Value;

    public static bool operator <=(Quantity left, Quantity right) => left.Value <= right.Value;

    public static bool operator >=(Quantity left, Quantity right) => left.Value >= right.Value;

    public int CompareTo(Quantity other) => Value.CompareTo(other.Value);

    /// <summary>The quantity in plain decimal notation, without trailing zeros, in the invariant culture.</summary>
    public override string ToString() => FixedPoint.Format(Value);

    private static Quantity InRange(decimal value) =>
        Fits(value) ? new Quantity(value) : throw new OverflowException("The quantity is out of range.");
}
