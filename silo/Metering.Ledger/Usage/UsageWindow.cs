namespace Metering.Ledger.Usage;

/// <summary>How time is cut for usage: into windows of UTC, each from its start up to the next.</summary>
public enum UsageWindow
{
    /// <summary>Not at all: the range is one window.</summary>
    Range = 0,

    Minute = 1,
    Hour = 2,
    Day = 3,

    /// <summary>Of the calendar.</summary>
    Month = 4,
}

/// <summary>Windows by number, counted from 1970: the same in the engine's language and in ours.</summary>
public static class UsageWindows
{
    /// <summary>The number of the window an instant is in.</summary>
    public static long Number(this UsageWindow window, DateTimeOffset at) => window switch
    {
        UsageWindow.Range => 0,
        UsageWindow.Minute => Since1970(at) / TimeSpan.TicksPerMinute,
        UsageWindow.Hour => Since1970(at) / TimeSpan.TicksPerHour,
        UsageWindow.Day => Since1970(at) / TimeSpan.TicksPerDay,
        UsageWindow.Month => (at.UtcDateTime.Year * 12L) + at.UtcDateTime.Month - 1,
    };

    /// <summary>The same of the column <c>happened_at</c>.</summary>
    internal static string Sql(this UsageWindow window) => window switch
    {
        UsageWindow.Range => "0::BIGINT",
        UsageWindow.Minute => "epoch_ns(happened_at) // 60000000000",
        UsageWindow.Hour => "epoch_ns(happened_at) // 3600000000000",
        UsageWindow.Day => "epoch_ns(happened_at) // 86400000000000",
        UsageWindow.Month => "year(happened_at) * 12 + month(happened_at) - 1",
    };

    /// <summary>Where a window begins and ends, as far as it lies in a range.</summary>
    public static (DateTimeOffset From, DateTimeOffset To) Bounds(this UsageWindow window, long number, DateTimeOffset from, DateTimeOffset to)
    {
        var (start, end) = window switch
        {
            UsageWindow.Range => (from, to),
            UsageWindow.Minute => (After1970(number, TimeSpan.TicksPerMinute), After1970(number + 1, TimeSpan.TicksPerMinute)),
            UsageWindow.Hour => (After1970(number, TimeSpan.TicksPerHour), After1970(number + 1, TimeSpan.TicksPerHour)),
            UsageWindow.Day => (After1970(number, TimeSpan.TicksPerDay), After1970(number + 1, TimeSpan.TicksPerDay)),
            UsageWindow.Month => (Month(number), Month(number + 1)),
        };
        return (start < from ? from : start, end > to ? to : end);
    }

    private static long Since1970(DateTimeOffset at) => at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;

    private static DateTimeOffset After1970(long number, long ticks) => DateTimeOffset.UnixEpoch.AddTicks(number * ticks);

    private static DateTimeOffset Month(long number) => new((int)(number / 12), (int)(number % 12) + 1, 1, 0, 0, 0, TimeSpan.Zero);
}
