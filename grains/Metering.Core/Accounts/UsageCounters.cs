using Metering.Core.Encoding;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

/// <summary>
/// What was used under each price in each period: the Q of F(Q). A counter keeps the three newest periods it has seen, because usage may
/// be counted in the account's current period, the one before (late usage) or the one after (stamped a little ahead).
/// </summary>
internal sealed class UsageCounters
{
    private const int MaxPeriods = 3;

    private readonly Dictionary<PriceKey, Slot[]> _slots = [];

    internal IEnumerable<(PriceKey Price, DateTimeOffset PeriodStart, Quantity Quantity)> All =>
        _slots.SelectMany(pair => pair.Value.Select(slot => (pair.Key, slot.Start, slot.Quantity)));

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

    internal void Add(PriceKey price, DateTimeOffset periodStart, Quantity quantity)
    {
        if (!_slots.TryGetValue(price, out var slots))
        {
            _slots.Add(price, [new Slot(periodStart, quantity)]);
            return;
        }

        for (var i = 0; i < slots.Length; i++)
        {
            if (slots[i].Start == periodStart)
            {
                slots[i] = new Slot(periodStart, slots[i].Quantity + quantity);
                return;
            }
        }

        _slots[price] = [.. slots.Append(new Slot(periodStart, quantity)).OrderByDescending(slot => slot.Start).Take(MaxPeriods)];
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
            foreach (var slot in slots.OrderBy(slot => slot.Start))
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
