using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>What the segments of a journal say after a start: its logs, and where its next batch comes.</summary>
/// <param name="Logs">With all that is still in them.</param>
/// <param name="Active">Which segment is written.</param>
/// <param name="Number">Of the last batch.</param>
/// <param name="At">Where the next one comes.</param>
internal sealed record JournalRecovery(JournalLogs Logs, int Active, long Number, long At)
{
    /// <summary>Reads them all. A last batch that was cut short is struck out.</summary>
    /// <param name="segments">Oldest first.</param>
    /// <exception cref="JournalStoreException">One is missing, or something in them is damaged.</exception>
    public static JournalRecovery Of(IReadOnlyList<JournalSegment> segments)
    {
        ThrowIfOneIsMissing(segments);
        var (logs, last, active) = (new JournalLogs(), (FoundBatch?)null, 0);
        for (var i = 0; i < segments.Count; i++)
        {
            foreach (var batch in SegmentScan.BatchesOf(segments[i]))
            {
                if (last is not null && batch.Head.Number != last.Head.Number + 1)
                {
                    throw Damaged($"'{batch.Segment.Path}' has batch {batch.Head.Number} behind batch {last.Head.Number}");
                }

                last?.ApplyTo(logs);
                (last, active) = (batch, i);
            }
        }

        // Of the last one alone it is not certain that it was ever told to anybody.
        var isCutShort = last is not null && !last.HasItsPayload();
        var end = last is null ? SegmentFormat.BlockBytes : isCutShort ? last.At + SegmentFormat.BlockBytes : last.End;
        ThrowIfAnythingIsBehind(segments, active, end);
        if (isCutShort)
        {
            // The next batch has its number, and may not come to the same place.
            last!.Segment.StrikeOut(last.At);
        }
        else
        {
            last?.ApplyTo(logs);
        }

        if (logs.All.FirstOrDefault(static log => log.IsIncomplete) is { } without)
        {
            throw Damaged($"records of log '{without.Name}' are missing that were never trimmed");
        }

        return isCutShort ? new JournalRecovery(logs, active, last!.Head.Number - 1, last.At) : new JournalRecovery(logs, active, last?.Head.Number ?? 0, end);
    }

    private static void ThrowIfOneIsMissing(IReadOnlyList<JournalSegment> segments)
    {
        for (var i = 1; i < segments.Count; i++)
        {
            if (segments[i].Head.Number != segments[i - 1].Head.Number + 1)
            {
                throw Damaged($"what is between '{segments[i - 1].Path}' and '{segments[i].Path}' is missing");
            }
        }
    }

    private static void ThrowIfAnythingIsBehind(IReadOnlyList<JournalSegment> segments, int active, long end)
    {
        for (var i = active; i < segments.Count; i++)
        {
            if (SegmentScan.FindBehind(segments[i], i == active ? end : SegmentFormat.BlockBytes) is { } lost)
            {
                throw Damaged($"'{lost.Segment.Path}' has batch {lost.Head.Number}, and what is before it cannot be read");
            }
        }
    }

    private static JournalStoreException Damaged(string what) => new($"The journal is damaged: {what}. Restore the data directory from a backup; do not start on it.");
}
