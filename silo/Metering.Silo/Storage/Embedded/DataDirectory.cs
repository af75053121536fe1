using System.Globalization;
using System.Text;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// The directory of an embedded store, held by one process at a time.
/// </summary>
/// <remarks>
/// The claim is the operating system's lock on an open file, not the file's existence: it ends with the process however that dies,
/// so a kill -9 leaves nothing to clean up. The lock file is never deleted, or a third process could lock a new file of that name while
/// a second still holds the old one. The process id stands in a file of its own, because on Windows a locked file cannot be read.
/// The lock keeps a second silo from starting half way; credits do not rest on it. On a file system without locks two
/// processes are still fenced by SQLite's transactions and the numbers of the records.
/// </remarks>
internal sealed class DataDirectory : IDisposable
{
    private const string LockFileName = "metering.lock";
    private const string OwnerFileName = "metering.pid";

    // EAGAIN on Linux, on BSD and macOS, and ERROR_SHARING_VIOLATION on Windows.
    private static readonly int[] LockedElsewhere = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream lockFile)
    {
        Path = path;
        _lock = lockFile;
    }

    /// <summary>The full path.</summary>
    public string Path { get; }

    /// <summary>Creates the directory when there is none, and claims it for this process.</summary>
    /// <exception cref="DataDirectoryInUseException">Another owner has it.</exception>
    /// <exception cref="DataDirectoryException">It cannot be created or written.</exception>
    public static DataDirectory Claim(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        var fullPath = System.IO.Path.GetFullPath(path);
        Create(fullPath);
        var lockFile = Lock(fullPath);
        try
        {
            WriteOwner(fullPath);
            return new DataDirectory(fullPath, lockFile);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            lockFile.Dispose();
            throw NotWritable(fullPath, exception);
        }
    }

    public string FilePath(string fileName) => System.IO.Path.Combine(Path, fileName);

    public void Dispose()
    {
        try
        {
            File.Delete(FilePath(OwnerFileName));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The file only informs: a stale one is overwritten by the next owner.
        }

        _lock.Dispose();
    }

    private static void Create(string path)
    {
        if (File.Exists(path))
        {
            throw new DataDirectoryException($"The data directory '{path}' is a file, not a directory.");
        }

        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DataDirectoryException($"The data directory '{path}' cannot be created: {exception.Message}", exception);
        }
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(path, LockFileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (LockedElsewhere.Contains(exception.HResult))
        {
            throw new DataDirectoryInUseException(
                $"The data directory '{path}' is in use by {ReadOwner(path)}. Stop it, or give this process a directory of its own.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(path, exception);
        }
    }

    private static void WriteOwner(string path) =>
        File.WriteAllText(
            System.IO.Path.Combine(path, OwnerFileName),
            string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {Environment.MachineName}\n"),
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

    private static string ReadOwner(string path)
    {
        try
        {
            var owner = File.ReadAllText(System.IO.Path.Combine(path, OwnerFileName)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            return owner is [var process, var machine] ? $"process {process} on {machine}" : "another process";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The owner has locked the directory but not yet written its id, or is just leaving.
            return "another process";
        }
    }

    private static DataDirectoryException NotWritable(string path, Exception exception) =>
        new($"The data directory '{path}' is not writable: {exception.Message}", exception);
}
