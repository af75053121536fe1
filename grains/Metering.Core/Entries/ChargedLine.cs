using Metering.Core.Charges;
using Metering.Core.Encoding;
using Metering.Core.Pricing;

namespace Metering.Core.Entries;

/// <summary>One line as it was priced.</summary>
/// <param name="Usage">What was used.</param>
/// <param name="Price">The id of the price that fitted.</param>
/// <param name="QuantityBefore">Used under that price in the period before this line.</param>
/// <param name="Priced">Its price, and why.</param>
/// <param name="Taken">Credits taken for it: its price, or less in <c>upTo</c> mode.</param>
public sealed record ChargedLine(ChargeLine Usage, string Price, Quantity QuantityBefore, PricedLine Priced, Credits Taken)
{
    /// <summary>The counter's key as the card has it, to save making it again; not encoded, and null on a line that was read back.</summary>
    internal PriceKey? Key { get; init; }

    internal static void WriteAll(ByteWriter writer, IReadOnlyList<ChargedLine> lines)
    {
        writer.Count(lines.Count);
        for (var i = 0; i < lines.Count; i++)
        {
            lines[i].Write(writer);
        }
    }

    internal static ChargedLine[] ReadAll(ref ByteReader reader)
    {
        var lines = new ChargedLine[reader.Count()];
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = Read(ref reader);
        }

        return lines;
    }

    private void Write(ByteWriter writer)
    {
        writer.Text(Usage.Meter);
        writer.Amount(Usage.Quantity);
        Dimension.WriteAll(writer, Usage.Dimensions);
        writer.Text(Price);
        writer.Amount(QuantityBefore);
        writer.Amount(Priced.Credits);
        writer.Count(Priced.Tiers.Count);
        for (var i = 0; i < Priced.Tiers.Count; i++)
        {
            var tier = Priced.Tiers[i];
            writer.Number(tier.Tier);
            writer.Amount(tier.Quantity);
            writer.Amount(tier.UnitPrice);
            writer.Amount(tier.FlatPrice);
            writer.Amount(tier.Credits);
        }

        writer.Count(Priced.Adjustments.Count);
        for (var i = 0; i < Priced.Adjustments.Count; i++)
        {
            writer.Byte((byte)Priced.Adjustments[i].Kind);
            writer.Amount(Priced.Adjustments[i].Credits);
        }

        // Almost always the price itself: then one byte says so.
        writer.Flag(Taken != Priced.Credits);
        if (Taken != Priced.Credits)
        {
            writer.Amount(Taken);
        }
    }

    private static ChargedLine Read(ref ByteReader reader)
    {
        var usage = new ChargeLine(reader.Text(), reader.Quantity(), Dimension.ReadAll(ref reader));
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

        return new ChargedLine(usage, price, before, new PricedLine(credits, tiers, adjustments), reader.Flag() ? reader.Credits() : credits);
    }
}
