namespace Metering.Core.Rollups;

/// <summary>The stretches of UTC time that usage is added up by.</summary>
public enum UsageWindow
{
    Minute = 0,
    Hour = 1,
    Day = 2,

    /// <summary>Of the calendar.</summary>
    Month = 3,
}

internal static class UsageWindows
{
    /// <summary>Ticks at which the window of an instant begins.</summary>
    internal static long StartOf(this UsageWindow window, long ticks) => window switch
    {
        UsageWindow.Minute => ticks - (ticks % TimeSpan.TicksPerMinute),
        UsageWindow.Hour => ticks - (ticks % TimeSpan.TicksPerHour),
        UsageWindow.Day => ticks - (ticks % TimeSpan.TicksPerDay),
        UsageWindow.Month => MonthOf(ticks),
    };

    private static long MonthOf(long ticks)
    {
        var day = new DateTime(ticks, DateTimeKind.Utc);
        return new DateTime(day.Year, day.Month, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
    }
}
