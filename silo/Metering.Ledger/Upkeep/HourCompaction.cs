using Metering.Ledger.Segments;

namespace Metering.Ledger.Upkeep;

/// <summary>A round of compaction in one hour of one partition.</summary>
/// <param name="store">Where the segments are.</param>
/// <param name="names">All of the hour, as they were listed.</param>
/// <param name="leftAlone">Paths that are not looked at any more; added to.</param>
/// <param name="atLeisure">Takes a step, and rests after it.</param>
internal sealed class HourCompaction(ISegmentStore store, IReadOnlyList<SegmentName> names, HashSet<string> leftAlone, Func<Func<Task>, Task> atLeisure)
{
    private readonly List<string> _faults = [];

    internal int Merged { get; private set; }

    internal int Written { get; private set; }

    internal int Removed { get; private set; }

    internal IReadOnlyList<string> Faults => _faults;

    /// <exception cref="SegmentGoneException">One is gone since it was listed. What was done until then stands.</exception>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var covered = names.Where(IsLookedAt).GroupBy(Covering).Where(static group => group.Key is not null).ToList();
        foreach (var group in covered)
        {
            await atLeisure(() => RemoveAsync(group.Key!, [.. group], cancellationToken));
        }

        var small = names.Where(name => name.Merged == 0 && IsLookedAt(name) && !covered.Exists(group => group.Contains(name)));
        foreach (var run in Runs(small))
        {
            for (var rest = new Queue<SegmentName>(run); rest.Count > 1;)
            {
                await atLeisure(() => MergeNextAsync(rest, cancellationToken));
            }
        }
    }

    /// <summary>The largest segment that should have the rows of another; null when there is none.</summary>
    private SegmentName? Covering(SegmentName name) => names.Where(other => other.Covers(name) && IsLookedAt(other)).MaxBy(static other => other.Last - other.First);

    private bool IsLookedAt(SegmentName name) => !leftAlone.Contains(name.Path);

    /// <summary>
    /// Segments in the order of their records, apart wherever a record is missing between two: a segment that is gone for a while, or damaged, or merged already, has it, and a merged one that is named as if it
    /// had it too would stand for rows that it does not have.
    /// </summary>
    private static List<List<SegmentName>> Runs(IEnumerable<SegmentName> small)
    {
        var runs = new List<List<SegmentName>>();
        var last = long.MinValue;
        foreach (var name in small.OrderBy(static name => name.First).ThenBy(static name => name.Last))
        {
            if (runs.Count == 0 || name.First > last + 1)
            {
                runs.Add([]);
            }

            runs[^1].Add(name);
            last = Math.Max(last, name.Last);
        }

        return runs;
    }

    /// <summary>Removes segments all of whose rows are in another.</summary>
    private async Task RemoveAsync(SegmentName covering, IReadOnlyList<SegmentName> covered, CancellationToken cancellationToken)
    {
        foreach (var some in covered.Chunk(Compaction.MaxMergedSegments))
        {
            using var files = await OpenedSegments.OpenAsync(store, [covering, .. some], maxSegments: int.MaxValue, maxBytes: long.MaxValue, cancellationToken);
            var held = await Task.Run(files.HeldByFirst, CancellationToken.None);
            foreach (var name in held)
            {
                await store.DeleteAsync(name.Path, cancellationToken);
                Removed++;
            }

            if (files.Failure is not null)
            {
                Note(files, others: files.Damaged.Contains(covering) ? some : []);
                return;
            }

            foreach (var name in some.Except(held))
            {
                leftAlone.Add(name.Path);
                _faults.Add($"{name.Path}: {covering.Path} is named as if it had its rows, and does not have all of them as they are. Both stay.");
            }
        }
    }

    /// <summary>Merges as many from the front as make one large segment.</summary>
    private async Task MergeNextAsync(Queue<SegmentName> rest, CancellationToken cancellationToken)
    {
        using var files = await OpenedSegments.OpenAsync(store, rest, Compaction.MaxMergedSegments, Compaction.MaxMergedBytes, cancellationToken);
        var taken = files.Names;
        for (var each = 0; each < taken.Count; each++)
        {
            rest.Dequeue();
        }

        if (taken.Count == 1)
        {
            // There are more, so it fills the bound by itself.
            leftAlone.Add(taken[0].Path);
            return;
        }

        var into = new SegmentName(taken[0].Hour, taken[0].Partition, taken[0].First, taken.Max(static name => name.Last), Merged: 1);
        var file = store.NewTemporaryFile();
        try
        {
            if (!await Task.Run(() => files.TryMerge(file), CancellationToken.None))
            {
                Note(files, others: files.AreAtOdds ? taken : []);
                return;
            }

            // Where one of that name is there already somebody has merged the same, or it is another: the next round looks which, before anything is removed.
            if (await store.TryPutAsync(into.Path, file, cancellationToken))
            {
                Merged += taken.Count;
                Written++;
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Tells why a step came to nothing. Damaged segments are left alone from now on; when there are none the next round tries again, for the reason may be a full disk.</summary>
    /// <param name="files">Of the step.</param>
    /// <param name="others">That are to be left alone as well.</param>
    private void Note(OpenedSegments files, IReadOnlyList<SegmentName> others)
    {
        leftAlone.UnionWith(files.Damaged.Concat(others).Select(static name => name.Path));
        _faults.AddRange(
            files.Damaged.Count == 0
                ? [$"{files.Names[0].Path} and {files.Names.Count - 1} beside it: {files.Failure}"]
                : files.Damaged.Select(name => $"{name.Path}: it cannot be read. {files.Failure}"));
    }
}
