using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// A prepared statement, reused. It takes and gives spans, where the ADO.NET command would copy every record once more on its way in
/// and box every number. Used by one thread at a time, like the connection it belongs to.
/// </summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public Statement(sqlite3 database, string sql)
    {
        _database = database;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement), database);
    }

    public Statement Bind(int parameter, long value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_int64(_statement, parameter, value), _database);
        return this;
    }

    public Statement Bind(int parameter, string value)
    {
        // As bytes with a length: a key may hold any character, NUL included.
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_text(_statement, parameter, Encoding.UTF8.GetBytes(value).AsSpan()), _database);
        return this;
    }

    /// <summary>Binds a copy of the bytes.</summary>
    public Statement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_blob(_statement, parameter, value), _database);
        return this;
    }

    /// <summary>Moves to the next row. After the last one, and on failure, the statement is reset: it holds no lock and no bound bytes.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW)
        {
            return true;
        }

        try
        {
            SqliteException.ThrowExceptionForRC(result, _database);
            return false;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Ends a read before its last row. Left undone, the read's view would keep the write-ahead log from starting over.</summary>
    public void Reset()
    {
        // The result repeats the failure of the last step, which has been thrown already.
        _ = raw.sqlite3_reset(_statement);
        _ = raw.sqlite3_clear_bindings(_statement);
    }

    /// <summary>Runs a statement that returns no rows.</summary>
    /// <returns>How many rows it changed; only meaningful for INSERT, UPDATE and DELETE.</returns>
    public int Run()
    {
        while (Step())
        {
            // Some pragmas answer with a row.
        }

        return raw.sqlite3_changes(_database);
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    public string Text(int column) => Encoding.UTF8.GetString(raw.sqlite3_column_blob(_statement, column));

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    public void Dispose() => _statement.Dispose();
}
