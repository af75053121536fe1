namespace Metering.Core.Charges;

/// <summary>What becomes of a charge that does not fit the available credits. The numbers are encoded: they never change meaning.</summary>
public enum ChargeMode
{
    /// <summary>Refused.</summary>
    Enforce = 0,

    /// <summary>Takes what is available and reports the uncovered rest.</summary>
    UpTo = 1,

    /// <summary>It happened: recorded in full, as overage if need be.</summary>
    Record = 2,
}

/// <summary>Usage to price and deduct, all lines or none.</summary>
/// <param name="Id">The caller's id, or for a numbering producer the two together.</param>
/// <param name="Lines">At least one.</param>
/// <param name="Time">When the usage happened; now when not given.</param>
/// <param name="Mode">What becomes of it when it does not fit.</param>
/// <param name="Producer">Who numbers its charges instead of naming them.</param>
/// <param name="ProducerSequence">With <paramref name="Producer"/>: 1 or more.</param>
/// <param name="FirstSentAgo">When it is sent again: how long ago it was first sent; zero the first time. No part of what makes two charges the same.</param>
public sealed record Charge(
    string Id,
    IReadOnlyList<ChargeLine> Lines,
    DateTimeOffset? Time,
    ChargeMode Mode,
    string? Producer = null,
    long ProducerSequence = 0,
    TimeSpan FirstSentAgo = default);

/// <summary>One line of usage. Dimensions are sorted by name, ordinal, each name once.</summary>
public sealed record ChargeLine(string Meter, Quantity Quantity, Dimension[] Dimensions)
{
    /// <summary>Whether both say the same: what makes a request with a known id a retry.</summary>
    public bool SaysTheSameAs(ChargeLine other) =>
        Meter == other.Meter && Quantity == other.Quantity && Dimensions.AsSpan().SequenceEqual(other.Dimensions);
}
