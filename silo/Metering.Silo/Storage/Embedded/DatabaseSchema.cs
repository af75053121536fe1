using System.Globalization;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded;

/// <summary>The tables of <c>metering.db</c>, and the settings every connection to it needs.</summary>
internal static class DatabaseSchema
{
    public const int PageBytes = 4096;

    /// <summary>Kept on disk when the write-ahead log starts over; a longer one is cut back to this.</summary>
    public const long MaxIdleWalBytes = 16L << 20;

    private const int Version = 2;

    // Had the journal in tables: logs and records.
    private const int VersionWithRecords = 1;

    // "MTRG": tells our file from any other SQLite database somebody points us at.
    private const long ApplicationId = 0x4D545247;

    // Which journal belongs to the states: its files say the same id, so that one without the other, or one of another backup, is noticed.
    private const string JournalTable = """
        CREATE TABLE journal (id TEXT NOT NULL) STRICT;
        """;

    // Keeps SQLite's rowid: a tree keyed by anything else stores whole rows in its inner pages, which makes it deep.
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
        // Both only take effect in a file without pages. 4 KiB: a small state writes a page or two to the write-ahead log. No auto-vacuum: pages are used again, so the file stays at its high-water mark;
        // shrinking it would move pages with every commit.
        connection.Execute($"PRAGMA page_size={PageBytes}");
        connection.Execute("PRAGMA auto_vacuum=NONE");
        CheckVersion(connection, file);
        if (connection.Text("PRAGMA journal_mode=WAL") != "wal")
        {
            throw new JournalStoreException($"'{file}' cannot keep a write-ahead log: its file system does not share memory between connections.");
        }

        // FULL syncs the write-ahead log before a commit returns: the journal is trimmed by what was told to be in it. NORMAL would lose the last commits with the power.
        // The two fullfsync settings make a sync reach the disk on macOS too.
        connection.Execute("PRAGMA synchronous=FULL");
        connection.Execute("PRAGMA fullfsync=ON");
        connection.Execute("PRAGMA checkpoint_fullfsync=ON");

        // The writer thread checkpoints by itself, after it has answered (DatabaseWriter), so SQLite's own checkpoint inside COMMIT is off.
        connection.Execute("PRAGMA wal_autocheckpoint=0");
        connection.Execute($"PRAGMA journal_size_limit={MaxIdleWalBytes}");
        connection.Execute("PRAGMA busy_timeout=1000");
        connection.Execute("PRAGMA cache_size=-16384");
    }

    /// <summary>Which journal belongs to it; null for a database that has no tables yet.</summary>
    public static Guid? JournalOf(DatabaseConnection connection) =>
        connection.Number("PRAGMA user_version") == 0 ? null : Guid.Parse(connection.Text("SELECT id FROM journal"));

    /// <summary>Whether the journal is still in the database, as an earlier version kept it.</summary>
    public static bool HasRecords(DatabaseConnection connection) => connection.Number("PRAGMA user_version") == VersionWithRecords;

    /// <summary>Makes the tables of a new database.</summary>
    public static void Create(DatabaseConnection connection, Guid journal) =>
        InOneTransaction(connection, StatesTable, JournalTable, Naming(journal), $"PRAGMA application_id={ApplicationId}", $"PRAGMA user_version={Version}");

    /// <summary>Its records are in a journal of files.</summary>
    public static void MoveRecordsOut(DatabaseConnection connection, Guid journal) =>
        InOneTransaction(connection, JournalTable, Naming(journal), "DROP TABLE records", "DROP TABLE logs", $"PRAGMA user_version={Version}");

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

    private static string Naming(Guid journal) => $"INSERT INTO journal (id) VALUES ('{journal}')";

    // So that a process killed in between leaves what was there before.
    private static void InOneTransaction(DatabaseConnection connection, params string[] statements)
    {
        connection.Execute("BEGIN IMMEDIATE");
        foreach (var statement in statements)
        {
            connection.Execute(statement);
        }

        connection.Execute("COMMIT");
    }
}
