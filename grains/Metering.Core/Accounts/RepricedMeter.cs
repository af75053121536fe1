namespace Metering.Core.Accounts;

/// <summary>What the usage of a meter came to, and what it would have come to (<see cref="Repricing"/>).</summary>
public sealed class RepricedMeter
{
    private Int128 _quantity;
    private Int128 _unpriced;
    private Int128 _credits;
    private Int128 _simulated;

    internal RepricedMeter(string meter) => Meter = meter;

    /// <summary>Empty for credits that were settled for no meter.</summary>
    public string Meter { get; }

    /// <summary>What was used less what was given back.</summary>
    /// <exception cref="OverflowException">It is more than a decimal holds. So of the others.</exception>
    public decimal Quantity => FixedPoint.FromNanos(_quantity);

    /// <summary>How much of it the draft has no price for.</summary>
    public decimal Unpriced => FixedPoint.FromNanos(_unpriced);

    /// <summary>Credits taken less those given back.</summary>
    public decimal Credits => FixedPoint.FromNanos(_credits);

    /// <summary>The same under the draft.</summary>
    public decimal Simulated => FixedPoint.FromNanos(_simulated);

    internal void Add(Int128 quantity, Int128 credits, Int128 simulated, bool isPriced)
    {
        _quantity = unchecked(_quantity + quantity);
        _unpriced = unchecked(_unpriced + (isPriced ? 0 : quantity));
        _credits = unchecked(_credits + credits);
        _simulated = unchecked(_simulated + simulated);
    }
}
