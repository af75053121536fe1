using Metering.Core.Encoding;

namespace Metering.Core.Rollups;

/// <summary>What was used of a meter in a window.</summary>
/// <param name="Meter">Empty for credits that were settled for no meter.</param>
/// <param name="Start">Of the window.</param>
/// <param name="Quantity">In the meter's unit; negative where more was given back than used.</param>
/// <param name="Credits">Taken, less what was given back.</param>
/// <param name="Lines">Lines of charges and settles; what was given back takes none away.</param>
public sealed record UsedInWindow(string Meter, DateTimeOffset Start, decimal Quantity, decimal Credits, long Lines);

/// <summary>
/// What an account used, by meter and time: minutes for the last hour at least, hours for the last seven days, days for the last thirteen months. It equals a recount of the
/// account's entries: lines of charges and settles by the time of their entry, reversals negative by theirs.
/// </summary>
/// <remarks>
/// <para>It says only what it knows exactly. A range that it does not have whole, or whose bounds or windows cut through an hour or a day that is one number by now, is not covered; the
/// ledger has it.</para>
/// <para>Of <see cref="MaxMeters"/> meters. When there are more, a meter that was not used for thirteen months makes room; otherwise further ones are not counted, and ranges in which they were
/// used are not covered.</para>
/// </remarks>
internal sealed class UsageRollups
{
    internal const int MaxMeters = 16;

    private MeterRollup? _first;

    // All in ticks. What came before the first may be missing; between the other two, inclusive, meters were used that are not counted.
    private long _completeFrom;
    private long _uncountedFrom = long.MaxValue;
    private long _uncountedThrough = long.MinValue;

    /// <summary>What an account has that never used anything: one object for a million of them. It is never changed.</summary>
    internal static UsageRollups None { get; } = new();

    /// <summary>One that may be changed.</summary>
    internal UsageRollups Own() => ReferenceEquals(this, None) ? new() : this;

    /// <summary>Of an account whose usage up to an instant was not counted.</summary>
    internal static UsageRollups From(DateTimeOffset last) => new() { _completeFrom = last.UtcTicks + 1 };

    internal void Count(string meter, DateTimeOffset at, Int128 quantity, Int128 credits, int lines)
    {
        var ticks = at.UtcTicks;
        if (Find(meter, ticks) is { } rollup)
        {
            _completeFrom = Math.Max(_completeFrom, rollup.Count(ticks, quantity, credits, lines));
        }
        else
        {
            (_uncountedFrom, _uncountedThrough) = (Math.Min(_uncountedFrom, ticks), ticks);
        }
    }

    /// <inheritdoc cref="Accounts.Account.FetchAhead"/>
    internal int FetchAhead() => _first?.FetchAhead() ?? 0;

    /// <summary>Usage in a range by window and meter, in this order; null when it is not covered.</summary>
    /// <param name="from">Inclusive.</param>
    /// <param name="to">Exclusive.</param>
    /// <param name="window">What to add up by.</param>
    /// <param name="last">The account's last entry: there is nothing after it.</param>
    internal IReadOnlyList<UsedInWindow>? Read(DateTimeOffset from, DateTimeOffset to, UsageWindow window, DateTimeOffset last)
    {
        var (fromTicks, toTicks) = (from.UtcTicks, to.UtcTicks);
        if (fromTicks < _completeFrom || (fromTicks <= _uncountedThrough && toTicks > _uncountedFrom))
        {
            return null;
        }

        var sums = new SortedDictionary<(long Start, string Meter), UsageSum>(InOrder);
        for (var rollup = _first; rollup is not null; rollup = rollup.Next)
        {
            foreach (var cell in rollup.Cells())
            {
                var start = cell.Start * TimeSpan.TicksPerMinute;
                var end = Math.Min(cell.End * TimeSpan.TicksPerMinute, last.UtcTicks + 1);
                if (start >= toTicks || end <= fromTicks)
                {
                    continue;
                }

                var windowStart = window.StartOf(start);
                if (start < fromTicks || end > toTicks || window.StartOf(end - 1) != windowStart)
                {
                    return null;
                }

                var sum = sums.GetValueOrDefault((windowStart, rollup.Meter));
                sum.Add(cell.Sum);
                sums[(windowStart, rollup.Meter)] = sum;
            }
        }

        return Exactly(sums);
    }

    internal void Write(ByteWriter writer)
    {
        writer.Number(_completeFrom);
        writer.Number(_uncountedFrom);
        writer.Number(_uncountedThrough);
        var count = 0;
        for (var rollup = _first; rollup is not null; rollup = rollup.Next)
        {
            count++;
        }

        writer.Count(count);
        for (var rollup = _first; rollup is not null; rollup = rollup.Next)
        {
            rollup.Write(writer);
        }
    }

    /// <param name="reader">Where from.</param>
    /// <param name="shared">A meter's name as the account has it already, or else itself: names are most of a small account.</param>
    /// <exception cref="FormatException">The bytes are damaged.</exception>
    internal static UsageRollups Read(ref ByteReader reader, Func<string, string> shared)
    {
        var rollups = new UsageRollups { _completeFrom = reader.Number(), _uncountedFrom = reader.Number(), _uncountedThrough = reader.Number() };
        MeterRollup? before = null;
        for (var left = reader.Count(); left > 0; left--)
        {
            var rollup = MeterRollup.Read(ref reader, shared);
            _ = before is null ? rollups._first = rollup : before.Next = rollup;
            before = rollup;
        }

        var isEmpty = rollups is { _first: null, _completeFrom: 0, _uncountedFrom: long.MaxValue };
        return isEmpty ? None : rollups;
    }

    private MeterRollup? Find(string meter, long ticks)
    {
        var (count, last) = (0, (MeterRollup?)null);
        for (var rollup = _first; rollup is not null; rollup = rollup.Next)
        {
            if (rollup.Meter == meter)
            {
                return rollup;
            }

            (count, last) = (count + 1, rollup);
        }

        if (count >= MaxMeters && !MakeRoom(ticks))
        {
            return null;
        }

        return Append(new MeterRollup(meter, ticks));
    }

    private MeterRollup Append(MeterRollup added)
    {
        if (_first is null)
        {
            return _first = added;
        }

        var last = _first;
        while (last.Next is { } next)
        {
            last = next;
        }

        return last.Next = added;
    }

    /// <summary>Forgets meters that were not used for as long as anything is kept.</summary>
    private bool MakeRoom(long ticks)
    {
        var keptFrom = MeterRollup.KeptFrom(ticks);
        var (kept, all) = (new List<MeterRollup>(), 0);
        for (var rollup = _first; rollup is not null; rollup = rollup.Next)
        {
            all++;
            if (rollup.LastTicks > keptFrom)
            {
                kept.Add(rollup);
            }
            else
            {
                _completeFrom = Math.Max(_completeFrom, rollup.LastTicks);
            }
        }

        if (kept.Count == all)
        {
            return false;
        }

        _first = null;
        foreach (var rollup in kept)
        {
            rollup.Next = null;
            Append(rollup);
        }

        return true;
    }

    private static readonly Comparer<(long Start, string Meter)> InOrder = Comparer<(long Start, string Meter)>.Create(static (left, right) =>
        left.Start != right.Start ? left.Start.CompareTo(right.Start) : string.CompareOrdinal(left.Meter, right.Meter));

    private static List<UsedInWindow>? Exactly(SortedDictionary<(long Start, string Meter), UsageSum> sums)
    {
        try
        {
            return [.. sums.Select(static pair => new UsedInWindow(
                pair.Key.Meter,
                new DateTimeOffset(pair.Key.Start, TimeSpan.Zero),
                FixedPoint.FromNanos(pair.Value.Quantity),
                FixedPoint.FromNanos(pair.Value.Credits),
                pair.Value.Lines))];
        }
        catch (OverflowException)
        {
            // More than a decimal holds: of some eighty of the largest quantities in one window.
            return null;
        }
    }
}
