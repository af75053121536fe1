using Metering.Grains.Journal;
using Metering.Ledger.Segments;
using Metering.Silo.Storage.Embedded.Files;
using Microsoft.Data.Sqlite;

namespace Metering.Silo.Storage.Embedded;

/// <summary>A log as a copy of the store has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Extent">Its first and last record; zeros when it has none.</param>
public readonly record struct CopiedLog(string Name, JournalExtent Extent);

/// <summary>
/// A copy of an embedded store, made from outside while its process goes on.
/// </summary>
/// <remarks>
/// Of one instant, at which nobody writes into the database: it is read from then on within one transaction, by SQLite's own backup, and of the journal is copied what was there then. So no snapshot of the copy is ahead of its
/// journal, and nothing in its journal says of a later snapshot that entries before it are not needed any more. Nothing of the journal is trimmed meanwhile (<see cref="JournalHold"/>). The write-ahead log of the original cannot start over while
/// the database is copied: it grows by the snapshots of that time, and is cut back afterwards. The directory's lock is not taken: it is the owner's.
/// </remarks>
public static class StoreCopy
{
    private const int CopyBytes = 1 << 20;

    /// <summary>Copies the store of a data directory into another directory, durably, and checks the copy.</summary>
    /// <param name="dataDirectory">Of a server that runs, or of none.</param>
    /// <param name="target">A directory that is there and has no store.</param>
    /// <returns>The logs in the copy.</returns>
    /// <exception cref="JournalStoreException">There is no store of ours, it is damaged, or the copy cannot be written.</exception>
    public static IReadOnlyList<CopiedLog> Make(string dataDirectory, string target)
    {
        var (file, folder) = (Path.Combine(dataDirectory, EmbeddedDatabase.FileName), Path.Combine(dataDirectory, EmbeddedStore.JournalFolder));
        var (copiedFile, copiedFolder) = (Path.Combine(target, EmbeddedDatabase.FileName), Path.Combine(target, EmbeddedStore.JournalFolder));
        if (!File.Exists(file))
        {
            throw new JournalStoreException($"There is no '{file}' to copy.");
        }

        if (JournalFiles.SegmentsIn(folder).Count == 0)
        {
            throw new JournalStoreException($"There is no journal in '{folder}' to copy: start this version on it once, or copy it with the version that wrote it.");
        }

        using var hold = JournalHold.Take(folder);
        var (journal, end) = CopyDatabase(file, copiedFile, folder);
        try
        {
            CopyJournal(folder, copiedFolder, end);
        }
        catch (IOException fault)
        {
            throw StoreFault.From(fault, copiedFolder);
        }

        using var copy = JournalFiles.Open(copiedFolder, journal);
        return copy.Logs();
    }

    /// <returns>Which journal belongs to it, and where that ended when it was as it is in the copy.</returns>
    private static (Guid Journal, JournalEnd End) CopyDatabase(string file, string copy, string folder)
    {
        JournalEnd end;
        try
        {
            end = Copy(file, copy, folder);
        }
        catch (SqliteException fault)
        {
            throw StoreFault.From(fault, $"{file}' or '{copy}");
        }

        try
        {
            return (Check(copy), end);
        }
        catch (SqliteException fault)
        {
            throw StoreFault.From(fault, copy);
        }
    }

    private static JournalEnd Copy(string file, string copy, string folder)
    {
        // Writable, though nothing is written: a reader of a write-ahead log takes part in its index.
        using var source = Open(file, SqliteOpenMode.ReadWrite);
        using var target = Open(copy, SqliteOpenMode.ReadWriteCreate);
        Execute(target, "PRAGMA synchronous=FULL; PRAGMA fullfsync=ON");
        JournalEnd end;
        using (var guard = Open(file, SqliteOpenMode.ReadWrite))
        {
            // For as long as it takes to look where the journal ends.
            Execute(guard, "PRAGMA busy_timeout=10000; BEGIN IMMEDIATE");
            Execute(source, "BEGIN; SELECT count(*) FROM journal");
            end = JournalEnd.Of(folder);
            Execute(guard, "ROLLBACK");
        }

        source.BackupDatabase(target);
        Execute(source, "COMMIT");
        return end;
    }

    private static void Execute(SqliteConnection connection, string statements)
    {
        using var command = connection.CreateCommand();
        command.CommandText = statements;
        command.ExecuteNonQuery();
    }

    private static Guid Check(string copy)
    {
        using var connection = DatabaseConnection.Open(copy);
        DatabaseSchema.CheckVersion(connection, copy);
        var verdict = connection.Text("PRAGMA quick_check(1)");
        return verdict != "ok" ? throw new JournalStoreException($"'{copy}' is damaged: {verdict}")
            : DatabaseSchema.JournalOf(connection) ?? throw new JournalStoreException($"'{copy}' says of no journal that it belongs to it.");
    }

    private static void CopyJournal(string folder, string target, JournalEnd journalEnd)
    {
        Directory.CreateDirectory(target);
        foreach (var path in JournalFiles.SegmentsIn(folder).Where(path => JournalSegment.NumberOf(path) <= journalEnd.Segment))
        {
            using var segment = JournalSegment.Open(path, journal: null, FileAccess.Read);
            var end = segment.Head.Number == journalEnd.Segment ? journalEnd.At : SegmentScan.EndOf(segment);
            using var copy = File.OpenHandle(Path.Combine(target, Path.GetFileName(path)), FileMode.CreateNew, FileAccess.Write);
            var buffer = new byte[CopyBytes];
            for (var at = 0L; at < end; at += buffer.Length)
            {
                var part = buffer.AsSpan(..(int)Math.Min(buffer.Length, end - at));
                if (!SegmentScan.ReadAll(segment, part, at))
                {
                    throw new EndOfStreamException($"'{path}' ends too early.");
                }

                RandomAccess.Write(copy, part, at);
            }

            // A segment that is as long as what is in it is full: what comes next takes another.
            RandomAccess.FlushToDisk(copy);
        }

        FolderSync.Sync(target);
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }
}
