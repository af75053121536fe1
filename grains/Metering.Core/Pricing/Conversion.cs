namespace Metering.Core.Pricing;

/// <summary>From the meter's unit to the unit that is priced. It works on the period's cumulative quantity, rounding included.</summary>
internal sealed class Conversion
{
    private readonly decimal _factor;
    private readonly decimal _divisor;
    private readonly MidpointRounding? _rounding;
    private readonly int _decimals;

    private Conversion(decimal factor, decimal divisor, MidpointRounding? rounding, int decimals)
    {
        _factor = factor;
        _divisor = divisor;
        _rounding = rounding;
        _decimals = decimals;
    }

    internal static Conversion Multiply(decimal factor, ConversionRounding rounding, int decimals) =>
        new(factor, divisor: 0m, Midpoint(rounding), decimals);

    /// <summary>Dividing by 1,000 is multiplying by 0.001: cheaper, and as exact, whenever the reciprocal is a decimal.</summary>
    internal static Conversion Divide(decimal divisor, ConversionRounding rounding, int decimals)
    {
        var reciprocal = 1m / divisor;
        var terminates = (new Exact(divisor) * reciprocal).CompareTo(1m) == 0;
        return new(terminates ? reciprocal : 0m, terminates ? 0m : divisor, Midpoint(rounding), decimals);
    }

    /// <summary>False when there are more units than a quantity can be.</summary>
    internal bool TryConvert(Exact quantity, out Exact units)
    {
        units = _divisor == 0m ? quantity * _factor : quantity / _divisor;
        if (_rounding is not { } rounding)
        {
            return units.CompareTo(FixedPoint.Max) <= 0;
        }

        var fits = units.TryRound(_decimals, rounding, out var rounded);
        units = new Exact(rounded);
        return fits;
    }

    // Quantities are never negative: up is away from zero, down towards it.
    private static MidpointRounding? Midpoint(ConversionRounding rounding) => rounding switch
    {
        ConversionRounding.None => null,
        ConversionRounding.Up => MidpointRounding.ToPositiveInfinity,
        ConversionRounding.Down => MidpointRounding.ToZero,
        ConversionRounding.HalfUp => MidpointRounding.AwayFromZero,
    };
}
