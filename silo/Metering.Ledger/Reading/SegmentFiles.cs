using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>The segments that a question is about, at hand until this is disposed.</summary>
internal sealed class SegmentFiles : IDisposable
{
    private readonly List<(string Name, LocalFile File)> _files = [];
    private readonly List<string> _damaged = [];

    internal IReadOnlyList<string> Paths => [.. _files.Select(static file => file.File.Path)];

    /// <summary>Names of those that cannot be read.</summary>
    internal IReadOnlyList<string> Damaged => _damaged;

    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    internal static async Task<SegmentFiles> OpenAsync(ISegmentStore store, Func<SegmentName, bool> wanted, CancellationToken cancellationToken)
    {
        var files = new SegmentFiles();
        foreach (var name in await store.ListAsync("date=", cancellationToken))
        {
            // One that was merged into another since it was listed is in that one, and asked for again when it is listed.
            if (SegmentName.TryParse(name, out var segment) && wanted(segment) && await store.OpenAsync(name, cancellationToken) is { } file)
            {
                files._files.Add((name, file));
            }
        }

        return files;
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
