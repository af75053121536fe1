using Metering.Core.Encoding;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

/// <summary>
/// What was used under each price in each period: the Q of F(Q). A counter keeps the three periods it counted in last, because usage may
/// be counted in the account's current period, the one before (late usage) or the one after (stamped a little ahead).
/// </summary>
/// <remarks>
/// Not the three that begin last: an account that changes from hours to months counts in a month that began before the hours it has counted. A
/// period is known by its start, so one that is changed and changed back goes on where it was.
/// </remarks>
internal sealed class UsageCounters
{
    private const int MaxPeriods = 3;

    // Shared until something is counted.
    private static readonly Dictionary<PriceKey, Slot[]> None = [];

    private Dictionary<PriceKey, Slot[]> _slots = None;

    internal IEnumerable<(PriceKey Price, DateTimeOffset PeriodStart, Quantity Quantity)> All =>
        _slots.SelectMany(pair => pair.Value.Select(slot => (pair.Key, slot.Start, slot.Quantity)));

    /// <summary>A meter's name as it is kept here, if it is: one string instead of two.</summary>
    internal string NameOf(string meter)
    {
        foreach (var price in _slots.Keys)
        {
            if (price.Meter == meter)
            {
                return price.Meter;
            }
        }

        return meter;
    }

    internal Quantity Get(PriceKey price, DateTimeOffset periodStart)
    {
        if (_slots.TryGetValue(price, out var slots))
        {
            foreach (var slot in slots)
            {
                if (slot.Start == periodStart)
                {
                    return slot.Quantity;
                }
            }
        }

        return Quantity.Zero;
    }

    /// <summary>Counts usage; the period is the one counted in last from then on.</summary>
    internal void Add(PriceKey price, DateTimeOffset periodStart, Quantity quantity)
    {
        if (!_slots.TryGetValue(price, out var slots))
        {
            _slots = ReferenceEquals(_slots, None) ? [] : _slots;
            _slots.Add(price, [new Slot(periodStart, quantity)]);
            return;
        }

        // The last one first, which is almost always the one that goes on.
        if (slots[0].Start == periodStart)
        {
            slots[0] = new Slot(periodStart, slots[0].Quantity + quantity);
            return;
        }

        var counted = Array.Find(slots, slot => slot.Start == periodStart).Quantity;
        _slots[price] = [new Slot(periodStart, counted + quantity), .. slots.Where(slot => slot.Start != periodStart).Take(MaxPeriods - 1)];
    }

    /// <summary>Gives usage back, as long as its period is still counted; never below zero.</summary>
    internal void GiveBack(PriceKey price, DateTimeOffset periodStart, Quantity quantity)
    {
        if (_slots.TryGetValue(price, out var slots) && Array.FindIndex(slots, slot => slot.Start == periodStart) is >= 0 and var index)
        {
            slots[index] = new Slot(periodStart, slots[index].Quantity - Quantity.Min(slots[index].Quantity, quantity));
        }
    }

    internal void Write(ByteWriter writer)
    {
        writer.Count(_slots.Count);
        foreach (var (price, slots) in _slots.OrderBy(pair => pair.Key.Card, StringComparer.Ordinal)
            .ThenBy(pair => pair.Key.Meter, StringComparer.Ordinal)
            .ThenBy(pair => pair.Key.Price, StringComparer.Ordinal))
        {
            writer.Text(price.Card);
            writer.Text(price.Meter);
            writer.Text(price.Price);
            writer.Count(slots.Length);
            foreach (var slot in slots.Reverse())
            {
                writer.Instant(slot.Start);
                writer.Amount(slot.Quantity);
            }
        }
    }

    internal static UsageCounters Read(ref ByteReader reader)
    {
        var counters = new UsageCounters();
        for (var left = reader.Count(); left > 0; left--)
        {
            var price = new PriceKey(reader.Text(), reader.Text(), reader.Text());
            for (var periods = reader.Count(); periods > 0; periods--)
            {
                counters.Add(price, reader.Instant(), reader.Quantity());
            }
        }

        return counters;
    }

    private readonly record struct Slot(DateTimeOffset Start, Quantity Quantity);
}
