namespace Metering.Grains.Journal;

/// <summary>
/// Named logs of numbered records: bytes only, nothing of credits. It is the fence of the system: of two writers that
/// both believe they own a log, the store lets one append record <c>n</c> and tells the other it lost.
/// </summary>
/// <remarks>
/// Numbers start at 1 and have no gaps above the trim. A call that throws or is cancelled has an unknown outcome: the record may be in the log.
/// All members may be called from any thread; appends to different logs run side by side. Every store passes the same suite
/// (<c>tests/Metering.Storage.Tests</c>).
/// </remarks>
public interface IJournalStore
{
    /// <summary>The largest record the store takes, in bytes.</summary>
    int MaxRecordBytes { get; }

    /// <summary>
    /// Whether other processes can append to the same logs. If so, an owner that answers without an append of its own must ask for
    /// <see cref="LastAsync"/> first: it may have been paused, and have lost the log meanwhile.
    /// </summary>
    bool IsShared { get; }

    /// <summary>
    /// Whether acknowledged records can vanish from the end of a log, as they do when a server that writes to its disk only now and then
    /// dies. An owner then keeps its latest records in memory, to append them again.
    /// </summary>
    bool MayLoseTail { get; }

    /// <summary>Opens a log, creating it when there is none, and tells the numbers it holds.</summary>
    /// <exception cref="JournalStoreException">The store cannot be reached, or what it holds cannot be read.</exception>
    Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken);

    /// <summary>The number of the last record; 0 when there is none. It sees every append that was acknowledged before it was called.</summary>
    /// <exception cref="JournalStoreException">The store cannot be reached.</exception>
    Task<long> LastAsync(string log, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the records numbered above <paramref name="after"/>, in order, up to the last one there is. The bytes of a record stay as they are for as long as somebody
    /// holds on to them: what is read is kept in parts.
    /// </summary>
    /// <exception cref="JournalStoreException">The store cannot be reached, or what it holds cannot be read.</exception>
    IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, CancellationToken cancellationToken);

    /// <summary>
    /// Appends a record if the last one is <paramref name="number"/> − 1. When the task completes with
    /// <see cref="AppendOutcome.Appended"/> the record is as durable as this store makes anything.
    /// </summary>
    /// <param name="log">The log.</param>
    /// <param name="number">The number the record is to have.</param>
    /// <param name="record">1 to <see cref="MaxRecordBytes"/> bytes. They must not change until the task completes.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    /// <exception cref="JournalStoreException">The outcome is unknown, or the store has no room.</exception>
    Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken);

    /// <summary>Removes the records numbered up to <paramref name="through"/>, except the last one: its number must outlive a trim.</summary>
    Task TrimAsync(string log, long through, CancellationToken cancellationToken);
}

/// <summary>The numbers a log holds: <c>First</c> to <c>Last</c>; both 0 for a log that never had a record.</summary>
public readonly record struct JournalExtent(long First, long Last);

public readonly record struct JournalRecord(long Number, ReadOnlyMemory<byte> Bytes);

public enum AppendOutcome
{
    /// <summary>The record is in the log.</summary>
    Appended = 0,

    /// <summary>The number is taken: somebody else owns the log now. Nothing was written.</summary>
    Conflict = 1,

    /// <summary>The log ends before <c>number</c> − 1. Whoever knows that record to be committed knows that the store has lost it. Nothing was written.</summary>
    TailLost = 2,
}

/// <summary>The store failed. For an append the outcome is unknown (law 9: distrust memory).</summary>
public sealed class JournalStoreException : Exception
{
    public JournalStoreException(string message)
        : base(message)
    {
    }

    public JournalStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
