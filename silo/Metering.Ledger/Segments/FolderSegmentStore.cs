namespace Metering.Ledger.Segments;

/// <summary>The ledger in a folder: of one process, or one that all silos of a cluster share. Any process may read.</summary>
/// <remarks>
/// A file is written beside the others, synced, and renamed into place; then its folder is synced too, or a power failure could keep what was
/// written later and forget the name.
/// </remarks>
public sealed class FolderSegmentStore : ISegmentStore
{
    // Engines that are pointed at the folder pass over names that begin with an underscore.
    private const string TemporaryFolder = "_temporary";

    /// <summary>Nobody writes longer than this at one file; what is older was left by a crash. Younger ones may be another process's.</summary>
    internal static readonly TimeSpan MaxWriteTime = TimeSpan.FromHours(1);

    private readonly string _root;
    private readonly string _temporary;

    private FolderSegmentStore(string root)
    {
        _root = root;
        _temporary = Path.Combine(root, TemporaryFolder);
    }

    public string Root => _root;

    /// <summary>Opens a folder to write, creating it when there is none, and removes what a crash left half-written an hour ago or earlier.</summary>
    /// <exception cref="LedgerStoreException">It cannot be used.</exception>
    public static FolderSegmentStore OpenToWrite(string root)
    {
        var store = new FolderSegmentStore(Path.GetFullPath(root));
        store.Guard(() =>
        {
            Directory.CreateDirectory(store._temporary);
            var oldest = TimeProvider.System.GetUtcNow().UtcDateTime - MaxWriteTime;
            foreach (var left in Directory.GetFiles(store._temporary).Where(file => File.GetLastWriteTimeUtc(file) < oldest))
            {
                File.Delete(left);
            }

            foreach (var left in Directory.GetDirectories(store._temporary).Where(folder => Directory.GetLastWriteTimeUtc(folder) < oldest))
            {
                Directory.Delete(left, recursive: true);
            }

            return true;
        });
        return store;
    }

    /// <summary>Opens a folder that is there, to read.</summary>
    /// <exception cref="LedgerStoreException">There is none.</exception>
    public static FolderSegmentStore OpenToRead(string root)
    {
        var path = Path.GetFullPath(root);
        return Directory.Exists(path) ? new FolderSegmentStore(path) : throw new LedgerStoreException($"There is no folder '{path}'.");
    }

    public string NewTemporaryFile() => Guard(() =>
    {
        // Made again if need be: somebody may have emptied the folder, and the ledger goes on.
        Directory.CreateDirectory(_temporary);
        return Path.Combine(_temporary, $"{Guid.NewGuid():N}.part");
    });

    public Task PutAsync(string name, string temporaryFile, CancellationToken cancellationToken) => PutAsync(name, temporaryFile, replaces: true, cancellationToken);

    public Task<bool> TryPutAsync(string name, string temporaryFile, CancellationToken cancellationToken) => PutAsync(name, temporaryFile, replaces: false, cancellationToken);

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken) => Task.Run(
        () => Guard<IReadOnlyList<string>>(() =>
        {
            // Of a folder only those within it are walked that begin as the names do.
            var folder = Path.Combine(_root, prefix[..(prefix.LastIndexOf('/') + 1)]);
            var begins = $"{prefix[(prefix.LastIndexOf('/') + 1)..]}*";
            return Directory.Exists(folder)
                ? [.. Directory.EnumerateDirectories(folder, begins)
                    .SelectMany(static within => Directory.EnumerateFiles(within, "*", SearchOption.AllDirectories))
                    .Concat(Directory.EnumerateFiles(folder, begins))
                    .Select(path => Path.GetRelativePath(_root, path).Replace(Path.DirectorySeparatorChar, '/'))
                    .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && !name.StartsWith(TemporaryFolder, StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal)]
                : [];
        }),
        cancellationToken);

    public Task<LocalFile?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        return Task.FromResult(File.Exists(path) ? new LocalFile(path, static _ => { }) : null);
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Guard(() =>
    {
        File.Delete(PathOf(name));
        return true;
    }));

    private Task<bool> PutAsync(string name, string temporaryFile, bool replaces, CancellationToken cancellationToken) => Task.Run(
        () => Guard(() =>
        {
            var path = PathOf(name);
            var folder = Path.GetDirectoryName(path)!;
            var isNew = !Directory.Exists(folder);
            Directory.CreateDirectory(folder);
            using (var file = new FileStream(temporaryFile, FileMode.Open, FileAccess.ReadWrite))
            {
                file.Flush(flushToDisk: true);
            }

            if (!TryMove(temporaryFile, path, replaces))
            {
                return false;
            }

            FolderSync.Sync(folder);
            for (var parent = folder; isNew && parent.Length > _root.Length; parent = Path.GetDirectoryName(parent)!)
            {
                FolderSync.Sync(Path.GetDirectoryName(parent)!);
            }

            return true;
        }),
        cancellationToken);

    private static bool TryMove(string temporaryFile, string path, bool replaces)
    {
        try
        {
            File.Move(temporaryFile, path, replaces);
            return true;
        }
        catch (IOException) when (!replaces && File.Exists(path))
        {
            File.Delete(temporaryFile);
            return false;
        }
    }

    private string PathOf(string name) => Path.Combine(_root, name);

    private T Guard<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new LedgerStoreException($"The ledger's folder '{_root}' failed: {exception.Message}", exception);
        }
    }
}
