using Azure;

namespace Metering.Silo.Storage.Azure;

/// <summary>One append blob of a log, as it was when it was looked at.</summary>
/// <param name="First">The number of its first record, which is its name.</param>
/// <param name="Records">How many it has: its append blocks.</param>
/// <param name="Length">Its bytes: where the next append must land.</param>
/// <param name="IsSealed">Whether it takes no more.</param>
/// <param name="ETag">Its version: another after every append, and another when it is made anew.</param>
internal sealed record Segment(long First, long Records, long Length, bool IsSealed, ETag ETag)
{
    /// <summary>The last record; the one before <see cref="First"/> while it has none.</summary>
    public long Last => First + Records - 1;
}

/// <summary>What a listing tells of a log: its segments in order, and through which number it was trimmed.</summary>
internal sealed record SegmentList(IReadOnlyList<(long First, long Length)> Segments, long Trimmed, ETag TrimmedVersion)
{
    /// <summary>The first number that still counts as there; 0 when there is none.</summary>
    public long FirstNumber(long last) => last == 0 ? 0 : Math.Max(Trimmed + 1, Segments[0].First);
}
