using System.Globalization;
using System.Text.RegularExpressions;

namespace Metering.Ledger.Segments;

/// <summary>
/// The name of a segment: <c>date=2026-11-23/hour=02/partition-0007-000000000101-000000000164.parquet</c>, that is the hour (UTC) of its entries, the partition of its
/// accounts, and the records of the partition's log that its entries were in.
/// </summary>
/// <remarks>
/// No word of the silo that wrote it: the same records give the same rows whoever archives them, so an owner that repeats the work of a former one writes
/// the same file again rather than another beside it.
/// </remarks>
/// <param name="Hour">The start of the hour.</param>
/// <param name="Partition">From 0.</param>
/// <param name="First">The first record that was archived with it.</param>
/// <param name="Last">The last.</param>
/// <param name="Merged">How often it was made of others.</param>
/// <param name="RolledUp">0 for one that has entries. Otherwise it is the hour's rollup, made so many times: <c>…-r1.parquet</c> (<see cref="Upkeep.Rollup"/>).</param>
public sealed partial record SegmentName(DateTimeOffset Hour, int Partition, long First, long Last, int Merged = 0, int RolledUp = 0)
{
    /// <summary>Without a leading slash.</summary>
    public string Path => string.Create(
        CultureInfo.InvariantCulture,
        $"date={Hour.UtcDateTime:yyyy-MM-dd}/hour={Hour.UtcDateTime:HH}/partition-{Partition:0000}-{First:000000000000}-{Last:000000000000}{(Merged > 0 ? $"-m{Merged}" : "")}{(RolledUp > 0 ? $"-r{RolledUp}" : "")}.parquet");

    /// <summary>Whether it has rows by the minute in place of entries.</summary>
    public bool IsRollup => RolledUp > 0;

    /// <summary>
    /// Whether this one was merged of segments that have all records of another: then it should have that one's rows too. The name cannot tell whether it has; nobody may rely on it who removes anything.
    /// </summary>
    /// <remarks>Never both ways between two segments.</remarks>
    public bool Covers(SegmentName other) =>
        Merged > 0 && (Hour, Partition) == (other.Hour, other.Partition) && First <= other.First && other.Last <= Last
        && (Merged > other.Merged || (Merged == other.Merged && Last - First > other.Last - other.First));

    /// <summary>Of the segments of one hour and partition the rollup that counts; null when there is none.</summary>
    public static SegmentName? Counting(IEnumerable<SegmentName> hour) =>
        hour.Where(static name => name.IsRollup).OrderBy(static name => name.Last).ThenByDescending(static name => name.First).ThenBy(static name => name.RolledUp).LastOrDefault();

    /// <summary>The end of the hour, exclusive.</summary>
    public DateTimeOffset End => Hour + TimeSpan.FromHours(1);

    /// <summary>Reads a name; false for any other file.</summary>
    public static bool TryParse(string path, out SegmentName name)
    {
        var match = Pattern().Match(path);
        name = null!;
        if (!match.Success
            || !DateTimeOffset.TryParseExact(
                $"{match.Groups["date"].ValueSpan} {match.Groups["hour"].ValueSpan}", "yyyy-MM-dd HH", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var hour))
        {
            return false;
        }

        name = new SegmentName(hour, (int)Number("partition"), Number("first"), Number("last"), NumberIfAny("merged"), NumberIfAny("rolled"));
        return true;

        int NumberIfAny(string group) => match.Groups[group].Success ? (int)Number(group) : 0;
        long Number(string group) => long.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>The start of the hour of an instant.</summary>
    public static DateTimeOffset HourOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    [GeneratedRegex(
        "^date=(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})/hour=(?<hour>[0-9]{2})/partition-(?<partition>[0-9]{4})-(?<first>[0-9]{12,18})-(?<last>[0-9]{12,18})(-m(?<merged>[0-9]{1,4}))?(-r(?<rolled>[0-9]{1,4}))?[.]parquet$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
