using Metering.Grains.Journal;
using Microsoft.Data.Sqlite;

namespace Metering.Silo.Storage.Embedded;

/// <summary>A log as a copy of the database has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Extent">Its first and last record; zeros when it has none.</param>
public readonly record struct CopiedLog(string Name, JournalExtent Extent);

/// <summary>
/// A copy of <c>metering.db</c> as it is at one instant, made from outside while its process goes on.
/// </summary>
/// <remarks>
/// SQLite's own backup reads within one transaction, so journal and snapshots in the copy are of the same commit. The write-ahead log of the original cannot start over
/// meanwhile: it grows by what is charged during the copy, and is cut back afterwards. The directory's lock is not taken: it is the owner's.
/// </remarks>
public static class DatabaseCopy
{
    /// <summary>Copies the database of a data directory into another directory, durably, and checks the copy.</summary>
    /// <param name="dataDirectory">Of a server that runs, or of none.</param>
    /// <param name="target">A directory that is there and has no database.</param>
    /// <returns>The logs in the copy.</returns>
    /// <exception cref="JournalStoreException">There is no database of ours, it is damaged, or the copy cannot be written.</exception>
    public static IReadOnlyList<CopiedLog> Make(string dataDirectory, string target)
    {
        var file = Path.Combine(dataDirectory, EmbeddedDatabase.FileName);
        var copy = Path.Combine(target, EmbeddedDatabase.FileName);
        if (!File.Exists(file))
        {
            throw new JournalStoreException($"There is no '{file}' to copy.");
        }

        try
        {
            Copy(file, copy);
        }
        catch (SqliteException fault)
        {
            throw StoreFault.From(fault, $"{file}' or '{copy}");
        }

        try
        {
            return Check(copy);
        }
        catch (SqliteException fault)
        {
            throw StoreFault.From(fault, copy);
        }
    }

    private static void Copy(string file, string copy)
    {
        // Writable, though nothing is written: a reader of a write-ahead log takes part in its index.
        using var source = Open(file, SqliteOpenMode.ReadWrite);
        using var target = Open(copy, SqliteOpenMode.ReadWriteCreate);
        using (var pragma = target.CreateCommand())
        {
            pragma.CommandText = "PRAGMA synchronous=FULL; PRAGMA fullfsync=ON";
            pragma.ExecuteNonQuery();
        }

        source.BackupDatabase(target);
    }

    private static List<CopiedLog> Check(string copy)
    {
        using var connection = DatabaseConnection.Open(copy);
        DatabaseSchema.CheckVersion(connection, copy);
        var verdict = connection.Text("PRAGMA quick_check(1)");
        return verdict == "ok" ? JournalTable.Logs(connection) : throw new JournalStoreException($"'{copy}' is damaged: {verdict}");
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }
}
