namespace Metering.Ledger.Segments;

/// <summary>
/// Where the ledger is kept: files by name, in folders of <c>/</c>. A file is there in full or not at all, never changes, and is durable when the task that put it completes.
/// </summary>
/// <remarks>All members may be called from any thread.</remarks>
public interface ISegmentStore
{
    /// <summary>A file to write before it is put: on the disk of the store where that makes putting it cheap. Whoever asks for it puts it or deletes it.</summary>
    /// <exception cref="LedgerStoreException">There is no place for it.</exception>
    string NewTemporaryFile();

    /// <summary>Takes a file that was written to <see cref="NewTemporaryFile"/>, in place of any of that name. The temporary file is gone afterwards.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached or has no room; whether the file is there is not known.</exception>
    Task PutAsync(string name, string temporaryFile, CancellationToken cancellationToken);

    /// <summary>The same, unless there is a file of that name: that one then stays as it is. The temporary file is gone in either case.</summary>
    /// <returns>False when there was one. It may have been put by a request of this call that was sent twice.</returns>
    /// <exception cref="LedgerStoreException">The store cannot be reached or has no room; whether the file is there is not known.</exception>
    Task<bool> TryPutAsync(string name, string temporaryFile, CancellationToken cancellationToken);

    /// <summary>Names that begin with a prefix, in ordinal order.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>A path on this machine at which the file can be read, until the result is disposed.</summary>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    Task<LocalFile?> OpenAsync(string name, CancellationToken cancellationToken);

    /// <summary>Harmless when it is not there.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    Task DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A file of the store, readable under a path until this is disposed.</summary>
public sealed class LocalFile(string path, Action<string> release) : IDisposable
{
    public string Path => path;

    public void Dispose() => release(path);
}

/// <summary>The store of the ledger failed: it cannot be reached, has no room, or what is in it cannot be read. The message is for an operator.</summary>
public sealed class LedgerStoreException : Exception
{
    public LedgerStoreException(string message)
        : base(message)
    {
    }

    public LedgerStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
