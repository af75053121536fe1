using Metering.Core.Encoding;

namespace Metering.Core.Rollups;

/// <summary>What one meter was used: the minute that counts now, and before it minutes, hours and days that are over, the oldest first.</summary>
/// <remarks>
/// Counting goes to one place, the minute of the last use. When that is over it is written behind the others, some ten bytes. Cells become coarser only when there are many: until then
/// minutes stay what they are, which costs no more than if they were hours, for there is a cell only where there was usage. So folding, which reads all cells, comes
/// once in an hour at most. It follows from the entries alone, as all state does.
/// </remarks>
internal sealed class MeterRollup
{
    /// <summary>Minutes that may stand behind each other before those that are an hour old are folded.</summary>
    internal const int MaxMinutes = 180;

    private const int HoursKept = 7 * 24;
    private const int MonthsKept = 13;

    [ThreadStatic]
    private static ByteWriter? _writer;

    // Ticks at which the minute that counts now began.
    private long _start;
    private UsageSum _now;
    private byte[] _cells = [];
    private int _length;
    private int _minutes;
    private long _lastEnd;

    internal MeterRollup(string meter, long ticks)
    {
        Meter = meter;
        _start = UsageWindow.Minute.StartOf(ticks);
    }

    internal string Meter { get; }

    internal MeterRollup? Next { get; set; }

    /// <summary>Ticks at which the minute of its last use is over.</summary>
    internal long LastTicks => _start + TimeSpan.TicksPerMinute;

    /// <summary>The last day that is kept at an instant begins here, in ticks.</summary>
    internal static long KeptFrom(long ticks)
    {
        var now = new DateTime(ticks, DateTimeKind.Utc);
        return now > DateTime.MinValue.AddMonths(MonthsKept) ? now.Date.AddMonths(-MonthsKept).Ticks : 0;
    }

    /// <summary>Counts usage.</summary>
    /// <returns>Ticks through which usage is forgotten because of it; 0 for none.</returns>
    internal long Count(long ticks, Int128 quantity, Int128 credits, int lines)
    {
        // Time does not run backwards in an account: what is not of this minute is of a later one.
        var forgotten = unchecked((ulong)(ticks - _start)) < TimeSpan.TicksPerMinute ? 0 : Begin(ticks);
        _now.Add(quantity, credits, lines);
        return forgotten;
    }

    /// <inheritdoc cref="Accounts.Account.FetchAhead"/>
    internal int FetchAhead() => unchecked((int)(_start ^ _now.Lines));

    /// <summary>Everything there is, the oldest first; the last one is the minute that counts now.</summary>
    internal IEnumerable<UsageCell> Cells()
    {
        var (position, after) = (0, 0L);
        while (position < _length)
        {
            var cell = ReadAt(ref position, after);
            after = cell.End;
            yield return cell;
        }

        yield return new UsageCell(CellUnit.Minute, _start / TimeSpan.TicksPerMinute, _now);
    }

    internal void Write(ByteWriter writer)
    {
        writer.Text(Meter);
        writer.Number(_start);
        writer.Varint((ulong)_now.Lines);
        writer.Large(_now.Quantity);
        writer.Large(_now.Credits);
        writer.Bytes(_cells.AsSpan(0, _length));
    }

    /// <exception cref="FormatException">The bytes are damaged.</exception>
    internal static MeterRollup Read(ref ByteReader reader, Func<string, string> shared)
    {
        var rollup = new MeterRollup(shared(reader.Text()), reader.Instant().Ticks);
        var lines = reader.Varint();
        rollup._now = new UsageSum(reader.Large(), reader.Large(), lines <= long.MaxValue ? (long)lines : throw ByteReader.Damaged());
        rollup._cells = reader.Bytes().ToArray();
        rollup._length = rollup._cells.Length;
        var cells = new ByteReader(rollup._cells);
        while (!cells.AtEnd)
        {
            var cell = UsageCell.Read(ref cells, rollup._lastEnd);
            rollup._lastEnd = cell.End;
            rollup._minutes += cell.Unit == CellUnit.Minute ? 1 : 0;
        }

        return rollup._lastEnd * TimeSpan.TicksPerMinute <= rollup._start ? rollup : throw ByteReader.Damaged();
    }

    private long Begin(long ticks)
    {
        var writer = CleanWriter();
        var cell = new UsageCell(CellUnit.Minute, _start / TimeSpan.TicksPerMinute, _now);
        cell.Write(writer, _lastEnd);
        if (_cells.Length < _length + writer.Length)
        {
            Array.Resize(ref _cells, (_length + writer.Length) * 3 / 2);
        }

        writer.Written.CopyTo(_cells.AsSpan(_length));
        _length += writer.Length;
        _lastEnd = cell.End;
        _minutes++;
        _now = default;
        _start = UsageWindow.Minute.StartOf(ticks);
        return _minutes > MaxMinutes ? Fold(ticks) : 0;
    }

    /// <summary>
    /// Puts minutes together to hours, but for those of the last hour; hours to days, but for those of the last seven days; and forgets days before the last thirteen months.
    /// </summary>
    private long Fold(long ticks)
    {
        var minutesFrom = UsageWindow.Hour.StartOf(ticks - TimeSpan.TicksPerHour) / TimeSpan.TicksPerMinute;
        var hoursFrom = UsageWindow.Day.StartOf(ticks - (HoursKept * TimeSpan.TicksPerHour)) / TimeSpan.TicksPerMinute;
        var daysFrom = KeptFrom(ticks) / TimeSpan.TicksPerMinute;
        var writer = CleanWriter();
        var (position, after, written, minutes, forgotten) = (0, 0L, 0L, 0, 0L);
        UsageCell? open = null;
        while (position < _length)
        {
            var cell = ReadAt(ref position, after);
            after = cell.End;
            var folded = cell.End <= hoursFrom ? In(CellUnit.Day, cell) : cell.End <= minutesFrom && cell.Unit == CellUnit.Minute ? In(CellUnit.Hour, cell) : cell;
            if (folded.End <= daysFrom)
            {
                forgotten = folded.End * TimeSpan.TicksPerMinute;
            }
            else if (open is { } same && same.Unit == folded.Unit && same.Start == folded.Start)
            {
                var sum = same.Sum;
                sum.Add(folded.Sum);
                open = same with { Sum = sum };
            }
            else
            {
                Put(folded);
            }
        }

        Put(null);
        _cells = writer.ToArray();
        (_length, _minutes, _lastEnd) = (writer.Length, minutes, written);
        return forgotten;

        void Put(UsageCell? next)
        {
            if (open is { } done)
            {
                done.Write(writer, written);
                written = done.End;
                minutes += done.Unit == CellUnit.Minute ? 1 : 0;
            }

            open = next;
        }
    }

    private static UsageCell In(CellUnit unit, UsageCell cell)
    {
        var length = unit == CellUnit.Day ? UsageCell.MinutesPerDay : UsageCell.MinutesPerHour;
        return new UsageCell(unit, cell.Start - (cell.Start % length), cell.Sum);
    }

    private UsageCell ReadAt(ref int position, long after)
    {
        var reader = new ByteReader(_cells.AsSpan(position, _length - position));
        var cell = UsageCell.Read(ref reader, after);
        position = _length - reader.Left;
        return cell;
    }

    private static ByteWriter CleanWriter()
    {
        var writer = _writer ??= new ByteWriter();
        writer.Clear();
        return writer;
    }
}
