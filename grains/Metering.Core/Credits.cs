using System.Globalization;

namespace Metering.Core;

/// <summary>
/// An amount of credits: an exact decimal with at most <see cref="Decimals"/> decimal places. What is given or kept lies between
/// −<see cref="Max"/> and <see cref="Max"/>: decisions check <see cref="Fits"/> and refuse. Arithmetic is exact; a result
/// beyond ±2⁶³ throws <see cref="OverflowException"/> and never wraps.
/// </summary>
public readonly record struct Credits : IComparable<Credits>
{
    /// <summary>Decimal places kept: one nano-credit is the smallest amount.</summary>
    public const int Decimals = FixedPoint.Decimals;

    private Credits(decimal value) => Value = value;

    /// <summary>The largest amount: 999,999,999,999,999,999.999999999.</summary>
    public static Credits Max { get; } = new(FixedPoint.Max);

    public static Credits Zero => default;

    /// <summary>The amount as a decimal. Its scale carries no meaning: 13 and 13.0 are equal.</summary>
    public decimal Value { get; }

    public bool IsZero => Value == 0m;
    public bool IsNegative => Value < 0m;
    public bool IsPositive => Value > 0m;

    /// <summary>The amount in nano-credits (10⁻⁹ credit): the form that is encoded, one per value.</summary>
    public Int128 Nanos => FixedPoint.ToNanos(Value);

    /// <summary>True when <paramref name="value"/> is inside the range of an amount.</summary>
    public static bool Fits(decimal value) => FixedPoint.Fits(value);

    /// <summary>Takes a decimal as credits; false when it has more than 9 decimal places or is out of range.</summary>
    public static bool TryFrom(decimal value, out Credits credits)
    {
        var exact = FixedPoint.Fits(value) && FixedPoint.IsExact(value);
        credits = exact ? new Credits(value) : default;
        return exact;
    }

    /// <summary>Takes a decimal as credits.</summary>
    /// <exception cref="OverflowException">More than 9 decimal places, or out of range.</exception>
    public static Credits From(decimal value) =>
        TryFrom(value, out var credits) ? credits : throw new OverflowException($"{value.ToString(CultureInfo.InvariantCulture)} is not an amount of credits.");

    /// <summary>Takes a number of nano-credits.</summary>
    /// <exception cref="OverflowException">Out of range.</exception>
    public static Credits FromNanos(Int128 nanos) => InRange(FixedPoint.FromNanos(nanos));

    public static Credits Min(Credits left, Credits right) => left.Value <= right.Value ? left : right;

    public static Credits Larger(Credits left, Credits right) => left.Value >= right.Value ? left : right;

    public static Credits operator +(Credits left, Credits right) => InRange(left.Value + right.Value);

    public static Credits operator -(Credits left, Credits right) => InRange(left.Value - right.Value);

    public static Credits operator -(Credits credits) => new(-credits.Value);

    public static bool operator <(Credits left, Credits right) => left.Value < right.Value;

    public static bool operator >(Credits left, Credits right) => left.Value > right.Value;

    public static bool operator <=(Credits left, Credits right) => left.Value <= right.Value;

    public static bool operator >=(Credits left, Credits right) => left.Value >= right.Value;

    public int CompareTo(Credits other) => Value.CompareTo(other.Value);

    /// <summary>The amount in plain decimal notation, without trailing zeros, in the invariant culture.</summary>
    public override string ToString() => FixedPoint.Format(Value);

    private static Credits InRange(decimal value) =>
        FixedPoint.FitsComputed(value) ? new Credits(value) : throw new OverflowException("The amount of credits is out of range.");
}
