using Metering.Core.Encoding;

namespace Metering.Core.Budgets;

/// <summary>What one counter of a budget has counted.</summary>
public sealed class BudgetCounter
{
    /// <summary>Credits spent in the window.</summary>
    public Credits Spent { get; internal set; }

    /// <summary>Credits set aside by open holds; they belong to no window until they are settled.</summary>
    public Credits Held { get; internal set; }

    /// <summary>Thresholds reached in the window.</summary>
    public SortedSet<int> Crossed { get; } = [];
}

/// <summary>
/// A budget and its counters, all of one window. When an entry of a later window comes, the counters begin anew; until then the old ones are
/// read as zero.
/// </summary>
public sealed class Budget
{
    /// <summary>The counter that all further values share when there are too many to count apart.</summary>
    public const string OtherValues = "~";

    private static readonly Int128 BeyondAll = Credits.Max.Nanos + 1;

    private readonly Dictionary<string, BudgetCounter> _counters = new(StringComparer.Ordinal);
    private readonly int _maxCounters;

    internal Budget(BudgetTerms terms, int maxCounters, long countsFrom)
    {
        CountsFrom = countsFrom;
        Terms = terms;
        Levels = LevelsOf(terms);
        _maxCounters = maxCounters;
    }

    public BudgetTerms Terms { get; private set; }

    /// <summary>The least that reaches each threshold, worked out once: spent ≥ limit × threshold / 100, exactly.</summary>
    internal (int Threshold, Credits Level)[] Levels { get; private set; }

    /// <summary>The entry from which on it counts: what was charged before is not in it, and cannot be given back to it.</summary>
    internal long CountsFrom { get; private set; }

    /// <summary>The window its counters are of.</summary>
    public DateTimeOffset Window { get; private set; } = DateTimeOffset.MinValue;

    public IEnumerable<KeyValuePair<string, BudgetCounter>> Counters => _counters.OrderBy(pair => pair.Key, StringComparer.Ordinal);

    /// <summary>Spent under a counter in a window.</summary>
    public Credits SpentIn(string counter, DateTimeOffset window) =>
        window == Window && Find(counter) is { } found ? found.Spent : Credits.Zero;

    public Credits HeldUnder(string counter) => Find(counter)?.Held ?? Credits.Zero;

    /// <summary>A counter, of whatever window it counts; null when there is none of that name yet.</summary>
    internal BudgetCounter? Find(string counter) => _counters.GetValueOrDefault(counter);

    /// <summary>The counter that counts for a name: its own, or the shared one when there are too many.</summary>
    /// <param name="name">The counter asked for.</param>
    /// <param name="window">When.</param>
    /// <param name="more">How many counters will be added before it.</param>
    internal string CounterFor(string name, DateTimeOffset window, int more = 0)
    {
        if (_counters.Count + more < _maxCounters)
        {
            return name;
        }

        // A new window drops the counters of the old one that nothing is held under.
        if (window != Window)
        {
            return IsHeldUnder(name) || _counters.Values.Count(counter => !counter.Held.IsZero) + more < _maxCounters ? name : OtherValues;
        }

        return _counters.ContainsKey(name) ? name : OtherValues;
    }

    /// <summary>Whether a counter is there in a window, rather than to be added.</summary>
    internal bool Has(string counter, DateTimeOffset window) => window == Window ? _counters.ContainsKey(counter) : IsHeldUnder(counter);

    /// <summary>Counts credits spent, or given back, in the window of an entry.</summary>
    internal void Spend(string name, Credits credits, DateTimeOffset window)
    {
        TurnTo(window);
        var counter = Get(CounterFor(name, window));
        counter.Spent = Credits.Larger(counter.Spent + credits, Credits.Zero);
        if (credits.IsNegative)
        {
            Uncross(counter);
        }
    }

    /// <summary>Counts credits set aside, or no longer so.</summary>
    internal void Hold(string name, Credits credits, DateTimeOffset window)
    {
        TurnTo(window);
        if (!credits.IsNegative)
        {
            Get(CounterFor(name, window)).Held += credits;
            return;
        }

        // Since it was placed, a new window may have given the value a counter of its own; what is held may still be under the shared one.
        var rest = Release(name, -credits);
        Release(OtherValues, rest);
    }

    internal void Cross(string name, int threshold) => Get(name).Crossed.Add(threshold);

    /// <summary>Counts nothing that came before an entry; what is held stays held.</summary>
    internal void BeginAnew(long sequence)
    {
        CountsFrom = sequence;
        TurnTo(DateTimeOffset.MinValue);
    }

    internal void ForgetHeld()
    {
        foreach (var counter in _counters.Values)
        {
            counter.Held = Credits.Zero;
        }
    }

    /// <summary>New terms may put thresholds out of reach that had been reached.</summary>
    internal void Change(BudgetTerms terms, long sequence)
    {
        if (!terms.CountsLike(Terms))
        {
            _counters.Clear();
            CountsFrom = sequence;
            Window = DateTimeOffset.MinValue;
        }

        Terms = terms;
        Levels = LevelsOf(terms);
        foreach (var counter in _counters.Values)
        {
            counter.Crossed.RemoveWhere(threshold => !terms.Thresholds.Contains(threshold) || !Reaches(counter.Spent, threshold));
        }
    }

    internal void Write(ByteWriter writer)
    {
        Terms.Write(writer);
        writer.Number(CountsFrom);
        writer.Instant(Window);
        writer.Count(_counters.Count);
        foreach (var (name, counter) in Counters)
        {
            writer.Text(name);
            writer.Amount(counter.Spent);
            writer.Amount(counter.Held);
            writer.Count(counter.Crossed.Count);
            foreach (var threshold in counter.Crossed)
            {
                writer.Number(threshold);
            }
        }
    }

    internal static Budget Read(ref ByteReader reader, int maxCounters)
    {
        var budget = new Budget(BudgetTerms.Read(ref reader), maxCounters, reader.Number()) { Window = reader.Instant() };
        for (var left = reader.Count(); left > 0; left--)
        {
            var counter = budget.Get(reader.Text());
            counter.Spent = reader.Credits();
            counter.Held = reader.Credits();
            for (var crossed = reader.Count(); crossed > 0; crossed--)
            {
                counter.Crossed.Add(reader.Small());
            }
        }

        return budget;
    }

    private void Uncross(BudgetCounter counter) => counter.Crossed.RemoveWhere(threshold => !Reaches(counter.Spent, threshold));

    private bool Reaches(Credits spent, int threshold) => Array.Exists(Levels, level => level.Threshold == threshold && spent >= level.Level);

    // A level beyond all credits reads as the most there can be, which no counter reaches: what it counts stays in the range of credits.
    private static (int Threshold, Credits Level)[] LevelsOf(BudgetTerms terms) =>
        [.. terms.Thresholds.Select(threshold => (threshold, Credits.FromNanos(Int128.Min(((terms.Limit.Nanos * threshold) + 99) / 100, BeyondAll))))];

    private void TurnTo(DateTimeOffset window)
    {
        if (window == Window)
        {
            return;
        }

        Window = window;
        foreach (var (name, counter) in _counters.ToList())
        {
            if (counter.Held.IsZero)
            {
                _counters.Remove(name);
            }
            else
            {
                counter.Spent = Credits.Zero;
                counter.Crossed.Clear();
            }
        }
    }

    private bool IsHeldUnder(string counter) => _counters.TryGetValue(counter, out var found) && !found.Held.IsZero;

    /// <summary>Takes off what is held under a counter; says how much more there was to take.</summary>
    private Credits Release(string name, Credits credits)
    {
        if (!_counters.TryGetValue(name, out var counter))
        {
            return credits;
        }

        var released = Credits.Min(counter.Held, credits);
        counter.Held -= released;
        return credits - released;
    }

    private BudgetCounter Get(string name)
    {
        if (!_counters.TryGetValue(name, out var counter))
        {
            counter = new BudgetCounter();
            _counters.Add(name, counter);
        }

        return counter;
    }
}
