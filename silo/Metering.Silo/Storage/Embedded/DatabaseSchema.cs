using System.Globalization;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded;

/// <summary>The tables of <c>metering.db</c>, and the settings every connection to it needs.</summary>
internal static class DatabaseSchema
{
    public const int PageBytes = 4096;

    /// <summary>Kept on disk when the write-ahead log starts over; a longer one is cut back to this.</summary>
    public const long MaxIdleWalBytes = 16L << 20;

    private const int Version = 1;

    // "MTRG": tells our file from any other SQLite database somebody points us at.
    private const long ApplicationId = 0x4D545247;

    // records.id is the log's id and the record's number in one integer (JournalKey), so that a record costs one row in one tree: no second
    // index to write, and a log's records lie side by side. The tables with large rows keep SQLite's rowid: a tree keyed by
    // anything else stores whole rows in its inner pages, which makes it deep.
    private const string LogsTable = """
        CREATE TABLE logs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        """;

    private const string RecordsTable = """
        CREATE TABLE records (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        """;

    private const string StatesTable = """
        CREATE TABLE states (
            id INTEGER PRIMARY KEY,
            state TEXT NOT NULL,
            key TEXT NOT NULL,
            type TEXT NOT NULL,
            etag TEXT NOT NULL,
            checksum INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            UNIQUE (state, key, type)) STRICT;
        """;

    /// <summary>Prepares the writer's connection, creating the tables in a new file.</summary>
    /// <exception cref="JournalStoreException">The file is not ours, or newer than this program.</exception>
    public static void OpenForWriting(DatabaseConnection connection, string file)
    {
        // Both only take effect in a file without pages. 4 KiB: a lone append writes a page or two to the write-ahead log. Larger pages gained
        // a tenth with records of 100 KB and lost a fifth with small ones in 64 logs. No auto-vacuum: pages freed by trims are reused, so the file stays at its high-water mark;
        // shrinking it would move pages with every commit.
        connection.Execute($"PRAGMA page_size={PageBytes}");
        connection.Execute("PRAGMA auto_vacuum=NONE");
        CheckVersion(connection, file);
        if (connection.Text("PRAGMA journal_mode=WAL") != "wal")
        {
            throw new JournalStoreException($"'{file}' cannot keep a write-ahead log: its file system does not share memory between connections.");
        }

        // FULL syncs the write-ahead log before a commit returns: that is law 1. NORMAL would lose the last commits with the power.
        // The two fullfsync settings make a sync reach the disk on macOS too.
        connection.Execute("PRAGMA synchronous=FULL");
        connection.Execute("PRAGMA fullfsync=ON");
        connection.Execute("PRAGMA checkpoint_fullfsync=ON");

        // The writer thread checkpoints by itself, after it has answered (DatabaseWriter), so SQLite's own checkpoint inside COMMIT is off.
        connection.Execute("PRAGMA wal_autocheckpoint=0");
        connection.Execute($"PRAGMA journal_size_limit={MaxIdleWalBytes}");
        connection.Execute("PRAGMA busy_timeout=1000");
        connection.Execute("PRAGMA cache_size=-16384");
        if (connection.Number("PRAGMA user_version") == 0)
        {
            Create(connection);
        }
    }

    public static void OpenForReading(DatabaseConnection connection)
    {
        connection.Execute("PRAGMA query_only=ON");
        connection.Execute("PRAGMA busy_timeout=1000");
    }

    /// <exception cref="JournalStoreException">The file is not ours, or newer than this program.</exception>
    public static void CheckVersion(DatabaseConnection connection, string file)
    {
        var version = connection.Number("PRAGMA user_version");
        var isOurs = connection.Number("PRAGMA application_id") == ApplicationId;
        if (!isOurs && (version != 0 || connection.Number("SELECT count(*) FROM sqlite_schema") != 0))
        {
            throw new JournalStoreException($"'{file}' is a SQLite database, but not one of Metering.");
        }

        if (version > Version)
        {
            throw new JournalStoreException(string.Create(
                CultureInfo.InvariantCulture,
                $"'{file}' was written by a newer version of Metering (its schema is {version}, this one knows {Version}). Start that version or a later one."));
        }
    }

    private static void Create(DatabaseConnection connection)
    {
        // One transaction, so that a process killed here leaves an empty file and the next one creates the tables.
        connection.Execute("BEGIN IMMEDIATE");
        connection.Execute(LogsTable);
        connection.Execute(RecordsTable);
        connection.Execute(StatesTable);
        connection.Execute($"PRAGMA application_id={ApplicationId}");
        connection.Execute($"PRAGMA user_version={Version}");
        connection.Execute("COMMIT");
    }
}
