using DuckDB.NET.Data;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Upkeep;

/// <summary>What a round of compaction did.</summary>
/// <param name="Merged">Segments that were merged.</param>
/// <param name="Written">Segments that they were merged into.</param>
/// <param name="Removed">Segments that were removed, because another has their rows.</param>
/// <param name="Faults">Hours that stay as they are, and why.</param>
public sealed record CompactionReport(int Merged, int Written, int Removed, IReadOnlyList<string> Faults);

/// <summary>Merges the small segments of past hours into large ones: each row once in its life.</summary>
/// <remarks>
/// <para>Why every entry can be read at any moment: the large segment is there, checked and durable, before any of those in it goes, and those go in a later round than the one that wrote it. In between
/// a row is in two segments, as after a crash, and readers see it once. A crash leaves one of these states.</para>
/// <para>Why a segment with the records of another has its rows: an owner archives records in order and without a gap, so that segments of one hour and partition have all rows of the records they
/// span, whoever wrote them. Two that merge the same at once write the same rows under the same name.</para>
/// <para>The rate is bounded: one merge at a time, on one thread, and a rest after it as long as it took.</para>
/// </remarks>
public sealed class Compaction(ISegmentStore store, TimeProvider time)
{
    /// <summary>Segments that are merged together have about as much at most; what is larger already stays as it is.</summary>
    public const long MaxMergedBytes = 64L << 20;

    /// <summary>So many at once at most.</summary>
    public const int MaxMergedSegments = 512;

    /// <summary>How long after its end an hour is left alone: until then its last entries are still coming.</summary>
    public static readonly TimeSpan SettledAfter = TimeSpan.FromMinutes(10);

    /// <summary>Those that were found too large to be merged, or damaged: they are not fetched again to find out.</summary>
    private readonly HashSet<string> _leftAlone = new(StringComparer.Ordinal);

    /// <summary>One round.</summary>
    /// <param name="isMine">Which partitions.</param>
    /// <param name="rests">Whether to rest after each merge, for the sake of what else the machine does.</param>
    /// <param name="cancellationToken">Ends it, between two merges or in the midst of one; nothing is lost by that.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task<CompactionReport> RunAsync(Func<int, bool> isMine, bool rests, CancellationToken cancellationToken)
    {
        var settled = time.GetUtcNow() - SettledAfter;
        var segments = (await store.ListAsync("date=", cancellationToken))
            .Select(static path => SegmentName.TryParse(path, out var name) ? name : null).OfType<SegmentName>()
            .Where(name => name.End <= settled && isMine(name.Partition));
        var report = new CompactionReport(0, 0, 0, []);
        foreach (var hour in segments.GroupBy(static name => (name.Hour, name.Partition)))
        {
            var covered = hour.Where(name => hour.Any(other => other.Covers(name))).ToHashSet();
            foreach (var name in covered)
            {
                await store.DeleteAsync(name.Path, cancellationToken);
            }

            var small = new Queue<SegmentName>(hour.Where(name => name.Merged == 0 && !covered.Contains(name) && !_leftAlone.Contains(name.Path)).OrderBy(static name => name.First).ThenBy(static name => name.Last));
            report = report with { Removed = report.Removed + covered.Count };
            while (small.Count > 1)
            {
                var begunAt = time.GetTimestamp();
                report = await MergeNextAsync(small, report, cancellationToken);
                if (rests)
                {
                    await Task.Delay(time.GetElapsedTime(begunAt), time, cancellationToken);
                }
            }
        }

        return report;
    }

    /// <summary>Merges as many from the front as make one large segment.</summary>
    private async Task<CompactionReport> MergeNextAsync(Queue<SegmentName> small, CompactionReport report, CancellationToken cancellationToken)
    {
        var taken = new List<(SegmentName Name, LocalFile File)>();
        try
        {
            for (var bytes = 0L; small.Count > 0 && taken.Count < MaxMergedSegments && bytes < MaxMergedBytes;)
            {
                var name = small.Dequeue();
                if (await store.OpenAsync(name.Path, cancellationToken) is { } file)
                {
                    taken.Add((name, file));
                    bytes += new FileInfo(file.Path).Length;
                }
            }

            if (taken.Count < 2)
            {
                taken.ForEach(each => _leftAlone.Add(each.Name.Path));
                return report;
            }

            var into = new SegmentName(taken[0].Name.Hour, taken[0].Name.Partition, taken.Min(static each => each.Name.First), taken.Max(static each => each.Name.Last), Merged: 1);
            await PutMergedAsync(taken, into, cancellationToken);
            return report with { Merged = report.Merged + taken.Count, Written = report.Written + 1 };
        }
        catch (DuckDBException damage)
        {
            // Which of them is damaged is for a verification to say; until somebody has looked they stay as they are.
            taken.ForEach(each => _leftAlone.Add(each.Name.Path));
            return report with { Faults = [.. report.Faults, $"{taken[0].Name.Path} and {taken.Count - 1} after it: {damage.Message}"] };
        }
        finally
        {
            taken.ForEach(static each => each.File.Dispose());
        }
    }

    private async Task PutMergedAsync(List<(SegmentName Name, LocalFile File)> taken, SegmentName into, CancellationToken cancellationToken)
    {
        var file = store.NewTemporaryFile();
        try
        {
            var mayRepeat = taken.Zip(taken.Skip(1)).Any(static pair => pair.Second.Name.First <= pair.First.Name.Last);
            await Task.Run(() => Merge([.. taken.Select(static each => each.File.Path)], file, mayRepeat), CancellationToken.None);
            await store.PutAsync(into.Path, file, cancellationToken);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Merge(IReadOnlyList<string> paths, string into, bool mayRepeat)
    {
        using var engine = new SegmentEngine($"{into}.spill");
        engine.Merge(paths, into, mayRepeat);
    }
}
