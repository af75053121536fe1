namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>Where a journal ends that another process may be writing: behind that it may have more by now.</summary>
/// <param name="Segment">The number of the last segment with batches, or of the first when there are none.</param>
/// <param name="At">Behind the last batch.</param>
internal readonly record struct JournalEnd(long Segment, long At)
{
    public static JournalEnd Of(string folder)
    {
        var (number, at) = (0L, 0L);
        foreach (var path in Enumerable.Reverse(JournalFiles.SegmentsIn(folder)))
        {
            using var segment = JournalSegment.Open(path, journal: null, FileAccess.Read);
            (number, at) = (segment.Head.Number, SegmentScan.EndOf(segment));
            if (at > SegmentFormat.BlockBytes)
            {
                break;
            }
        }

        return new JournalEnd(number, at);
    }
}
