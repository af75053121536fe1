using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>The segments that a question is about, at hand until this is disposed.</summary>
internal sealed class SegmentFiles : IDisposable
{
    /// <summary>Segments go one by one as they are merged, so another listing or two find all there is.</summary>
    private const int MaxListings = 8;

    private readonly List<(SegmentName Name, LocalFile File)> _files = [];
    private readonly List<string> _damaged = [];

    internal IReadOnlyList<string> Paths => [.. _files.Select(static file => file.File.Path)];

    /// <summary>Names of those that cannot be read.</summary>
    internal IReadOnlyList<string> Damaged => _damaged;

    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    internal static async Task<SegmentFiles> OpenAsync(ISegmentStore store, Func<SegmentName, bool> wanted, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var files = new SegmentFiles();
            try
            {
                if (await files.TryOpenAsync(store, wanted, cancellationToken))
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
    private async Task<bool> TryOpenAsync(ISegmentStore store, Func<SegmentName, bool> wanted, CancellationToken cancellationToken)
    {
        foreach (var name in await store.ListAsync("date=", cancellationToken))
        {
            if (!SegmentName.TryParse(name, out var segment) || !wanted(segment))
            {
                continue;
            }

            if (await store.OpenAsync(name, cancellationToken) is not { } file)
            {
                return false;
            }

            _files.Add((segment, file));
        }

        return true;
    }

    /// <summary>
    /// Sorts paths by what else may have their rows. A record's rows of an hour are in the segment of that hour and its records, so those that have no record in common have
    /// no row in common.
    /// </summary>
    /// <param name="archivedThrough">The last record that is wholly in segments.</param>
    /// <returns>
    /// Segments apart from all others; those that overlap, in any order; and those that reach into later records as well. Those that have only later records are left out.
    /// </returns>
    internal (List<string> Apart, List<string> Overlapping, List<string> Reaching) ByOverlap(long archivedThrough)
    {
        var (apart, overlapping, reaching) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var hour in _files.Where(file => file.Name.First <= archivedThrough).GroupBy(static file => (file.Name.Hour, file.Name.Partition)))
        {
            var (run, last) = (new List<(SegmentName Name, LocalFile File)>(), 0L);
            foreach (var file in hour.OrderBy(static file => file.Name.First))
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

        return (apart, overlapping, reaching);

        // One that reaches takes those that overlap it along: which of them has a row does not matter then.
        void Sort(List<(SegmentName Name, LocalFile File)> run) =>
            (run.Exists(file => file.Name.Last > archivedThrough) ? reaching : run.Count > 1 ? overlapping : apart).AddRange(run.Select(static file => file.File.Path));
    }

    /// <summary>Sets aside those that cannot be read.</summary>
    /// <returns>Whether there are any.</returns>
    internal bool SetAside(Func<string, bool> canRead)
    {
        var damaged = _files.Where(file => !canRead(file.File.Path)).ToList();
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
