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
public sealed record Charge(string Id, IReadOnlyList<ChargeLine> Lines, DateTimeOffset? Time, ChargeMode Mode);

/// <summary>One line of usage. Dimensions are sorted by name, ordinal, each name once.</summary>
public sealed record ChargeLine(string Meter, Quantity Quantity, Dimension[] Dimensions)
{
    /// <summary>Whether both say the same: what makes a request with a known id a retry.</summary>
    public bool SaysTheSameAs(ChargeLine other) =>
        Meter == other.Meter && Quantity == other.Quantity && Dimensions.AsSpan().SequenceEqual(other.Dimensions);
}

/// <summary>How a charge ended. The first reason that applies is given, in this order.</summary>
public enum ChargeOutcome
{
    Charged = 0,
    AccountNotFound,
    RateCardNotFound,
    IdReused,
    UnknownMeter,
    NoPrice,
    TooOld,
    InFuture,
    OutOfRange,
    InsufficientCredits,
}
