using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// One SQLite file, <c>metering.db</c>: the states of grains, and which journal belongs to them. One writer thread, reads beside it.
/// </summary>
internal sealed class EmbeddedDatabase : IDisposable
{
    public const string FileName = "metering.db";

    private readonly DatabaseWriter _writer;
    private readonly ReadConnections _readers;
    private readonly ILogger _log;

    /// <param name="file">The database file.</param>
    /// <param name="connection">To it; owned by the database from now on.</param>
    /// <param name="log">Where failures go that no caller waits for.</param>
    public EmbeddedDatabase(string file, DatabaseConnection connection, ILogger log)
    {
        _log = log;
        File = file;
        _writer = new DatabaseWriter(connection, file, log);
        _readers = new ReadConnections(file);
        Log.Opened(log, file);
    }

    /// <summary>The database file, for messages.</summary>
    public string File { get; }

    /// <summary>Writes in the next transaction. Ends when it is durable.</summary>
    /// <param name="bytes">How much it writes, roughly.</param>
    /// <param name="write">Runs on the writer's thread, possibly a second time after a rollback.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    public Task<T> WriteAsync<T>(long bytes, Func<DatabaseConnection, T> write, CancellationToken cancellationToken) => _writer.WriteAsync(bytes, write, cancellationToken);

    /// <param name="read">Runs on a thread of the pool. Short: the write-ahead log cannot start over while it runs.</param>
    /// <param name="cancellationToken">Cancels the wait for a connection.</param>
    public Task<T> ReadAsync<T>(Func<DatabaseConnection, T> read, CancellationToken cancellationToken) => _readers.ReadAsync(read, cancellationToken);

    /// <summary>Writes what waits, and moves the write-ahead log into the database file.</summary>
    public void Dispose()
    {
        _readers.Dispose();
        _writer.Dispose();
        Log.Closed(_log, File);
    }
}
