using System.Collections.Concurrent;
using System.Text;
using Metering.Core;
using Metering.Core.Entries;
using Metering.Core.Pricing;

namespace Metering.Ledger.Rows;

/// <summary>
/// A line's tiers and adjustments as JSON: <c>[{"tier":1,"unitPrice":"0.01"},{"adjustment":"cap","credits":"-2"}]</c>. Amounts are strings in plain notation; what is
/// 0 is left out. Where one part is all of the line, its quantity and its credits are left out wherever they are the line's own: most lines of a price then have the same text, which costs next to nothing in a
/// segment.
/// </summary>
internal static class TierText
{
    /// <summary>Far more than prices have tiers.</summary>
    private const int MaxKnown = 10_000;

    private static readonly ConcurrentDictionary<(int Tier, Credits UnitPrice, Credits FlatPrice), string> Known = new();

    internal static string? Of(ChargedLine line)
    {
        var priced = line.Priced;
        if (priced.Tiers.Count + priced.Adjustments.Count == 0)
        {
            return null;
        }

        // One part is all of the line: what it says as the line does is not said twice. Free units and conversions make its quantity another.
        var isAll = priced.Tiers.Count == 1 && priced.Adjustments.Count == 0 && priced.Tiers[0].Credits == line.Taken;
        return isAll && priced.Tiers[0].Quantity == line.Usage.Quantity ? Whole(priced.Tiers[0]) : Text(priced, hasQuantities: true, hasCredits: !isAll);
    }

    private static string Whole(TierPart tier)
    {
        var key = (tier.Tier, tier.UnitPrice, tier.FlatPrice);
        if (!Known.TryGetValue(key, out var text))
        {
            text = Text(new PricedLine(tier.Credits, [tier], []), hasQuantities: false, hasCredits: false);
            if (Known.Count < MaxKnown)
            {
                Known[key] = text;
            }
        }

        return text;
    }

    private static string Text(PricedLine priced, bool hasQuantities, bool hasCredits)
    {
        var text = new StringBuilder("[");
        foreach (var tier in priced.Tiers)
        {
            text.Append(text.Length > 1 ? "," : "").Append("{\"tier\":").Append(tier.Tier);
            if (hasQuantities)
            {
                Append(text, "quantity", tier.Quantity.ToString());
            }

            if (!tier.UnitPrice.IsZero)
            {
                Append(text, "unitPrice", tier.UnitPrice.ToString());
            }

            if (!tier.FlatPrice.IsZero)
            {
                Append(text, "flatPrice", tier.FlatPrice.ToString());
            }

            if (hasCredits)
            {
                Append(text, "credits", tier.Credits.ToString());
            }

            text.Append('}');
        }

        foreach (var adjustment in priced.Adjustments)
        {
            text.Append(text.Length > 1 ? "," : "").Append("{\"adjustment\":\"").Append(KindName.Of(adjustment.Kind)).Append('"');
            Append(text, "credits", adjustment.Credits.ToString());
            text.Append('}');
        }

        return text.Append(']').ToString();
    }

    private static void Append(StringBuilder text, string name, string amount) => text.Append(",\"").Append(name).Append("\":\"").Append(amount).Append('"');
}
