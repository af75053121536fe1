using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>The segments of one hour and partition that count.</summary>
/// <param name="Rollup">The one rollup that does: of several the one that reaches furthest, which has all that the others have. Null when there is none.</param>
/// <param name="Entries">Those that have entries. Where there is a rollup, what it has of them does not count.</param>
internal sealed record HourSegments(SegmentFile? Rollup, IReadOnlyList<SegmentFile> Entries)
{
    internal static IEnumerable<HourSegments> Of(IEnumerable<SegmentFile> files) =>
        from file in files
        group file by (file.Name.Hour, file.Name.Partition) into hour
        let rollup = SegmentName.Counting(hour.Select(static file => file.Name))
        select new HourSegments(hour.FirstOrDefault(file => file.Name == rollup), [.. hour.Where(static file => !file.Name.IsRollup)]);
}

/// <summary>A segment at hand.</summary>
internal sealed record SegmentFile(SegmentName Name, LocalFile File)
{
    internal string Path => File.Path;
}
