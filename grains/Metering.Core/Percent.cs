using System.Globalization;

namespace Metering.Core;

/// <summary>A share of a hundred: 0 to 100, at most 9 decimal places.</summary>
public readonly record struct Percent : IComparable<Percent>
{
    private Percent(decimal value) => Value = value;

    public static Percent Zero => default;

    /// <summary>The percentage as a decimal. Its scale carries no meaning: 10 and 10.0 are equal.</summary>
    public decimal Value { get; }

    public bool IsZero => Value == 0m;

    /// <summary>What is left of 1 when this share is taken off: exact, at most 11 decimal places.</summary>
    internal decimal Rest => (100m - Value) * 0.01m;

    /// <summary>Takes a decimal as a percentage; false when it is below 0, above 100 or has more than 9 decimal places.</summary>
    public static bool TryFrom(decimal value, out Percent percent)
    {
        var valid = value is >= 0m and <= 100m && FixedPoint.IsExact(value);
        // Trailing zeros go: with up to 28 of them the rest of 1 could no longer be written exactly.
        percent = valid ? new Percent(decimal.Round(value, FixedPoint.Decimals)) : default;
        return valid;
    }

    /// <summary>Takes a decimal as a percentage.</summary>
    /// <exception cref="OverflowException">Below 0, above 100, or more than 9 decimal places.</exception>
    public static Percent From(decimal value) =>
        TryFrom(value, out var percent) ? percent : throw new OverflowException($"{value.ToString(CultureInfo.InvariantCulture)} is not a percentage.");

    public static bool operator <(Percent left, Percent right) => left.Value < right.Value;

    public static bool operator >(Percent left, Percent right) => left.Value > right.Value;

    public static bool operator <=(Percent left, Percent right) => left.Value <= right.Value;

    public static bool operator >=(Percent left, Percent right) => left.Value >= right.Value;

    public int CompareTo(Percent other) => Value.CompareTo(other.Value);

    /// <summary>The percentage in plain decimal notation, without trailing zeros, in the invariant culture.</summary>
    public override string ToString() => FixedPoint.Format(Value);
}
