using System.Globalization;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>The segments that a question is about, at hand until this is disposed.</summary>
internal sealed class SegmentFiles : IDisposable
{
    /// <summary>Segments go one by one as they are merged, so another listing or two find all there is.</summary>
    private const int MaxListings = 8;

    private readonly List<SegmentFile> _files = [];
    private readonly List<string> _damaged = [];

    internal IReadOnlyList<string> Paths => [.. _files.Select(static file => file.Path)];

    /// <summary>Their rows, for the engine; null when there are none.</summary>
    internal string? Rows
    {
        get
        {
            var hours = HourSegments.Of(_files).ToList();
            var sources = new List<string>();
            if (hours.Where(static hour => hour.Rollup is null).SelectMany(static hour => hour.Entries).Select(static file => file.Path).ToList() is { Count: > 0 } entries)
            {
                sources.Add(SegmentRows.Entries(entries));
            }

            if (hours.Select(static hour => hour.Rollup).OfType<SegmentFile>().Select(static file => file.Path).ToList() is { Count: > 0 } rollups)
            {
                sources.Add(SegmentRows.Rollups(rollups));
            }

            sources.AddRange(
                from hour in hours
                where hour.Rollup is not null && hour.Entries.Count > 0
                select SegmentRows.Beside(hour.Rollup!.Path, [.. hour.Entries.Select(static file => file.Path)]));
            return sources.Count switch { 0 => null, 1 => sources[0], _ => SegmentRows.All(sources) };
        }
    }

    /// <summary>Names of those that cannot be read.</summary>
    internal IReadOnlyList<string> Damaged => _damaged;

    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    internal static async Task<SegmentFiles> OpenAsync(ISegmentStore store, SegmentRange range, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var files = new SegmentFiles();
            try
            {
                if (await files.TryOpenAsync(store, range, cancellationToken))
                {
                    return files;
                }
            }
            catch
            {
                files.Dispose();
                throw;
            }

            files.Dispose();
            if (attempt == MaxListings)
            {
                throw new LedgerStoreException("The ledger's segments change faster than they can be listed.");
            }
        }
    }

    /// <returns>False when one of them is gone since it was listed: what was in it is in another by now, which a new listing has.</returns>
    private async Task<bool> TryOpenAsync(ISegmentStore store, SegmentRange range, CancellationToken cancellationToken)
    {
        foreach (var segment in await range.ListAsync(store, cancellationToken))
        {
            if (await store.OpenAsync(segment.Path, cancellationToken) is not { } file)
            {
                return false;
            }

            _files.Add(new SegmentFile(segment, file));
        }

        return true;
    }

    /// <summary>
    /// Sorts paths by what else may have their rows. A record's rows of an hour are in the segment of that hour and its records, so those that have no record in common have
    /// no row in common.
    /// </summary>
    /// <param name="archivedThrough">The last record that is wholly in segments.</param>
    internal SegmentOverlaps ByOverlap(long archivedThrough)
    {
        var overlaps = new SegmentOverlaps([], [], [], [], []);
        foreach (var hour in HourSegments.Of(_files))
        {
            var entries = hour.Entries.Where(file => file.Name.First <= archivedThrough).OrderBy(static file => file.Name.First).ToList();
            if (hour.Rollup is { } rollup)
            {
                overlaps.Rollups.Add(rollup.Path);
                if (entries.Count > 0)
                {
                    overlaps.BesideRollups.Add((rollup.Path, [.. entries.Select(static file => file.Path)]));
                }

                continue;
            }

            var (run, last) = (new List<SegmentFile>(), 0L);
            foreach (var file in entries)
            {
                if (file.Name.First > last)
                {
                    Sort(run);
                    run.Clear();
                }

                run.Add(file);
                last = Math.Max(last, file.Name.Last);
            }

            Sort(run);
        }

        return overlaps;

        // One that reaches takes those that overlap it along: which of them has a row does not matter then.
        void Sort(List<SegmentFile> run) =>
            (run.Exists(file => file.Name.Last > archivedThrough) ? overlaps.Reaching : run.Count > 1 ? overlaps.Overlapping : overlaps.Apart).AddRange(run.Select(static file => file.Path));
    }

    internal bool HasRollups => _files.Exists(static file => file.Name.IsRollup);

    /// <summary>Whether a rollup has entries of later records than that.</summary>
    internal bool RollupsReachBeyond(long record) => HourSegments.Of(_files).Any(hour => hour.Rollup is { } rollup && rollup.Name.Last > record);

    /// <summary>Makes sure that the ends of a range do not cut a minute of which only sums are kept.</summary>
    /// <exception cref="RolledUpException">One does.</exception>
    internal void RequireWholeMinutes(DateTimeOffset from, DateTimeOffset to)
    {
        foreach (var bound in new[] { from, to }.Where(static bound => bound.UtcTicks % TimeSpan.TicksPerMinute != 0))
        {
            if (_files.Exists(file => file.Name.IsRollup && file.Name.Hour < bound && bound < file.Name.End))
            {
                throw new RolledUpException(string.Create(
                    CultureInfo.InvariantCulture, $"The ledger keeps the hour of {bound.UtcDateTime:yyyy-MM-ddTHH:mm:ss.FFFFFFFZ} by the minute: a range may begin and end there with a whole minute only."));
            }
        }
    }

    /// <summary>Sets aside those that cannot be read.</summary>
    /// <param name="canRead">Given the rows of one.</param>
    /// <returns>Whether there are any.</returns>
    internal bool SetAside(Func<string, bool> canRead)
    {
        var damaged = _files.Where(file => !canRead(file.Name.IsRollup ? SegmentRows.Rollups([file.Path]) : SegmentRows.Entries([file.Path]))).ToList();
        damaged.ForEach(file =>
        {
            _damaged.Add(file.Name.Path);
            _files.Remove(file);
            file.File.Dispose();
        });
        return damaged.Count > 0;
    }

    public void Dispose() => _files.ForEach(static file => file.File.Dispose());
}

/// <summary>Paths of segments by what else may have their rows.</summary>
/// <param name="Apart">Those that have no row in common with any other.</param>
/// <param name="Overlapping">Those that overlap others, in any order.</param>
/// <param name="Reaching">Those that reach into records that are not wholly in segments, with those that overlap them. Those that have only such records are left out.</param>
/// <param name="Rollups">Rollups that count.</param>
/// <param name="BesideRollups">Rollups, and what has entries of their hours besides.</param>
internal sealed record SegmentOverlaps(
    List<string> Apart, List<string> Overlapping, List<string> Reaching, List<string> Rollups, List<(string Rollup, IReadOnlyList<string> Entries)> BesideRollups);
