namespace Metering.Core.Pricing;

/// <summary>A named kind of usage, with the prices one version of a card has for it.</summary>
public sealed class Meter
{
    private readonly Price[] _prices;

    internal Meter(string name, string unit, Price[] prices)
    {
        Name = name;
        Unit = unit;
        _prices = prices;
    }

    public string Name { get; }

    /// <summary>In words, singular: token, call, byte.</summary>
    public string Unit { get; }

    public IReadOnlyList<Price> Prices => _prices;

    /// <summary>The first price that fits usage with these dimensions, which are sorted by name (ordinal); none when no price does.</summary>
    public Price? Match(ReadOnlySpan<Dimension> dimensions)
    {
        foreach (var price in _prices)
        {
            if (price.Fits(dimensions))
            {
                return price;
            }
        }

        return null;
    }
}
