using DuckDB.NET.Data;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Upkeep;

/// <summary>Segments at hand for one step of compaction, until this is disposed; and what the step found to be wrong with them.</summary>
internal sealed class OpenedSegments : IDisposable
{
    private readonly List<(SegmentName Name, LocalFile File)> _files = [];
    private readonly List<SegmentName> _damaged = [];
    private readonly string _spillFolder;

    private OpenedSegments(string spillFolder) => _spillFolder = spillFolder;

    internal IReadOnlyList<SegmentName> Names => [.. _files.Select(static file => file.Name)];

    /// <summary>Why the step came to nothing; null when it did not.</summary>
    internal string? Failure { get; private set; }

    /// <summary>Those that cannot be read.</summary>
    internal IReadOnlyList<SegmentName> Damaged => _damaged;

    /// <summary>Whether they can be read and contradict each other.</summary>
    internal bool AreAtOdds { get; private set; }

    /// <summary>Opens segments from the front, until they are so many or so large.</summary>
    /// <exception cref="SegmentGoneException">One of them is gone.</exception>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    internal static async Task<OpenedSegments> OpenAsync(ISegmentStore store, IEnumerable<SegmentName> names, int maxSegments, long maxBytes, CancellationToken cancellationToken)
    {
        var opened = new OpenedSegments($"{store.NewTemporaryFile()}.spill");
        try
        {
            var bytes = 0L;
            foreach (var name in names)
            {
                var file = await store.OpenAsync(name.Path, cancellationToken) ?? throw new SegmentGoneException(name.Path);
                opened._files.Add((name, file));
                var there = new FileInfo(file.Path);
                bytes += there.Exists ? there.Length : throw new SegmentGoneException(name.Path);
                if (opened._files.Count >= maxSegments || bytes >= maxBytes)
                {
                    break;
                }
            }

            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Writes all rows of all of them into one file.</summary>
    /// <returns>False when that failed.</returns>
    /// <exception cref="SegmentGoneException">One of them is gone.</exception>
    internal bool TryMerge(string into)
    {
        var mayRepeat = _files.Zip(_files.Skip(1)).Any(static pair => pair.Second.Name.First <= pair.First.Name.Last);
        return TryAsk(engine => engine.Merge(Paths, into, mayRepeat));
    }

    /// <summary>Those after the first all of whose rows are in the first; none when that failed.</summary>
    /// <exception cref="SegmentGoneException">One of them is gone.</exception>
    internal IReadOnlyList<SegmentName> HeldByFirst()
    {
        IReadOnlyList<string> notHeld = [];
        return TryAsk(engine => notHeld = engine.NotHeldBy(Paths[0], Paths[1..])) ? [.. _files.Skip(1).Where(file => !notHeld.Contains(file.File.Path)).Select(static file => file.Name)] : [];
    }

    public void Dispose() => _files.ForEach(static file => file.File.Dispose());

    private List<string> Paths => [.. _files.Select(static file => file.File.Path)];

    private bool TryAsk(Action<SegmentEngine> ask)
    {
        using var engine = new SegmentEngine(_spillFolder);
        try
        {
            ask(engine);
            return true;
        }
        catch (LedgerStoreException odds)
        {
            (Failure, AreAtOdds) = (odds.Message, true);
            return false;
        }
        catch (DuckDBException failure)
        {
            // One that is gone is not damaged: it was merged, and this process only has a path of it.
            if (Paths.Find(static path => !File.Exists(path)) is { } gone)
            {
                throw new SegmentGoneException(gone);
            }

            Failure = failure.Message;
            _damaged.AddRange(_files.Where(file => !engine.CanRead(file.File.Path)).Select(static file => file.Name));
            return false;
        }
    }
}
