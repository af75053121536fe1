namespace Metering.Ledger.Segments.Blobs;

/// <summary>A folder of this process alone, in a directory that processes share. It goes with the process; what one left that was killed is removed by the next.</summary>
internal sealed class ProcessFolder : IDisposable
{
    private readonly string _path;
    private readonly FileStream _lock;

    private ProcessFolder(string path, FileStream itsLock)
    {
        _path = path;
        _lock = itsLock;
    }

    /// <exception cref="LedgerStoreException">The directory cannot be used.</exception>
    internal static ProcessFolder In(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            foreach (var other in Directory.GetDirectories(directory))
            {
                RemoveIfLeft(other);
            }

            // The lock before the folder: another process would take one without for one that was left.
            var path = Path.Combine(directory, $"{Guid.NewGuid():N}");
            var itsLock = new FileStream(LockOf(path), FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            Directory.CreateDirectory(path);
            return new ProcessFolder(path, itsLock);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LedgerStoreException($"The ledger's cache '{directory}' cannot be used: {failure.Message}", failure);
        }
    }

    internal string NewFile() => Path.Combine(_path, $"{Guid.NewGuid():N}.parquet");

    public void Dispose()
    {
        try
        {
            Directory.Delete(_path, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next process removes it.
        }

        _lock.Dispose();
    }

    private static string LockOf(string folder) => folder + ".lock";

    private static void RemoveIfLeft(string folder)
    {
        try
        {
            using var free = new FileStream(LockOf(folder), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // In use, or being removed by another: either way not this one's.
        }
    }
}
