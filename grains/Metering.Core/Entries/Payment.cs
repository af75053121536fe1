using Metering.Core.Encoding;

namespace Metering.Core.Entries;

/// <summary>Credits taken from a grant; negative when returned to it.</summary>
public readonly record struct Burn(string Grant, Credits Credits);

/// <summary>
/// Where credits were taken from or went back to. They balance: <see cref="Credits"/> = sum of <see cref="Burns"/> + <see cref="OverageAdded"/> −
/// what became a <see cref="Refund"/>.
/// </summary>
public sealed record Payment
{
    /// <summary>Nothing was paid.</summary>
    public static Payment None { get; } = new() { Burns = [] };

    /// <summary>By how much the balance went down; negative when credits came back.</summary>
    public Credits Credits { get; init; }

    /// <summary>By grant, in the order they were taken; negative ones were returned.</summary>
    public required IReadOnlyList<Burn> Burns { get; init; }

    /// <summary>Change of overage: what no grant covered; negative when it was paid back.</summary>
    public Credits OverageAdded { get; init; }

    /// <summary>Credits to return for which no grant had room any more: they became this new grant, of kind <c>refund</c>.</summary>
    public Burn? Refund { get; init; }

    internal void Write(ByteWriter writer)
    {
        writer.Amount(Credits);
        writer.Count(Burns.Count);
        for (var i = 0; i < Burns.Count; i++)
        {
            writer.Text(Burns[i].Grant);
            writer.Amount(Burns[i].Credits);
        }

        writer.Amount(OverageAdded);
        writer.Flag(Refund is not null);
        if (Refund is { } refund)
        {
            writer.Text(refund.Grant);
            writer.Amount(refund.Credits);
        }
    }

    internal static Payment Read(ref ByteReader reader)
    {
        var credits = reader.Credits();
        var burns = new Burn[reader.Count()];
        for (var i = 0; i < burns.Length; i++)
        {
            burns[i] = new Burn(reader.Text(), reader.Credits());
        }

        return new Payment
        {
            Credits = credits,
            Burns = burns,
            OverageAdded = reader.Credits(),
            Refund = reader.Flag() ? new Burn(reader.Text(), reader.Credits()) : null,
        };
    }
}
