namespace Metering.Grains.Journal;

/// <summary>
/// Where committed entries go before their records are trimmed: the ledger. Bytes only, as the journal itself. It takes each partition's records in order; what it has
/// taken may be handed to it again after a crash, and nothing is ever left out.
/// </summary>
public interface IJournalArchive
{
    /// <summary>Opens the archive's end of a partition, and with it how far it has come.</summary>
    /// <exception cref="JournalArchiveException">It cannot be reached.</exception>
    Task<IArchivedPartition> OpenAsync(int partition, CancellationToken cancellationToken);
}

/// <summary>One partition in the archive. One call at a time.</summary>
public interface IArchivedPartition
{
    /// <summary>What is in the archive for good.</summary>
    ArchiveProgress Progress { get; }

    /// <summary>Goes on after a later record, because those before it are trimmed already: they were committed while nobody archived.</summary>
    /// <exception cref="JournalArchiveException">It is not known whether it will.</exception>
    Task SkipThroughAsync(ArchiveProgress before, CancellationToken cancellationToken);

    /// <summary>Takes the entries of the records after <see cref="Progress"/>, in order; they are durable when the task completes.</summary>
    /// <param name="chunks">What accounts have in those records; perhaps nothing.</param>
    /// <param name="through">The last of those records.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown, and the same is handed over again.</param>
    /// <exception cref="JournalArchiveException">The outcome is unknown: the same is handed over again.</exception>
    Task AppendAsync(IReadOnlyList<ArchivedChunk> chunks, ArchiveProgress through, CancellationToken cancellationToken);
}

/// <summary>A record, and the checksum that says which it is: 0 and 0 before the first.</summary>
public readonly record struct ArchiveProgress(long Record, ulong Checksum);

/// <summary>What the archive has not taken yet.</summary>
/// <param name="Bytes">Bytes of log.</param>
/// <param name="LongestBytes">Of the partition that has most: at <see cref="JournalOptions.MaxArchiveBacklogBytes"/> its accounts refuse.</param>
/// <param name="Age">For how long the oldest of them has been waiting, at most.</param>
/// <param name="Fault">Why it failed when it last tried; null when it did not.</param>
public readonly record struct ArchiveBacklog(long Bytes, long LongestBytes, TimeSpan Age, string? Fault);

/// <summary>The entries of one account in one record, as they were appended. The bytes do not change.</summary>
public readonly record struct ArchivedChunk(string Account, ReadOnlyMemory<byte> Entries);

/// <summary>The archive cannot be reached, has no room, or cannot make sense of what it was given. The message is for an operator.</summary>
public sealed class JournalArchiveException : Exception
{
    public JournalArchiveException(string message)
        : base(message)
    {
    }

    public JournalArchiveException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
