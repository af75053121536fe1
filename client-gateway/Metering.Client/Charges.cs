namespace Metering.Client;

/// <summary>What becomes of a charge that does not fit the available credits.</summary>
public enum ChargeMode
{
    /// <summary>Refused.</summary>
    Enforce = 0,

    /// <summary>Takes what is available and reports the uncovered rest.</summary>
    UpTo = 1,

    /// <summary>It happened: recorded in full, as overage if need be.</summary>
    Record = 2,
}

/// <summary>Usage to price and deduct.</summary>
public sealed record Charge
{
    /// <summary>Yours: 1 to 128 of <c>A-Z a-z 0-9 . _ : -</c>. A retry sends the same.</summary>
    public required string Id { get; init; }

    /// <summary>1 to 32 lines.</summary>
    public required IReadOnlyList<ChargeLine> Lines { get; init; }

    /// <summary>When the usage happened; now when left out.</summary>
    public DateTimeOffset? Time { get; init; }

    public ChargeMode Mode { get; init; }

    /// <summary>One line of one meter.</summary>
    public static Charge Of(string id, string meter, decimal quantity, IReadOnlyDictionary<string, string>? dimensions = null) =>
        new() { Id = id, Lines = [new ChargeLine(meter, quantity) { Dimensions = dimensions }] };
}

/// <summary>One meter's usage.</summary>
/// <param name="Meter">The meter.</param>
/// <param name="Quantity">In its unit: 0 or more, at most 9 decimal places.</param>
public sealed record ChargeLine(string Meter, decimal Quantity)
{
    /// <summary>At most 16; names of 64, values of 256 characters.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }
}

/// <summary>A charge of a batch, with its account.</summary>
public sealed record AccountCharge(string Account, Charge Charge);

/// <summary>A charge as it was made.</summary>
public sealed record ChargeReply
{
    public required string Id { get; init; }

    /// <summary>Credits charged; negative when a volume price reached a cheaper tier.</summary>
    public required decimal Credits { get; init; }

    /// <summary>What an <see cref="ChargeMode.UpTo"/> charge could not take.</summary>
    public required decimal Uncovered { get; init; }

    public required decimal Balance { get; init; }
    public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry that holds the charge.</summary>
    public required long Sequence { get; init; }

    /// <summary>Whether it had been charged before, and this is the original answer.</summary>
    public required bool Replayed { get; init; }

    /// <summary>Codes of the rules that a <see cref="ChargeMode.Record"/> charge passed.</summary>
    public required IReadOnlyList<string> Violations { get; init; }
}
