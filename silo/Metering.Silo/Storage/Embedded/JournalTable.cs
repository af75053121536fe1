using System.Globalization;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded;

/// <summary>The rows of the journal: what each operation of the store does inside its transaction.</summary>
internal static class JournalTable
{
    private const int MaxRecordsPerPage = 256;
    private const long MaxBytesPerPage = 4L << 20;
    private const int MaxRecordsPerTrim = 256;
    private const long MaxBytesPerTrim = 16L << 20;

    public static JournalExtent Extent(DatabaseConnection connection, long log) =>
        new(
            End(connection, "SELECT min(id) FROM records WHERE id > ?1 AND id <= ?2", log),
            End(connection, "SELECT max(id) FROM records WHERE id > ?1 AND id <= ?2", log));

    public static AppendOutcome Append(DatabaseConnection connection, long log, long number, ReadOnlySpan<byte> record)
    {
        var last = Extent(connection, log).Last;
        if (number != last + 1)
        {
            return number <= last ? AppendOutcome.Conflict : AppendOutcome.TailLost;
        }

        if (number > JournalKey.MaxNumber)
        {
            throw new JournalStoreException("The log is at the last number there is.");
        }

        connection.Prepare("INSERT INTO records (id, bytes) VALUES (?1, ?2)").Bind(1, JournalKey.From(log, number)).Bind(2, record).Run();
        return AppendOutcome.Appended;
    }

    /// <summary>Removes a chunk of what lies up to <paramref name="through"/>, but never the last record.</summary>
    /// <returns>Whether there is more to remove.</returns>
    public static bool Trim(DatabaseConnection connection, string log, long through)
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

    /// <summary>The next records above <paramref name="after"/>; none when there are no more.</summary>
    public static List<JournalRecord> ReadPage(DatabaseConnection connection, string log, long after)
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

    public static long FindOrCreateLog(DatabaseConnection connection, string log)
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

    /// <summary>All logs, with what they have.</summary>
    public static List<CopiedLog> Logs(DatabaseConnection connection)
    {
        var logs = new List<(long Id, string Name)>();
        var statement = connection.Prepare("SELECT id, name FROM logs ORDER BY id");
        while (statement.Step())
        {
            logs.Add((statement.Number(0), statement.Text(1)));
        }

        statement.Reset();
        return [.. logs.Select(log => new CopiedLog(log.Name, Extent(connection, log.Id)))];
    }

    private static long? FindLog(DatabaseConnection connection, string log)
    {
        var statement = connection.Prepare("SELECT id FROM logs WHERE name = ?1").Bind(1, log);
        long? id = statement.Step() ? statement.Number(0) : null;
        statement.Reset();
        return id;
    }

    private static long End(DatabaseConnection connection, string sql, long log)
    {
        var statement = connection.Prepare(sql).Bind(1, JournalKey.Before(log)).Bind(2, JournalKey.Last(log));
        statement.Step();
        var number = statement.IsNull(0) ? 0 : JournalKey.Number(statement.Number(0));
        statement.Reset();
        return number;
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
}
