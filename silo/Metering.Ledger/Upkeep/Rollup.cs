using DuckDB.NET.Data;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Upkeep;

/// <summary>What a round of rolling up did.</summary>
/// <param name="RolledUp">Segments that were rolled up.</param>
/// <param name="Written">Rollups that were written.</param>
/// <param name="Removed">Segments that were removed, because a rollup has their entries.</param>
/// <param name="Faults">Hours that stay as they are, and why.</param>
public sealed record RollupReport(int RolledUp, int Written, int Removed, IReadOnlyList<string> Faults);

/// <summary>Which hours are rolled up.</summary>
public enum RollupScope
{
    /// <summary>Those that have been before: what came late to them joins the rest.</summary>
    Begun = 0,

    /// <summary>Those as well that were not merged yet. What was merged with every entry was meant to stay.</summary>
    New = 1,

    /// <summary>All.</summary>
    All = 2,
}

/// <summary>
/// Rolls past hours up: of charges, settles, reversals and holds one row stays for each account, kind, meter, dimensions and minute of the entry's own time, with its quantity, credits and number of
/// lines, the first and the last entry in it, and the balance after the last. Whatever else happened to an account is seldom, and stays as it is.
/// </summary>
/// <remarks>
/// <para>Why nothing counts twice. Sums cannot be told apart once they overlap, so they are never made of anything that may be written again: entries go to the ledger one by one, under their keys, and are
/// rolled up when their hour is over. Of an hour and partition at most one rollup counts, the one that reaches furthest (<see cref="SegmentName.Counting"/>); it is made of the one before and of entries
/// that that does not have. What it has of an account are all entries from one to another without a gap: that is looked at before it is written. So an entry counts by the rollup if its number lies between
/// the two, and by its own row if not, whoever wrote that row, how often, and when (<see cref="SegmentRows"/>).</para>
/// <para>Why nothing is lost. A rollup is durable before anything goes that is in it, in a later round than the one that wrote it, and only after each of its rows was found between those two numbers. A crash
/// leaves one of these states, and two that roll up the same hour at once leave two rollups, of which the lesser goes.</para>
/// <para>Why what is not archived yet fits on. Only segments are rolled up whose records the heads say are durable. So whoever reads the rest of the journal from where the heads end has no entry that a rollup
/// had when they were read.</para>
/// <para>An hour is rolled up only if every chain in it holds, as nobody can look at it again. The link of the last entry is kept, so that the chain goes on after the hour.</para>
/// </remarks>
public sealed class Rollup(ISegmentStore store, TimeProvider time)
{
    /// <summary>So many at once at most; the next ones join them after.</summary>
    public const int MaxSegmentsAtOnce = 512;

    /// <summary>Hours that cannot be rolled up, each with all that it had then: when something comes to it, it is tried again.</summary>
    private readonly HashSet<(DateTimeOffset Hour, int Partition, string Segments)> _leftAlone = [];

    /// <summary>One round.</summary>
    /// <param name="scope">Which hours.</param>
    /// <param name="isMine">Which partitions.</param>
    /// <param name="rests">Whether to rest after each hour, for the sake of what else the machine does.</param>
    /// <param name="cancellationToken">Ends it; nothing is lost by that.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task<RollupReport> RunAsync(RollupScope scope, Func<int, bool> isMine, bool rests, CancellationToken cancellationToken)
    {
        var settled = time.GetUtcNow() - Compaction.SettledAfter;
        var segments = (await store.ListAsync("date=", cancellationToken))
            .Select(static path => SegmentName.TryParse(path, out var name) ? name : null).OfType<SegmentName>()
            .Where(name => name.End <= settled && isMine(name.Partition));
        var report = new RollupReport(0, 0, 0, []);
        foreach (var partition in segments.GroupBy(static name => name.Partition))
        {
            var hours = partition.GroupBy(static name => name.Hour).Select(static hour => hour.ToList()).Where(hour => IsDue(hour, scope)).ToList();
            if (hours.Count == 0)
            {
                continue;
            }

            var durable = await DurableAsync(partition.Key, cancellationToken);
            foreach (var hour in hours)
            {
                var begunAt = time.GetTimestamp();
                report = await RunAsync([.. hour.Where(name => name.Last <= durable)], report, cancellationToken);
                if (rests)
                {
                    await Task.Delay(time.GetElapsedTime(begunAt), time, cancellationToken);
                }
            }
        }

        return report;
    }

    private bool IsDue(List<SegmentName> hour, RollupScope scope)
    {
        var isBegun = hour.Exists(static name => name.IsRollup);
        return (isBegun ? hour.Count > 1 : scope == RollupScope.All || (scope == RollupScope.New && hour.TrueForAll(static name => name.Merged == 0))) && !_leftAlone.Contains(Known(hour));
    }

    private static (DateTimeOffset Hour, int Partition, string Segments) Known(List<SegmentName> hour) =>
        (hour[0].Hour, hour[0].Partition, string.Join(' ', hour.Select(static name => name.Path).Order(StringComparer.Ordinal)));

    private async Task<long> DurableAsync(int partition, CancellationToken cancellationToken)
    {
        using var unused = new SegmentWriter();
        return (await PartitionArchive.OpenAsync(store, unused, partition, cancellationToken)).Progress.Record;
    }

    private async Task<RollupReport> RunAsync(List<SegmentName> hour, RollupReport report, CancellationToken cancellationToken)
    {
        try
        {
            var rollup = SegmentName.Counting(hour);
            var rest = hour.Where(name => name != rollup).OrderBy(static name => name.First).ThenBy(static name => name.Last).ToList();
            if (rollup is not null)
            {
                var held = await HeldAsync(rollup, rest, cancellationToken);
                foreach (var name in held)
                {
                    await store.DeleteAsync(name.Path, cancellationToken);
                }

                report = report with { Removed = report.Removed + held.Count };
                rest.RemoveAll(held.Contains);
            }

            foreach (var some in rest.Where(static name => !name.IsRollup).Chunk(MaxSegmentsAtOnce))
            {
                rollup = await RollUpAsync(rollup, some, cancellationToken);
                report = report with { RolledUp = report.RolledUp + some.Length, Written = report.Written + 1 };
            }

            return report;
        }
        catch (SegmentGoneException)
        {
            // Somebody else is at this hour: what was listed of it is no longer so.
            return report;
        }
        catch (Exception fault) when (fault is DuckDBException or FormatException or OverflowException or ArgumentException or InvalidCastException or UnfitHourException)
        {
            _leftAlone.Add(Known(hour));
            return report with { Faults = [.. report.Faults, $"{hour[0].Path} and {hour.Count - 1} beside it are not rolled up: {fault.Message}"] };
        }
    }

    /// <summary>Those of which a rollup has all entries.</summary>
    private Task<List<SegmentName>> HeldAsync(SegmentName rollup, IReadOnlyList<SegmentName> rest, CancellationToken cancellationToken) => WithFilesAsync(
        [rollup, .. rest],
        files => Task.Run(
            () =>
            {
                using var engine = new RollupEngine($"{store.NewTemporaryFile()}.spill");
                return files.Skip(1).Where(file => engine.Has(files[0], file)).Select(static file => file.Name).ToList();
            },
            CancellationToken.None),
        cancellationToken);

    private Task<SegmentName> RollUpAsync(SegmentName? before, IReadOnlyList<SegmentName> entries, CancellationToken cancellationToken) => WithFilesAsync(
        before is null ? entries : [before, .. entries],
        async files =>
        {
            var all = files.Select(static file => file.Name).ToList();
            var into = new SegmentName(all[0].Hour, all[0].Partition, all.Min(static name => name.First), all.Max(static name => name.Last), RolledUp: (before?.RolledUp ?? 0) + 1);
            var file = store.NewTemporaryFile();
            try
            {
                await Task.Run(
                    () =>
                    {
                        using var engine = new RollupEngine($"{file}.spill");
                        engine.RollUp(before is null ? null : files[0].Path, [.. files.Skip(before is null ? 0 : 1).Select(static each => each.Path)], file);
                    },
                    CancellationToken.None);
                return await store.TryPutAsync(into.Path, file, cancellationToken) ? into : throw new SegmentGoneException($"The place of {into.Path}");
            }
            finally
            {
                File.Delete(file);
            }
        },
        cancellationToken);

    /// <exception cref="SegmentGoneException">One of them is not there any more.</exception>
    private async Task<T> WithFilesAsync<T>(IReadOnlyList<SegmentName> names, Func<List<SegmentFile>, Task<T>> step, CancellationToken cancellationToken)
    {
        var files = new List<SegmentFile>();
        try
        {
            foreach (var name in names)
            {
                files.Add(new SegmentFile(name, await store.OpenAsync(name.Path, cancellationToken) ?? throw new SegmentGoneException(name.Path)));
            }

            return await step(files);
        }
        finally
        {
            files.ForEach(static file => file.File.Dispose());
        }
    }
}
