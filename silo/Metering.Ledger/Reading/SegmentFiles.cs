using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>The segments that a question is about, at hand until this is disposed.</summary>
internal sealed class SegmentFiles : IDisposable
{
    /// <summary>Segments go one by one as they are merged, so another listing or two find all there is.</summary>
    private const int MaxListings = 8;

    private readonly List<(string Name, LocalFile File)> _files = [];
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

            _files.Add((name, file));
        }

        return true;
    }

    /// <summary>Sets aside those that cannot be read.</summary>
    /// <returns>Whether there are any.</returns>
    internal bool SetAside(Func<string, bool> canRead)
    {
        var damaged = _files.Where(file => !canRead(file.File.Path)).ToList();
        damaged.ForEach(file =>
        {
            _damaged.Add(file.Name);
            _files.Remove(file);
            file.File.Dispose();
        });
        return damaged.Count > 0;
    }

    public void Dispose() => _files.ForEach(static file => file.File.Dispose());
}
