namespace Metering.Core.Pricing;

public enum PeriodUnit
{
    Hour = 0,
    Day = 1,
    Week = 2,
    Month = 3,
    Year = 4,
}

/// <summary>
/// How time is divided: a boundary at the anchor plus k times the length, for every integer k, in UTC. Months and years are
/// counted from the anchor and then clamped to the month's last day, so a 31st comes back (31 January, 28 February,
/// 31 March) instead of drifting to the 28th for ever. Every question is answered by arithmetic, however far the instant.
/// </summary>
/// <remarks>A boundary that no <see cref="DateTimeOffset"/> can hold reads as the earliest or latest one there is.</remarks>
public sealed record Period
{
    private const int MonthsPerYear = 12;
    private static readonly long LastMonth = MonthIndex(DateTime.MaxValue);

    private readonly DateTime _anchor;
    private readonly long _ticks;
    private readonly int _months;

    // Almost every question is about the same stretch as the one before. One reference, so that threads see both ends or neither.
    private Stretch? _last;

    public Period(PeriodUnit every, DateTimeOffset anchor)
        : this(every, anchor, count: 1)
    {
    }

    /// <summary>Every <paramref name="count"/> units: 1 to 1,000.</summary>
    public Period(PeriodUnit every, DateTimeOffset anchor, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxCount);
        Every = every;
        Count = count;
        Anchor = anchor.ToUniversalTime();
        _anchor = Anchor.UtcDateTime;
        (_ticks, _months) = every switch
        {
            PeriodUnit.Hour => (count * TimeSpan.TicksPerHour, 0),
            PeriodUnit.Day => (count * TimeSpan.TicksPerDay, 0),
            PeriodUnit.Week => (count * 7 * TimeSpan.TicksPerDay, 0),
            PeriodUnit.Month => (0L, count),
            PeriodUnit.Year => (0L, count * MonthsPerYear),
        };
    }

    public const int MaxCount = 1_000;

    /// <summary>Calendar months.</summary>
    public static Period Default { get; } = new(PeriodUnit.Month, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>One object for all who have the default, as most accounts do.</summary>
    public static Period Of(PeriodUnit every, DateTimeOffset anchor) =>
        (every, anchor) == (Default.Every, Default.Anchor) ? Default : new Period(every, anchor);

    public PeriodUnit Every { get; }
    public int Count { get; }
    public DateTimeOffset Anchor { get; }

    /// <summary>The last boundary that is not after <paramref name="instant"/>: where its period starts.</summary>
    public DateTimeOffset StartOf(DateTimeOffset instant)
    {
        if (_last is { } last && instant >= last.Start && instant < last.End)
        {
            return last.Start;
        }

        var index = IndexOf(instant);
        var start = Boundary(index);
        _last = new Stretch(start, Boundary(index + 1));
        return start;
    }

    /// <summary>Where the period after the one of <paramref name="start"/> starts: the first boundary after it.</summary>
    public DateTimeOffset Next(DateTimeOffset start) => Boundary(IndexOf(start) + 1);

    /// <summary>Where the period before the one of <paramref name="start"/> starts.</summary>
    public DateTimeOffset Previous(DateTimeOffset start) => Boundary(IndexOf(start) - 1);

    /// <summary>Equal periods have the same boundaries written the same way; what was last asked for is no part of them.</summary>
    public bool Equals(Period? other) => other is not null && (Every, Count, Anchor) == (other.Every, other.Count, other.Anchor);

    public override int GetHashCode() => HashCode.Combine(Every, Count, Anchor);

    private long IndexOf(DateTimeOffset instant)
    {
        var utc = instant.UtcDateTime;
        if (_months == 0)
        {
            return FloorDivide(utc.Ticks - _anchor.Ticks, _ticks);
        }

        // A boundary lies in a month of its own, clamped or not: the one at or before the instant's month is
        // the start, unless it comes later in that very month.
        var index = FloorDivide(MonthIndex(utc) - MonthIndex(_anchor), _months);
        return Boundary(index).UtcDateTime > utc ? index - 1 : index;
    }

    private DateTimeOffset Boundary(long index)
    {
        if (_months == 0)
        {
            var ticks = (Int128)_anchor.Ticks + ((Int128)index * _ticks);
            return ticks < 0 ? DateTimeOffset.MinValue
                : ticks > DateTime.MaxValue.Ticks ? DateTimeOffset.MaxValue
                : new DateTimeOffset((long)ticks, TimeSpan.Zero);
        }

        var month = MonthIndex(_anchor) + (index * _months);
        if (month < MonthsPerYear)
        {
            return DateTimeOffset.MinValue;
        }

        return month > LastMonth
            ? DateTimeOffset.MaxValue
            : new DateTimeOffset(_anchor.AddMonths((int)(month - MonthIndex(_anchor))), TimeSpan.Zero);
    }

    private static long MonthIndex(DateTime utc) => ((long)utc.Year * MonthsPerYear) + utc.Month - 1;

    private static long FloorDivide(long value, long divisor)
    {
        var (quotient, remainder) = Math.DivRem(value, divisor);
        return remainder < 0 ? quotient - 1 : quotient;
    }

    private sealed record Stretch(DateTimeOffset Start, DateTimeOffset End);
}
