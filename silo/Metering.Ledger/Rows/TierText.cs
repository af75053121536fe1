using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Metering.Core;
using Metering.Core.Entries;
using Metering.Core.Pricing;

namespace Metering.Ledger.Rows;

/// <summary>
/// A line's tiers and adjustments as JSON: <c>[{"tier":1,"unitPrice":"0.01"},{"adjustment":"cap","credits":"-2"}]</c>. Amounts are strings in plain notation; what is
/// 0 is left out. Where one part is all of the line, its quantity and its credits are left out wherever they are the line's own; and its quantity also where it is the line's divided by a power of ten, as conversions
/// mostly make it, which <c>per</c> then says (<c>{"tier":1,"per":"1000","unitPrice":"0.01"}</c>: 0.01 for 1000). Most lines of a price then have the same text, which costs next to nothing in a segment.
/// </summary>
internal static class TierText
{
    /// <summary>Far more than prices have tiers.</summary>
    private const int MaxKnown = 10_000;

    private const decimal LargestPer = 1_000_000_000m;

    private static readonly ConcurrentDictionary<(int Tier, Credits UnitPrice, Credits FlatPrice, decimal Per), string> Known = new();

    [ThreadStatic]
    private static Last? _last;

    internal static string? Of(ChargedLine line)
    {
        var priced = line.Priced;
        if (priced.Tiers.Count + priced.Adjustments.Count == 0)
        {
            return null;
        }

        // One part is all of the line: what it says as the line does is not said twice. Free units make its quantity another, and so do conversions that round.
        var isAll = priced.Tiers.Count == 1 && priced.Adjustments.Count == 0 && priced.Tiers[0].Credits == line.Taken;
        return isAll && Per(line.Usage.Quantity.Value, priced.Tiers[0].Quantity.Value) is { } per ? Whole(priced.Tiers[0], per) : Text(priced, per: null, hasCredits: !isAll);
    }

    /// <summary>The text of a line that one tier is all of; null where its quantity has to be said.</summary>
    internal static string? Of(Quantity used, in TierPart tier) =>
        used == tier.Quantity ? Whole(tier, 1) : Per(used.Value, tier.Quantity.Value) is { } per ? Whole(tier, per) : null;

    /// <summary>The power of ten that the line's quantity is divided by to be the tier's, exactly; null when there is none.</summary>
    private static decimal? Per(decimal used, decimal priced)
    {
        if (used == priced)
        {
            return 1;
        }

        if (used == 0 || priced == 0)
        {
            return null;
        }

        // By division and not by multiplication, which may overflow; a quotient that was rounded is no power of ten, or does not come out again.
        var per = used / priced;
        for (var power = 1m / LargestPer; power <= LargestPer; power *= 10)
        {
            if (power == per)
            {
                return used / power == priced ? power : null;
            }
        }

        return null;
    }

    private static string Whole(in TierPart tier, decimal per)
    {
        // Mostly the same as the one before.
        var key = (tier.Tier, tier.UnitPrice, tier.FlatPrice, per);
        if (_last is { } last && last.Key == key)
        {
            return last.Text;
        }

        if (!Known.TryGetValue(key, out var text))
        {
            text = Text(new PricedLine(tier.Credits, [tier], []), per, hasCredits: false);
            if (Known.Count < MaxKnown)
            {
                Known[key] = text;
            }
        }

        _last = new Last(key, text);
        return text;
    }

    /// <param name="priced">The line.</param>
    /// <param name="per">The power of ten that stands for the quantity of its only tier; null where quantities are said.</param>
    /// <param name="hasCredits">Whether credits of tiers are said.</param>
    private static string Text(PricedLine priced, decimal? per, bool hasCredits)
    {
        var text = new StringBuilder("[");
        foreach (var tier in priced.Tiers)
        {
            text.Append(text.Length > 1 ? "," : "").Append("{\"tier\":").Append(tier.Tier);
            if (per is null)
            {
                Append(text, "quantity", tier.Quantity.ToString());
            }
            else if (per != 1)
            {
                Append(text, "per", per.Value.ToString("0.#########", CultureInfo.InvariantCulture));
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

    private sealed record Last((int Tier, Credits UnitPrice, Credits FlatPrice, decimal Per) Key, string Text);
}
