namespace Metering.Core.Pricing;

/// <summary>
/// Names the counter of a price: the card, the meter and the price's id. It has no version, so usage counted under one
/// version of a card goes on being counted under the next.
/// </summary>
public sealed class PriceKey : IEquatable<PriceKey>
{
    private readonly int _hash;

    public PriceKey(string card, string meter, string price)
    {
        Card = card;
        Meter = meter;
        Price = price;
        _hash = HashCode.Combine(card, meter, price);
    }

    public string Card { get; }
    public string Meter { get; }
    public string Price { get; }

    public bool Equals(PriceKey? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && Price == other.Price && Meter == other.Meter && Card == other.Card);

    public override bool Equals(object? obj) => Equals(obj as PriceKey);

    public override int GetHashCode() => _hash;

    public override string ToString() => $"{Card}/{Meter}/{Price}";
}
