using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// The journal in SQLite: a row per record. Appends to all logs that arrive while a transaction is being written share the next.
/// </summary>
/// <remarks>
/// The fence is the look at the log's last number and the insert behind it, in one transaction on the one writer: whoever comes second with a
/// number finds it taken. Nothing is remembered between appends, so nothing can be remembered wrongly after a rollback.
/// Bytes are handed through as they are on disk: the record format above carries the checksums, and so only the accounts that a
/// damaged record touches are quarantined, not the whole log.
/// </remarks>
internal sealed class SqliteJournalStore(EmbeddedDatabase database) : IJournalStore
{
    // A trim writes few pages however much it frees, but keeps the writer a while: one to a transaction.
    private const long TrimWeight = WriteQueue.MaxBackgroundBytesPerTransaction;

    // Only ids whose creation is committed: they never change again.
    private readonly ConcurrentDictionary<string, long> _logIds = new(StringComparer.Ordinal);

    public int MaxRecordBytes => 64 << 20;

    // One process has the directory, and a commit is on the disk before it is told.
    public bool IsShared => false;

    public bool MayLoseTail => false;

    public async Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);

        // Through the writer even when the log is there: an append whose caller gave up may still be waiting, and belongs in the answer.
        var (id, extent) = await database.WriteAsync(
            WriteLane.Journal,
            bytes: 0,
            connection =>
            {
                var id = JournalTable.FindOrCreateLog(connection, log);
                return (id, JournalTable.Extent(connection, id));
            },
            cancellationToken);
        _logIds[log] = id;
        return extent;
    }

    public async Task<long> LastAsync(string log, CancellationToken cancellationToken) => (await OpenAsync(log, cancellationToken)).Last;

    public async IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        ArgumentOutOfRangeException.ThrowIfNegative(after);

        // In pages, and no read transaction between them: a reader that takes its time must not keep the write-ahead log from starting over.
        List<JournalRecord> page;
        do
        {
            var from = after;
            page = await database.ReadAsync(connection => JournalTable.ReadPage(connection, log, from), cancellationToken);
            foreach (var record in page)
            {
                yield return record;
                after = record.Number;
            }
        }
        while (page.Count > 0);
    }

    public Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        ArgumentOutOfRangeException.ThrowIfZero(record.Length, nameof(record));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Length, MaxRecordBytes, nameof(record));
        return database.WriteAsync(
            WriteLane.Journal,
            record.Length,
            connection =>
            {
                var id = _logIds.TryGetValue(log, out var known) ? known : JournalTable.FindOrCreateLog(connection, log);
                return JournalTable.Append(connection, id, number, record.Span);
            },
            cancellationToken);
    }

    public async Task TrimAsync(string log, long through, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        bool isMore;
        do
        {
            isMore = await database.WriteAsync(WriteLane.Background, TrimWeight, connection => JournalTable.Trim(connection, log, through), cancellationToken);
        }
        while (isMore);
    }
}
