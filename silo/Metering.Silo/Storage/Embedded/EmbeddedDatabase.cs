using Metering.Grains.Journal;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// One SQLite file, <c>metering.db</c>, in a directory of this process: the journal and the snapshots of the embedded store.
/// One writer thread, reads beside it.
/// </summary>
internal sealed class EmbeddedDatabase : IDisposable
{
    public const string FileName = "metering.db";

    private readonly DataDirectory _directory;
    private readonly DatabaseWriter _writer;
    private readonly ReadConnections _readers;
    private readonly ILogger _log;
    private bool _isClosed;

    private EmbeddedDatabase(DataDirectory directory, DatabaseConnection connection, ILogger log)
    {
        _directory = directory;
        _log = log;
        File = directory.FilePath(FileName);
        _writer = new DatabaseWriter(connection, File, log);
        _readers = new ReadConnections(File);
        Log.Opened(log, File);
    }

    /// <summary>The database file, for messages.</summary>
    public string File { get; }

    /// <summary>Claims the directory and opens the database in it, creating either when there is none.</summary>
    /// <exception cref="DataDirectoryException">The directory cannot be used.</exception>
    /// <exception cref="JournalStoreException">The database cannot be opened, is damaged, or is newer than this program.</exception>
    public static EmbeddedDatabase Open(string dataDirectory, ILogger<EmbeddedDatabase> log)
    {
        var directory = DataDirectory.Claim(dataDirectory);
        try
        {
            var file = directory.FilePath(FileName);
            RefuseOrphanedWal(file);
            return new EmbeddedDatabase(directory, OpenForWriting(file), log);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Writes in the next transaction. Ends when it is durable.</summary>
    /// <param name="lane">How urgent it is.</param>
    /// <param name="bytes">How much it writes, roughly.</param>
    /// <param name="write">Runs on the writer's thread, possibly a second time after a rollback.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    public Task<T> WriteAsync<T>(WriteLane lane, long bytes, Func<DatabaseConnection, T> write, CancellationToken cancellationToken) =>
        _writer.WriteAsync(lane, bytes, write, cancellationToken);

    /// <param name="read">Runs on a thread of the pool. Short: the write-ahead log cannot start over while it runs.</param>
    /// <param name="cancellationToken">Cancels the wait for a connection.</param>
    public Task<T> ReadAsync<T>(Func<DatabaseConnection, T> read, CancellationToken cancellationToken) => _readers.ReadAsync(read, cancellationToken);

    /// <summary>Writes what waits, moves the write-ahead log into the database file, and gives the directory up last.</summary>
    public void Dispose()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        _readers.Dispose();
        _writer.Dispose();
        _directory.Dispose();
        Log.Closed(_log, File);
    }

    private static DatabaseConnection OpenForWriting(string file)
    {
        DatabaseConnection? connection = null;
        try
        {
            connection = DatabaseConnection.Open(file);
            DatabaseSchema.OpenForWriting(connection, file);
            var opened = connection;
            connection = null;
            return opened;
        }
        catch (SqliteException exception)
        {
            throw StoreFault.From(exception, file);
        }
        finally
        {
            connection?.Dispose();
        }
    }

    private static void RefuseOrphanedWal(string file)
    {
        // SQLite deletes a write-ahead log that has no database beside it, and with it what may be the last copy of acknowledged credits.
        var wal = new FileInfo(file + "-wal");
        if (wal is { Exists: true, Length: > 0 } && new FileInfo(file) is not { Exists: true, Length: > 0 })
        {
            throw new JournalStoreException($"'{file}' is missing, but its write-ahead log '{wal.FullName}' is there. Restore both files from one backup.");
        }
    }
}
