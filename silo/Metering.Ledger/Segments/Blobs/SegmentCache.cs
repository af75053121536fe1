using System.Globalization;

namespace Metering.Ledger.Segments.Blobs;

/// <summary>
/// Segments of a container on the disk of this machine: fetched when they are first asked for, kept for the next question, and let go, the longest unused first, when there is no room.
/// </summary>
/// <remarks>What is in use is never let go, so a question that needs more than there is room for is refused rather than the disk filled. All members may be called from any thread.</remarks>
internal sealed class SegmentCache : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ProcessFolder _folder;
    private readonly long _maxBytes;
    private readonly Dictionary<string, CachedSegment> _segments = new(StringComparer.Ordinal);
    private long _bytes;
    private long _uses;

    /// <exception cref="LedgerStoreException">The directory cannot be used.</exception>
    internal SegmentCache(string directory, long maxBytes)
    {
        _folder = ProcessFolder.In(directory);
        _maxBytes = maxBytes;
    }

    /// <summary>Bytes on the disk now, those on their way included.</summary>
    internal long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    internal string NewFile() => _folder.NewFile();

    /// <summary>A segment's file, in use until the result is disposed. Whoever asks for the same meanwhile waits for the same transfer.</summary>
    /// <param name="name">Of the segment.</param>
    /// <param name="fetch">Writes it to the path it is given, having asked for room; the version it fetched, null when there is no such segment.</param>
    /// <param name="cancellationToken">Ends the wait, not the transfer.</param>
    internal async Task<LocalFile?> OpenAsync(string name, Func<string, Action<long>, Task<string?>> fetch, CancellationToken cancellationToken)
    {
        CachedSegment segment;
        lock (_lock)
        {
            if (!_segments.TryGetValue(name, out segment!))
            {
                segment = _segments[name] = new CachedSegment(NewFile());
                segment.Fetched = Task.Run(() => FetchAsync(name, segment, fetch), CancellationToken.None);
            }

            segment.Users++;
            segment.LastUse = ++_uses;
        }

        try
        {
            if (await segment.Fetched.WaitAsync(cancellationToken))
            {
                return new LocalFile(segment.Path, _ => Release(segment));
            }
        }
        catch
        {
            Release(segment);
            throw;
        }

        Release(segment);
        return null;
    }

    /// <summary>Takes note of the version that the store has now: another one that lies here is not given any more.</summary>
    internal void Compare(string name, string version)
    {
        lock (_lock)
        {
            if (_segments.TryGetValue(name, out var segment) && segment.Version is { } cached && cached != version)
            {
                Drop(name, segment);
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    private async Task<bool> FetchAsync(string name, CachedSegment segment, Func<string, Action<long>, Task<string?>> fetch)
    {
        string? version = null;
        try
        {
            version = await fetch(segment.Path, bytes => Reserve(segment, bytes));
            return version is not null;
        }
        finally
        {
            lock (_lock)
            {
                segment.Version = version;
                if (version is null)
                {
                    Drop(name, segment);
                }
            }
        }
    }

    private void Reserve(CachedSegment segment, long bytes)
    {
        lock (_lock)
        {
            foreach (var (name, unused) in _segments.Where(static each => each.Value is { Users: 0, Version: not null }).OrderBy(static each => each.Value.LastUse).ToList())
            {
                if (_bytes + bytes <= _maxBytes)
                {
                    break;
                }

                Drop(name, unused);
            }

            if (_bytes + bytes > _maxBytes)
            {
                throw new LedgerStoreException(string.Create(
                    CultureInfo.InvariantCulture, $"More than {_maxBytes} bytes of segments are needed at once: ask for a shorter time, or give the ledger's cache more room."));
            }

            _bytes += bytes;
            segment.Bytes = bytes;
        }
    }

    /// <summary>Under the lock. Not given any more; its file goes with its last user.</summary>
    private void Drop(string name, CachedSegment segment)
    {
        segment.IsDropped = true;
        if (_segments.TryGetValue(name, out var current) && current == segment)
        {
            _segments.Remove(name);
        }

        if (segment.Users == 0)
        {
            Remove(segment);
        }
    }

    private void Release(CachedSegment segment)
    {
        lock (_lock)
        {
            if (--segment.Users == 0 && segment.IsDropped)
            {
                Remove(segment);
            }
        }
    }

    private void Remove(CachedSegment segment)
    {
        _bytes -= segment.Bytes;
        segment.Bytes = 0;
        try
        {
            File.Delete(segment.Path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It goes with the folder.
        }
    }

    private sealed class CachedSegment(string path)
    {
        internal string Path => path;

        internal Task<bool> Fetched { get; set; } = Task.FromResult(false);

        /// <summary>Null until it is here.</summary>
        internal string? Version { get; set; }

        internal long Bytes { get; set; }

        internal long LastUse { get; set; }

        internal int Users { get; set; }

        internal bool IsDropped { get; set; }
    }
}
