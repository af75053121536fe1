using Metering.Core.Charges;
using Metering.Core.Encoding;

namespace Metering.Core.Entries;

/// <summary>A charge was given back, wholly or in part.</summary>
public sealed record Reversed : Operation
{
    public override EntryKind Kind => EntryKind.Reversed;

    /// <summary>The charge or settle that was given back.</summary>
    public required string Charge { get; init; }

    /// <summary>The quantity the request asked to give back; null for all that was left.</summary>
    public Quantity? Asked { get; init; }

    /// <summary>The period whose counters the quantities return to, and by how much under each price.</summary>
    public required DateTimeOffset PeriodStart { get; init; }

    public required string Card { get; init; }
    public required IReadOnlyList<ReversedLine> Lines { get; init; }

    /// <summary>When the charge was made: its budgets are given back only while that window lasts.</summary>
    public required DateTimeOffset ChargedAt { get; init; }

    /// <summary>The entry of the charge: a budget that began to count after it never counted it.</summary>
    public required long ChargedSequence { get; init; }

    /// <summary>Negative credits: what came back.</summary>
    public required Payment Payment { get; init; }

    /// <summary>Whether a request says the same as the one recorded here: then it is a retry of it.</summary>
    public bool IsOf(Reverse reverse) => Charge == reverse.Charge && Asked == reverse.Quantity;

    internal static Reversed Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Id = reader.Text(),
        Time = reader.OptionalInstant(),
        Charge = reader.Text(),
        Asked = reader.Flag() ? reader.Quantity() : null,
        PeriodStart = reader.Instant(),
        Card = reader.Text(),
        Lines = ReadLines(ref reader),
        ChargedAt = reader.Instant(),
        ChargedSequence = reader.Number(),
        Payment = Payment.Read(ref reader),
    };

    internal override void WriteOperation(ByteWriter writer)
    {
        writer.Text(Charge);
        writer.Flag(Asked is not null);
        if (Asked is { } asked)
        {
            writer.Amount(asked);
        }

        writer.Instant(PeriodStart);
        writer.Text(Card);
        writer.Count(Lines.Count);
        foreach (var line in Lines)
        {
            writer.Text(line.Meter);
            writer.Text(line.Price);
            Dimension.WriteAll(writer, line.Dimensions);
            writer.Amount(line.Quantity);
            writer.Amount(line.Credits);
        }

        writer.Instant(ChargedAt);
        writer.Number(ChargedSequence);
        Payment.Write(writer);
    }

    private static ReversedLine[] ReadLines(ref ByteReader reader)
    {
        var lines = new ReversedLine[reader.Count()];
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = new ReversedLine(reader.Text(), reader.Text(), Dimension.ReadAll(ref reader), reader.Quantity(), reader.Credits());
        }

        return lines;
    }
}

/// <summary>What of a line came back. <c>Price</c> is empty for a settle made as credits.</summary>
public sealed record ReversedLine(string Meter, string Price, Dimension[] Dimensions, Quantity Quantity, Credits Credits);
