using Microsoft.Data.Sqlite;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// Connections for reading, reused. Reads run on the thread pool, at most <see cref="MaxConnections"/> at once, and see everything that has been
/// acknowledged: in WAL mode they neither wait for the writer nor hold it up.
/// </summary>
internal sealed class ReadConnections(string file) : IDisposable
{
    public const int MaxConnections = 4;

    private readonly SemaphoreSlim _places = new(MaxConnections);
    private readonly Lock _gate = new();
    private readonly Stack<DatabaseConnection> _idle = new();
    private bool _isClosed;

    public async Task<T> ReadAsync<T>(Func<DatabaseConnection, T> read, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            // Never on the caller's thread: it may be a grain's turn, which must not wait for a disk.
            return await Task.Run(() => Read(read), cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            while (_idle.TryPop(out var connection))
            {
                connection.Dispose();
            }
        }
    }

    private T Read<T>(Func<DatabaseConnection, T> read)
    {
        DatabaseConnection? connection = null;
        try
        {
            connection = Take();
            var result = read(connection);
            Return(connection);
            connection = null;
            return result;
        }
        catch (SqliteException exception)
        {
            throw StoreFault.From(exception, file);
        }
        finally
        {
            // Only after a failure: a connection that failed once is not used again.
            connection?.Dispose();
        }
    }

    private DatabaseConnection Take()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                throw WriteQueue.Closed();
            }

            if (_idle.TryPop(out var idle))
            {
                return idle;
            }
        }

        var connection = DatabaseConnection.Open(file);
        try
        {
            DatabaseSchema.OpenForReading(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Return(DatabaseConnection connection)
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                _idle.Push(connection);
                return;
            }
        }

        connection.Dispose();
    }
}
