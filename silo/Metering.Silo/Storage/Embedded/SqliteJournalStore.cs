using System.Collections.Concurrent;
using System.Globalization;
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
    private const int MaxRecordsPerPage = 256;
    private const long MaxBytesPerPage = 4L << 20;
    private const int MaxRecordsPerTrim = 256;
    private const long MaxBytesPerTrim = 16L << 20;

    // A trim writes few pages however much it frees, but keeps the writer a while: one to a transaction.
    private const long TrimWeight = WriteQueue.MaxBackgroundBytesPerTransaction;

    // Only ids whose creation is committed: they never change again.
    private readonly ConcurrentDictionary<string, long> _logIds = new(StringComparer.Ordinal);

    public int MaxRecordBytes => 64 << 20;

    public async Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);

        // Through the writer even when the log is there: an append whose caller gave up may still be waiting, and belongs in the answer.
        var (id, extent) = await database.WriteAsync(
            WriteLane.Journal,
            bytes: 0,
            connection =>
            {
                var id = FindOrCreateLog(connection, log);
                return (id, Extent(connection, id));
            },
            cancellationToken);
        _logIds[log] = id;
        return extent;
    }

    public async IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        ArgumentOutOfRangeException.ThrowIfNegative(after);

        // In pages, and no read transaction between them: a reader that takes its time must not keep the write-ahead log from starting over.
        List<JournalRecord> page;
        do
        {
            var from = after;
            page = await database.ReadAsync(connection => ReadPage(connection, log, from), cancellationToken);
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
                var id = _logIds.TryGetValue(log, out var known) ? known : FindOrCreateLog(connection, log);
                return Append(connection, id, number, record.Span);
            },
            cancellationToken);
    }

    public async Task TrimAsync(string log, long through, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        bool isMore;
        do
        {
            isMore = await database.WriteAsync(WriteLane.Background, TrimWeight, connection => Trim(connection, log, through), cancellationToken);
        }
        while (isMore);
    }

    private static AppendOutcome Append(DatabaseConnection connection, long log, long number, ReadOnlySpan<byte> record)
    {
        var last = Extent(connection, log).Last;
        if (number != last + 1)
        {
            return AppendOutcome.Conflict;
        }

        if (number > JournalKey.MaxNumber)
        {
            throw new JournalStoreException("The log is at the last number there is.");
        }

        connection.Prepare("INSERT INTO records (id, bytes) VALUES (?1, ?2)").Bind(1, JournalKey.From(log, number)).Bind(2, record).Run();
        return AppendOutcome.Appended;
    }

    // False: everything that was to go is gone.
    private static bool Trim(DatabaseConnection connection, string log, long through)
    {
        if (FindLog(connection, log) is not { } id)
        {
            return false;
        }

        var end = Math.Min(through, Extent(connection, id).Last - 1);
        if (end < 1 || LastOfChunk(connection, id, end) is not { } chunkEnd)
        {
            return false;
        }

        connection.Prepare("DELETE FROM records WHERE id > ?1 AND id <= ?2").Bind(1, JournalKey.Before(id)).Bind(2, JournalKey.From(id, chunkEnd)).Run();
        return chunkEnd < end;
    }

    // Freeing a large record walks through all its pages, so a chunk is bounded by bytes too. Its length is known without them.
    private static long? LastOfChunk(DatabaseConnection connection, long log, long end)
    {
        var statement = connection.Prepare("SELECT id, length(bytes) FROM records WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3")
            .Bind(1, JournalKey.Before(log)).Bind(2, JournalKey.From(log, end)).Bind(3, MaxRecordsPerTrim);
        try
        {
            long? last = null;
            var bytes = 0L;
            while (bytes < MaxBytesPerTrim && statement.Step())
            {
                last = JournalKey.Number(statement.Number(0));
                bytes += statement.Number(1);
            }

            return last;
        }
        finally
        {
            statement.Reset();
        }
    }

    private static JournalExtent Extent(DatabaseConnection connection, long log) =>
        new(
            End(connection, "SELECT min(id) FROM records WHERE id > ?1 AND id <= ?2", log),
            End(connection, "SELECT max(id) FROM records WHERE id > ?1 AND id <= ?2", log));

    private static long End(DatabaseConnection connection, string sql, long log)
    {
        var statement = connection.Prepare(sql).Bind(1, JournalKey.Before(log)).Bind(2, JournalKey.Last(log));
        statement.Step();
        var number = statement.IsNull(0) ? 0 : JournalKey.Number(statement.Number(0));
        statement.Reset();
        return number;
    }

    private static List<JournalRecord> ReadPage(DatabaseConnection connection, string log, long after)
    {
        var page = new List<JournalRecord>();
        if (after >= JournalKey.MaxNumber || FindLog(connection, log) is not { } id)
        {
            return page;
        }

        var statement = connection.Prepare("SELECT id, bytes FROM records WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3")
            .Bind(1, JournalKey.From(id, after)).Bind(2, JournalKey.Last(id)).Bind(3, MaxRecordsPerPage);
        try
        {
            var bytes = 0L;
            while (bytes < MaxBytesPerPage && statement.Step())
            {
                var record = new JournalRecord(JournalKey.Number(statement.Number(0)), statement.Bytes(1));
                page.Add(record);
                bytes += record.Bytes.Length;
            }

            return page;
        }
        finally
        {
            statement.Reset();
        }
    }

    private static long FindOrCreateLog(DatabaseConnection connection, string log)
    {
        if (FindLog(connection, log) is { } found)
        {
            return found;
        }

        connection.Prepare("INSERT INTO logs (name) VALUES (?1)").Bind(1, log).Run();
        var created = FindLog(connection, log)!.Value;
        return created <= JournalKey.MaxLog
            ? created
            : throw new JournalStoreException(string.Create(CultureInfo.InvariantCulture, $"A store keeps at most {JournalKey.MaxLog} logs."));
    }

    private static long? FindLog(DatabaseConnection connection, string log)
    {
        var statement = connection.Prepare("SELECT id FROM logs WHERE name = ?1").Bind(1, log);
        long? id = statement.Step() ? statement.Number(0) : null;
        statement.Reset();
        return id;
    }
}
