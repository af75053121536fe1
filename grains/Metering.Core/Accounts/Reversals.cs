using Metering.Core.Encoding;
using Metering.Core.Entries;

namespace Metering.Core.Accounts;

/// <summary>What of a charge was given back so far.</summary>
/// <param name="Quantity">Of its only line.</param>
/// <param name="Credits">In all.</param>
/// <param name="Whole">Nothing is left to give back.</param>
internal readonly record struct ReversedSoFar(Quantity Quantity, Credits Credits, bool Whole)
{
    /// <summary>With another reversal of the same charge.</summary>
    internal ReversedSoFar With(Reversed reversed)
    {
        var partly = reversed.Asked is not null;
        return new ReversedSoFar(partly ? Quantity + reversed.Lines[^1].Quantity : Quantity, Credits - reversed.Payment.Credits, Whole: !partly);
    }
}

/// <summary>What was given back of the charges that are remembered.</summary>
internal sealed class Reversals
{
    private Dictionary<string, ReversedSoFar>? _byCharge;

    /// <summary>What an account has that never had any: one object for a million of them. It is never changed.</summary>
    internal static Reversals None { get; } = new();

    internal bool Any => _byCharge is { Count: > 0 };

    internal ReversedSoFar Of(string charge) => _byCharge is null ? default : _byCharge.GetValueOrDefault(charge);

    /// <summary>One that may be changed.</summary>
    internal Reversals Own() => ReferenceEquals(this, None) ? new() : this;

    internal void Set(string charge, ReversedSoFar reversed) => (_byCharge ??= new(StringComparer.Ordinal))[charge] = reversed;

    internal void Forget(string charge) => _byCharge?.Remove(charge);

    internal void Write(ByteWriter writer)
    {
        writer.Count(_byCharge?.Count ?? 0);
        foreach (var (charge, reversed) in _byCharge?.OrderBy(pair => pair.Key, StringComparer.Ordinal) ?? Enumerable.Empty<KeyValuePair<string, ReversedSoFar>>())
        {
            writer.Text(charge);
            writer.Amount(reversed.Quantity);
            writer.Amount(reversed.Credits);
            writer.Flag(reversed.Whole);
        }
    }

    internal static Reversals Read(ref ByteReader reader)
    {
        var reversals = new Reversals();
        for (var left = reader.Count(); left > 0; left--)
        {
            reversals.Set(reader.Text(), new ReversedSoFar(reader.Quantity(), reader.Credits(), reader.Flag()));
        }

        return reversals.Any ? reversals : None;
    }
}
