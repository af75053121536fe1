using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Embedded;

/// <summary>The one thread that writes the database.</summary>
/// <remarks>
/// One transaction carries what many callers asked for, and yet each hears only of its own: an operation that throws is rolled back together with
/// the transaction, and then every operation of it gets a transaction alone, so that one damaged page or one snapshot
/// too large for the disk does not fail the others that happened to travel with it. Only a COMMIT that fails fails them all, and then
/// nobody knows whether it reached the disk (law 9).
/// </remarks>
internal sealed class DatabaseWriter : WriterThread<DatabaseConnection>
{
    /// <summary>The write-ahead log is copied into the database file when it has grown by this much: 4 MiB. Snapshots wait meanwhile.</summary>
    internal const int PagesPerCheckpoint = 1024;

    /// <summary>What a transaction writes, or one state that is larger.</summary>
    internal const long MaxBytesPerTransaction = 1L << 20;

    private readonly string _file;
    private readonly ILogger _log;
    private DatabaseConnection? _connection;
    private int _pagesSinceCheckpoint;
    private bool _isDiskFull;

    /// <param name="connection">Owned by the writer from now on.</param>
    /// <param name="file">The database file.</param>
    /// <param name="log">Where failures go that no caller waits for.</param>
    public DatabaseWriter(DatabaseConnection connection, string file, ILogger log)
        : base("metering.db writer", MaxBytesPerTransaction)
    {
        _connection = connection;
        _file = file;
        _log = log;
        Start();
    }

    /// <inheritdoc/>
    protected override void Begin() =>
        // What an earlier process left in the write-ahead log moves into the database file before it grows further.
        Checkpoint("PRAGMA wal_checkpoint(TRUNCATE)");

    /// <inheritdoc/>
    protected override void Write(List<WriteOperation<DatabaseConnection>> operations)
    {
        Commit(operations);
        if (_pagesSinceCheckpoint >= PagesPerCheckpoint || _isDiskFull)
        {
            // RESTART, not PASSIVE: it waits for the readers of old pages (each is short), so that the next transaction begins
            // the log anew. Under readers that never pause, PASSIVE might never get there and the log would grow without end.
            // Not TRUNCATE: the bytes the log has are a reserve. On a disk that others have filled, a log that starts over needs no more.
            _isDiskFull = false;
            Checkpoint("PRAGMA wal_checkpoint(RESTART)");
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        Checkpoint("PRAGMA wal_checkpoint(TRUNCATE)");
        _connection?.Dispose();
    }

    private void Commit(List<WriteOperation<DatabaseConnection>> batch)
    {
        var isExecuting = false;
        try
        {
            var connection = Connection();
            connection.Prepare("BEGIN IMMEDIATE").Run();
            isExecuting = true;
            foreach (var operation in batch)
            {
                operation.Execute(connection);
            }

            isExecuting = false;
            connection.Prepare("COMMIT").Run();
            _pagesSinceCheckpoint += connection.TakePagesWritten();
        }
#pragma warning disable CA1031 // Whatever it was, the callers hear it; a writer thread that ended would leave them waiting for ever.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Rollback();
            if (isExecuting && batch.Count > 1)
            {
                CommitOneByOne(batch);
            }
            else
            {
                Fail(batch, exception);
            }

            return;
        }

        foreach (var operation in batch)
        {
            operation.Complete();
        }
    }

    private void CommitOneByOne(List<WriteOperation<DatabaseConnection>> batch)
    {
        var alone = new List<WriteOperation<DatabaseConnection>>(1);
        foreach (var operation in batch)
        {
            alone.Add(operation);
            Commit(alone);
            alone.Clear();
        }
    }

    private void Fail(List<WriteOperation<DatabaseConnection>> batch, Exception exception)
    {
        Log.WriteFailed(_log, _file, batch.Count, exception);
        _isDiskFull |= StoreFault.IsFull(exception);
        var fault = exception is SqliteException sqlite ? StoreFault.From(sqlite, _file) : exception;
        foreach (var operation in batch)
        {
            operation.Fail(fault);
        }
    }

    private void Rollback()
    {
        try
        {
            if (_connection is { InTransaction: true } connection)
            {
                connection.Prepare("ROLLBACK").Run();
            }
        }
        catch (SqliteException exception)
        {
            // A connection that cannot even roll back is in a state nobody can name: the next transaction opens another.
            Log.RollbackFailed(_log, _file, exception);
            _connection?.Dispose();
            _connection = null;
        }
    }

    private DatabaseConnection Connection()
    {
        if (_connection is null)
        {
            var connection = DatabaseConnection.Open(_file);
            try
            {
                DatabaseSchema.OpenForWriting(connection, _file);
            }
            catch
            {
                connection.Dispose();
                throw;
            }

            _connection = connection;
        }

        return _connection;
    }

    private void Checkpoint(string pragma)
    {
        // Counted anew whatever comes of it: when something holds the log, trying after every transaction would only slow them all.
        _pagesSinceCheckpoint = 0;
        if (_connection is not { } connection)
        {
            return;
        }

        try
        {
            var statement = connection.Prepare(pragma);
            var isHeld = statement.Step() && statement.Number(0) != 0;
            statement.Reset();
            if (isHeld)
            {
                Log.WalHeld(_log, _file);
            }
        }
        catch (SqliteException exception)
        {
            // Nothing is lost: the commits are in the write-ahead log, which only goes on growing until a later attempt succeeds.
            Log.CheckpointFailed(_log, _file, exception);
        }

        // What the checkpoint itself wrote went into the database file.
        connection.TakePagesWritten();
    }
}
