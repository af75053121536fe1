using Metering.Ledger.Segments;

namespace Metering.Ledger.Upkeep;

/// <summary>What a round of compaction did.</summary>
/// <param name="Merged">Segments that were merged.</param>
/// <param name="Written">Segments that they were merged into.</param>
/// <param name="Removed">Segments that were removed, because another has their rows.</param>
/// <param name="Faults">Segments that stay as they are, and why.</param>
public sealed record CompactionReport(int Merged, int Written, int Removed, IReadOnlyList<string> Faults)
{
    /// <summary>Whether another round would do no more than this one: nothing, for nothing is left.</summary>
    public bool IsAtRest => Merged + Removed + Faults.Count == 0;
}

/// <summary>Merges the small segments of past hours into large ones: each row once in its life.</summary>
/// <remarks>
/// <para>Why every entry can be read at any moment: the large segment is there, checked and durable, before any of those in it goes, and those go in a later round than the one that wrote it. In between
/// a row is in two segments, as after a crash, and readers see it once. A crash leaves one of these states.</para>
/// <para>A name says which records a segment is of, and it may be wrong about what is in it: another merged at the same time, a file was missing for a while, or somebody put it there. So names only say what
/// is worth a look. Nothing is removed before all its rows were found in the segment that stays, nothing that is there is written over, and only segments whose records follow one another are merged.</para>
/// <para>Any number may work on the same hour: whoever finds a segment gone that was there when it looked gives up the hour until its next round.</para>
/// <para>The rate is bounded: one step at a time, on one thread, and a rest after it as long as it took.</para>
/// </remarks>
public sealed class Compaction(ISegmentStore store, TimeProvider time)
{
    /// <summary>Segments that are merged together have about as much at most; what is larger already stays as it is.</summary>
    public const long MaxMergedBytes = 64L << 20;

    /// <summary>So many at once at most.</summary>
    public const int MaxMergedSegments = 512;

    /// <summary>How long after its end an hour is left alone: until then its last entries are still coming.</summary>
    public static readonly TimeSpan SettledAfter = TimeSpan.FromMinutes(10);

    /// <summary>Paths of those that were found too large to be merged, damaged, or at odds with another: they are not fetched again to find out.</summary>
    private readonly HashSet<string> _leftAlone = new(StringComparer.Ordinal);

    /// <summary>One round.</summary>
    /// <param name="isMine">Which partitions.</param>
    /// <param name="rests">Whether to rest after each step, for the sake of what else the machine does.</param>
    /// <param name="cancellationToken">Ends it, between two steps or in the midst of one; nothing is lost by that.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task<CompactionReport> RunAsync(Func<int, bool> isMine, bool rests, CancellationToken cancellationToken)
    {
        var settled = time.GetUtcNow() - SettledAfter;
        var segments = (await store.ListAsync("date=", cancellationToken))
            .Select(static path => SegmentName.TryParse(path, out var name) ? name : null).OfType<SegmentName>()
            .Where(name => name.End <= settled && isMine(name.Partition));
        var report = new CompactionReport(0, 0, 0, []);
        foreach (var names in segments.GroupBy(static name => (name.Hour, name.Partition)).Where(static hour => !hour.Any(static name => name.IsRollup)))
        {
            var hour = new HourCompaction(store, [.. names], _leftAlone, RestAsync);
            try
            {
                await hour.RunAsync(cancellationToken);
            }
            catch (SegmentGoneException)
            {
                // Somebody else is at this hour, and what was listed of it is no longer so.
            }

            report = new CompactionReport(report.Merged + hour.Merged, report.Written + hour.Written, report.Removed + hour.Removed, [.. report.Faults, .. hour.Faults]);
        }

        return report;

        async Task RestAsync(Func<Task> step)
        {
            var begunAt = time.GetTimestamp();
            await step();
            if (rests)
            {
                await Task.Delay(time.GetElapsedTime(begunAt), time, cancellationToken);
            }
        }
    }
}
