using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Metering.Silo.Storage.Embedded;

/// <summary>One connection to the database and the statements prepared on it. Used by one thread at a time.</summary>
internal sealed class DatabaseConnection : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly sqlite3 _handle;
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);

    private DatabaseConnection(SqliteConnection connection, sqlite3 handle)
    {
        _connection = connection;
        _handle = handle;
    }

    /// <summary>True between BEGIN and the end of the transaction, which a failing statement may have brought about by itself.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    public static DatabaseConnection Open(string file)
    {
        // Not pooled by the library: the writer is one, readers are pooled here, and closing must really close.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ConnectionString);
        try
        {
            connection.Open();
            return new DatabaseConnection(connection, connection.Handle!);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The statement, prepared on first use. Its text must be a constant: statements stay for the connection's life.</summary>
    public Statement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = new Statement(_handle, sql);
            _statements.Add(sql, statement);
        }

        return statement;
    }

    /// <summary>A statement that is not worth keeping, to be disposed of.</summary>
    public Statement NewStatement(string sql) => new(_handle, sql);

    /// <summary>Runs a statement that is not worth keeping.</summary>
    public void Execute(string sql)
    {
        using var statement = new Statement(_handle, sql);
        statement.Run();
    }

    /// <summary>The first column of the first row.</summary>
    public long Number(string sql)
    {
        using var statement = new Statement(_handle, sql);
        return statement.Step() ? statement.Number(0) : throw new InvalidOperationException($"'{sql}' returned no row.");
    }

    /// <summary>The first column of the first row.</summary>
    public string Text(string sql)
    {
        using var statement = new Statement(_handle, sql);
        return statement.Step() ? statement.Text(0) : throw new InvalidOperationException($"'{sql}' returned no row.");
    }

    /// <summary>Pages this connection has written (to the write-ahead log) since the last call.</summary>
    public int TakePagesWritten()
    {
        _ = raw.sqlite3_db_status(_handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, resetFlg: 1);
        return pages;
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _connection.Dispose();
    }
}
