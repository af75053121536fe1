using Metering.Core.Charges;
using Metering.Core.Encoding;

namespace Metering.Core.Entries;

/// <summary>Usage was priced and deducted: the request, how each line was priced, and who paid.</summary>
public sealed record Charged : PaidOperation
{
    public override EntryKind Kind => EntryKind.Charged;

    /// <summary>Who numbered the charge instead of naming it.</summary>
    public string? Producer { get; init; }

    public long ProducerSequence { get; init; }

    /// <summary>Whether a charge says the same as the one recorded here: then it is a retry of it.</summary>
    public bool IsOf(Charge charge)
    {
        if (Mode != charge.Mode || Time != charge.Time || Producer != charge.Producer || Lines.Count != charge.Lines.Count)
        {
            return false;
        }

        for (var i = 0; i < Lines.Count; i++)
        {
            if (!Lines[i].Usage.SaysTheSameAs(charge.Lines[i]))
            {
                return false;
            }
        }

        return true;
    }

    internal static Charged Read(ref ByteReader reader, Header header) => new()
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
        Producer = reader.Flag() ? reader.Text() : null,
        ProducerSequence = reader.Number(),
    };

    internal override void WriteRest(ByteWriter writer)
    {
        writer.Flag(Producer is not null);
        if (Producer is not null)
        {
            writer.Text(Producer);
        }

        writer.Number(ProducerSequence);
    }
}
