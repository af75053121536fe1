using System.Globalization;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// Files that are no segment now: of segments that were trimmed, to be used again without asking the disk for room, and the file system for a change that it would have to write down too. For any thread.
/// </summary>
internal sealed class SpareSegments
{
    /// <summary>More are deleted.</summary>
    private const int MaxSpares = 4;

    private const string Pattern = "spare-*.log";
    private const int ZeroBytes = 1 << 20;

    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly List<(string Path, long Size)> _spares = [];
    private int _made;

    /// <summary>Takes over what is there.</summary>
    public SpareSegments(string folder)
    {
        _folder = folder;
        foreach (var path in Directory.GetFiles(folder, Pattern).Order(StringComparer.Ordinal))
        {
            // One that was begun and not filled is shorter than it was to be. It has its length, and that is all that counts.
            Add(path, new FileInfo(path).Length / SegmentFormat.BlockBytes * SegmentFormat.BlockBytes);
        }
    }

    /// <summary>A file of at least so many bytes.</summary>
    /// <param name="minBytes">What is needed: whole blocks.</param>
    /// <param name="goodBytes">What there had better be: whole blocks, no fewer.</param>
    /// <exception cref="IOException">There is none, and no room for one.</exception>
    public string Take(long minBytes, long goodBytes)
    {
        lock (_gate)
        {
            // A small one would be full at once; only where there is no room for another is it good enough.
            if (Find(Math.Max(minBytes, goodBytes / 4)) is { } spare)
            {
                return spare;
            }
        }

        try
        {
            return Make(goodBytes);
        }
        catch (IOException)
        {
            lock (_gate)
            {
                if (Find(minBytes) is { } spare)
                {
                    return spare;
                }
            }

            throw;
        }
    }

    /// <summary>Keeps a file, or deletes another. One that cannot be deleted now is looked at again at the next start.</summary>
    public void Add(string path, long size)
    {
        lock (_gate)
        {
            _spares.Add((path, size));
            while (_spares.Count > MaxSpares)
            {
                var smallest = _spares.MinBy(static spare => spare.Size);
                _spares.Remove(smallest);
                try
                {
                    File.Delete(smallest.Path);
                }
                catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
                {
                }
            }
        }
    }

    /// <summary>A name that no spare has.</summary>
    public string NewPath() => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"spare-{Interlocked.Increment(ref _made)}-{Guid.NewGuid():N}.log"));

    private string? Find(long minBytes)
    {
        var largest = _spares.Where(spare => spare.Size >= minBytes).OrderByDescending(static spare => spare.Size).FirstOrDefault();
        _spares.Remove(largest);
        return largest.Path;
    }

    /// <summary>Of zeros that are really written: a file system that only promises room may have none when it comes to it.</summary>
    private string Make(long size)
    {
        var path = NewPath();
        try
        {
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            var zeros = new byte[Math.Min(size, ZeroBytes)];
            for (var at = 0L; at < size; at += zeros.Length)
            {
                RandomAccess.Write(file, zeros.AsSpan(..(int)Math.Min(zeros.Length, size - at)), at);
            }

            RandomAccess.FlushToDisk(file);
            return path;
        }
        catch (IOException)
        {
            File.Delete(path);
            throw;
        }
    }
}
