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

    /// <summary>So many prices are found by looking at each, side by side in one piece of memory: most accounts are charged by few, and a table is several pieces.</summary>
    private const int MaxUnindexed = 8;

    private const int Absent = -1;

    // In the order in which they were first charged.
    private Counter[] _counters = [];
    private int _count;
    private Dictionary<PriceKey, int>? _places;

    internal IEnumerable<(PriceKey Price, DateTimeOffset PeriodStart, Quantity Quantity)> All =>
        _counters.Take(_count).SelectMany(static counter => counter.Periods().Select(period => (counter.Price, period.Start, period.Quantity)));

    /// <summary>A meter's name as it is kept here, if it is: one string instead of two.</summary>
    internal string NameOf(string meter)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_counters[i].Price.Meter == meter)
            {
                return _counters[i].Price.Meter;
            }
        }

        return meter;
    }

    internal Quantity Get(PriceKey price, DateTimeOffset periodStart)
    {
        var place = PlaceOf(price);
        return place == Absent ? Quantity.Zero : _counters[place].In(periodStart);
    }

    /// <summary>Counts usage; the period is the one counted in last from then on.</summary>
    internal void Add(PriceKey price, DateTimeOffset periodStart, Quantity quantity)
    {
        var place = PlaceOf(price);
        if (place == Absent)
        {
            Append(new Counter(price, new Counted(periodStart, quantity)));
            return;
        }

        // The key as the card has it, one for all accounts: it is found by being the same, and each account's own would be memory that is far away.
        _counters[place].Price = price;
        _counters[place].Add(periodStart, quantity);
    }

    /// <summary>Gives usage back, as long as its period is still counted; never below zero.</summary>
    internal void GiveBack(PriceKey price, DateTimeOffset periodStart, Quantity quantity)
    {
        var place = PlaceOf(price);
        if (place != Absent)
        {
            _counters[place].GiveBack(periodStart, quantity);
        }
    }

    /// <inheritdoc cref="Account.FetchAhead"/>
    internal int FetchAhead()
    {
        var counters = _counters;
        return counters.Length == 0 ? 0 : counters[0].FetchAhead();
    }

    internal void Write(ByteWriter writer)
    {
        writer.Count(_count);
        foreach (var counter in _counters.Take(_count)
            .OrderBy(counter => counter.Price.Card, StringComparer.Ordinal)
            .ThenBy(counter => counter.Price.Meter, StringComparer.Ordinal)
            .ThenBy(counter => counter.Price.Price, StringComparer.Ordinal))
        {
            writer.Text(counter.Price.Card);
            writer.Text(counter.Price.Meter);
            writer.Text(counter.Price.Price);
            var periods = counter.Periods();
            writer.Count(periods.Length);
            foreach (var period in periods.Reverse())
            {
                writer.Instant(period.Start);
                writer.Amount(period.Quantity);
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

    private int PlaceOf(PriceKey price)
    {
        if (_places is not null)
        {
            return _places.GetValueOrDefault(price, Absent);
        }

        for (var i = 0; i < _count; i++)
        {
            if (_counters[i].Price.Equals(price))
            {
                return i;
            }
        }

        return Absent;
    }

    private void Append(Counter counter)
    {
        if (_count == _counters.Length)
        {
            Array.Resize(ref _counters, Math.Max(1, _count * 2));
        }

        _counters[_count++] = counter;
        if (_places is not null)
        {
            _places.Add(counter.Price, _count - 1);
        }
        else if (_count > MaxUnindexed)
        {
            _places = Enumerable.Range(0, _count).ToDictionary(place => _counters[place].Price);
        }
    }

    /// <summary>What was used in a period.</summary>
    private readonly record struct Counted(DateTimeOffset Start, Quantity Quantity);

    /// <summary>What was used under one price. The period counted in last stands apart: it is almost always the one that goes on.</summary>
    private struct Counter(PriceKey price, Counted last)
    {
        private Counted _last = last;
        private Counted[] _before = [];

        internal PriceKey Price { get; set; } = price;

        /// <summary>The last one first.</summary>
        internal readonly Counted[] Periods() => [_last, .. _before];

        internal readonly Quantity In(DateTimeOffset start) => _last.Start == start ? _last.Quantity : Before(start);

        internal void Add(DateTimeOffset start, Quantity quantity)
        {
            if (_last.Start != start)
            {
                GoTo(start);
            }

            _last = new Counted(start, _last.Quantity + quantity);
        }

        internal void GiveBack(DateTimeOffset start, Quantity quantity)
        {
            if (_last.Start == start)
            {
                _last = Less(_last, quantity);
            }
            else if (Array.FindIndex(_before, period => period.Start == start) is >= 0 and var index)
            {
                _before[index] = Less(_before[index], quantity);
            }
        }

        internal readonly int FetchAhead() => _last.Quantity.IsZero ? 0 : 1;

        private readonly Quantity Before(DateTimeOffset start) => Array.Find(_before, period => period.Start == start).Quantity;

        private void GoTo(DateTimeOffset start)
        {
            var counted = new Counted(start, Before(start));
            _before = [.. Periods().Where(period => period.Start != start).Take(MaxPeriods - 1)];
            _last = counted;
        }

        private static Counted Less(Counted period, Quantity quantity) => new(period.Start, period.Quantity - Quantity.Min(period.Quantity, quantity));
    }
}
