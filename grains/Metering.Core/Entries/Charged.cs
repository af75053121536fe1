using Metering.Core.Charges;
using Metering.Core.Encoding;
using Metering.Core.Pricing;

namespace Metering.Core.Entries;

/// <summary>Usage was priced and deducted: the request, how each line was priced, and who paid.</summary>
public sealed record Charged : Entry
{
    public override EntryKind Kind => EntryKind.Charged;
    public required string Id { get; init; }
    public required ChargeMode Mode { get; init; }

    /// <summary>When the usage happened, if the request said.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Start of the period that counts the usage.</summary>
    public required DateTimeOffset PeriodStart { get; init; }

    /// <summary>The card and version that priced it.</summary>
    public required string Card { get; init; }

    public required int Version { get; init; }
    public required IReadOnlyList<ChargedLine> Lines { get; init; }

    /// <summary>Credits charged: the sum of the lines less <see cref="Uncovered"/>. Negative when a volume price gave some back.</summary>
    public required Credits Credits { get; init; }

    /// <summary>What an <c>upTo</c> charge could not take.</summary>
    public required Credits Uncovered { get; init; }

    /// <summary>Credits by grant, in the order they were taken; negative ones were returned.</summary>
    public required IReadOnlyList<Burn> Burns { get; init; }

    /// <summary>Change of overage: what no grant covered.</summary>
    public required Credits OverageAdded { get; init; }

    /// <summary>Credits to return for which no grant had room any more: they became this new grant, of kind <c>refund</c>.</summary>
    public Burn? Refund { get; init; }

    /// <summary>Rules that a <c>record</c> charge passed.</summary>
    public required IReadOnlyList<ChargeOutcome> Violations { get; init; }

    /// <summary>Whether a charge says the same as the one recorded here: then it is a retry of it.</summary>
    public bool IsOf(Charge charge)
    {
        if (Mode != charge.Mode || Time != charge.Time || Lines.Count != charge.Lines.Count)
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

    internal static Charged Read(ref ByteReader reader, Header header)
    {
        var charged = new Charged
        {
            Sequence = header.Sequence,
            At = header.At,
            Balance = header.Balance,
            Available = header.Available,
            Id = reader.Text(),
            Mode = reader.Enum<ChargeMode>(),
            Time = reader.OptionalInstant(),
            PeriodStart = reader.Instant(),
            Card = reader.Text(),
            Version = reader.Small(),
            Lines = ReadLines(ref reader),
            Credits = reader.Credits(),
            Uncovered = reader.Credits(),
            Burns = ReadBurns(ref reader),
            OverageAdded = reader.Credits(),
            Refund = reader.Flag() ? new Burn(reader.Text(), reader.Credits()) : null,
            Violations = ReadViolations(ref reader),
        };
        return charged;
    }

    /// <summary>The id and usage time of an encoded charge, without decoding the rest.</summary>
    internal static (string Id, DateTimeOffset? Time) PeekIdentity(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        reader.Byte();
        reader.Number();
        reader.Instant();
        reader.Credits();
        reader.Credits();
        var id = reader.Text();
        reader.Byte();
        return (id, reader.OptionalInstant());
    }

    internal override void WriteFields(ByteWriter writer)
    {
        writer.Text(Id);
        writer.Byte((byte)Mode);
        writer.OptionalInstant(Time);
        writer.Instant(PeriodStart);
        writer.Text(Card);
        writer.Number(Version);
        writer.Count(Lines.Count);
        foreach (var line in Lines)
        {
            line.Write(writer);
        }

        writer.Amount(Credits);
        writer.Amount(Uncovered);
        writer.Count(Burns.Count);
        foreach (var burn in Burns)
        {
            writer.Text(burn.Grant);
            writer.Amount(burn.Credits);
        }

        writer.Amount(OverageAdded);
        writer.Flag(Refund is not null);
        if (Refund is { } refund)
        {
            writer.Text(refund.Grant);
            writer.Amount(refund.Credits);
        }

        writer.Count(Violations.Count);
        foreach (var violation in Violations)
        {
            writer.Byte((byte)violation);
        }
    }

    private static ChargedLine[] ReadLines(ref ByteReader reader)
    {
        var lines = new ChargedLine[reader.Count()];
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = ChargedLine.Read(ref reader);
        }

        return lines;
    }

    private static Burn[] ReadBurns(ref ByteReader reader)
    {
        var burns = new Burn[reader.Count()];
        for (var i = 0; i < burns.Length; i++)
        {
            burns[i] = new Burn(reader.Text(), reader.Credits());
        }

        return burns;
    }

    private static ChargeOutcome[] ReadViolations(ref ByteReader reader)
    {
        var violations = new ChargeOutcome[reader.Count()];
        for (var i = 0; i < violations.Length; i++)
        {
            violations[i] = reader.Enum<ChargeOutcome>();
        }

        return violations;
    }
}

/// <summary>Credits taken from a grant; negative when returned to it.</summary>
public readonly record struct Burn(string Grant, Credits Credits);

/// <summary>One line as it was priced.</summary>
public sealed record ChargedLine(ChargeLine Usage, string Price, Quantity QuantityBefore, PricedLine Priced)
{
    internal void Write(ByteWriter writer)
    {
        writer.Text(Usage.Meter);
        writer.Amount(Usage.Quantity);
        writer.Count(Usage.Dimensions.Length);
        foreach (var dimension in Usage.Dimensions)
        {
            writer.Text(dimension.Name);
            writer.Text(dimension.Value);
        }

        writer.Text(Price);
        writer.Amount(QuantityBefore);
        writer.Amount(Priced.Credits);
        writer.Count(Priced.Tiers.Count);
        foreach (var tier in Priced.Tiers)
        {
            writer.Number(tier.Tier);
            writer.Amount(tier.Quantity);
            writer.Amount(tier.UnitPrice);
            writer.Amount(tier.FlatPrice);
            writer.Amount(tier.Credits);
        }

        writer.Count(Priced.Adjustments.Count);
        foreach (var adjustment in Priced.Adjustments)
        {
            writer.Byte((byte)adjustment.Kind);
            writer.Amount(adjustment.Credits);
        }
    }

    internal static ChargedLine Read(ref ByteReader reader)
    {
        var meter = reader.Text();
        var quantity = reader.Quantity();
        var dimensions = new Dimension[reader.Count()];
        for (var i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = new Dimension(reader.Text(), reader.Text());
        }

        var price = reader.Text();
        var before = reader.Quantity();
        var credits = reader.Credits();
        var tiers = new TierPart[reader.Count()];
        for (var i = 0; i < tiers.Length; i++)
        {
            tiers[i] = new TierPart(reader.Small(), reader.Quantity(), reader.Credits(), reader.Credits(), reader.Credits());
        }

        var adjustments = new Adjustment[reader.Count()];
        for (var i = 0; i < adjustments.Length; i++)
        {
            adjustments[i] = new Adjustment(reader.Enum<AdjustmentKind>(), reader.Credits());
        }

        return new ChargedLine(new ChargeLine(meter, quantity, dimensions), price, before, new PricedLine(credits, tiers, adjustments));
    }
}
