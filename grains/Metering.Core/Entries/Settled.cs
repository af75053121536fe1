using Metering.Core.Charges;
using Metering.Core.Encoding;
using Metering.Core.Holds;

namespace Metering.Core.Entries;

/// <summary>A hold's actual usage was deducted, by a quantity or as credits (then its only line has no price).</summary>
public sealed record Settled : PaidOperation
{
    public override EntryKind Kind => EntryKind.Settled;
    public required string Hold { get; init; }

    /// <summary>The credits asked for, when it was not a quantity.</summary>
    public Credits? Asked { get; init; }

    /// <summary>Whether it closed the hold.</summary>
    public required bool Final { get; init; }

    /// <summary>Held credits that this used up.</summary>
    public required Credits Used { get; init; }

    /// <summary>Held credits that are available again.</summary>
    public required Credits Released { get; init; }

    /// <summary>Whether a request says the same as the one recorded here: then it is a retry of it.</summary>
    public bool IsOf(Settle settle) =>
        Hold == settle.Hold && Mode == settle.Mode && Final == settle.Final && Asked == settle.Credits
        && (Asked is not null ? settle.Quantity is null : Lines[0].Usage.Quantity == settle.Quantity);

    internal static Settled Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Id = reader.Text(),
        Time = reader.OptionalInstant(),
        Mode = reader.Enum<ChargeMode>(),
        PeriodStart = reader.Instant(),
        Card = reader.Text(),
        Version = reader.Small(),
        Lines = ChargedLine.ReadAll(ref reader),
        Payment = Payment.Read(ref reader),
        Uncovered = reader.Credits(),
        Violations = ReadViolations(ref reader),
        Shadowed = ReadShadowed(ref reader),
        Crossed = ReadCrossed(ref reader),
        Hold = reader.Text(),
        Asked = reader.Flag() ? reader.Credits() : null,
        Final = reader.Flag(),
        Used = reader.Credits(),
        Released = reader.Credits(),
    };

    internal override void WriteRest(ByteWriter writer)
    {
        writer.Text(Hold);
        writer.Flag(Asked is not null);
        if (Asked is { } asked)
        {
            writer.Amount(asked);
        }

        writer.Flag(Final);
        writer.Amount(Used);
        writer.Amount(Released);
    }
}
