using DuckDB.NET.Data;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments.Vectors;

namespace Metering.Ledger.Segments;

/// <summary>Writes rows as sorted, compressed Parquet files. One set of rows at a time; whoever comes meanwhile waits.</summary>
/// <remarks>The engine is loaded with the first rows and not before: a process that archives nothing does not pay for it.</remarks>
public sealed class SegmentWriter : IDisposable
{
    // Of the rows, a row group is in memory at a time; they come sorted, and one thread keeps them so.
    private const string Settings = "SET memory_limit = '1GB'; SET threads = 1; SET temp_directory = '';";

    private readonly SemaphoreSlim _one = new(1);
    private DuckDBConnection? _connection;
    private RowSource? _source;

    /// <summary>Writes the rows that happened in one hour to each file.</summary>
    /// <param name="rows">In any order.</param>
    /// <param name="newFile">A path for the file of an hour.</param>
    /// <param name="cancellationToken">Ends the wait for the writer.</param>
    /// <returns>The hours, each with its file.</returns>
    /// <exception cref="LedgerStoreException">A file cannot be written: mostly a full disk.</exception>
    public Task<IReadOnlyList<(DateTimeOffset Hour, string File)>> WriteAsync(IReadOnlyCollection<LedgerRow> rows, Func<string> newFile, CancellationToken cancellationToken) =>
        WriteAsync(
            [.. rows.GroupBy(static row => SegmentName.HourOf(row.At)).OrderBy(static hour => hour.Key).Select(static hour => (hour.Key, (IRows)new SortedRows(hour)))],
            newFile,
            cancellationToken);

    /// <summary>Writes the rows of each hour to a file.</summary>
    /// <param name="hours">One is gone through after the other.</param>
    /// <param name="newFile">A path for the file of an hour.</param>
    /// <param name="cancellationToken">Ends the wait for the writer.</param>
    /// <returns>The hours, each with its file.</returns>
    /// <exception cref="LedgerStoreException">A file cannot be written: mostly a full disk.</exception>
    internal async Task<IReadOnlyList<(DateTimeOffset Hour, string File)>> WriteAsync(
        IReadOnlyList<(DateTimeOffset Hour, IRows Rows)> hours, Func<string> newFile, CancellationToken cancellationToken)
    {
        var files = hours.Select(hour => (hour.Hour, newFile())).ToList();
        await WriteAsync([.. hours.Zip(files, static (hour, file) => (hour.Rows, file.Item2))], cancellationToken);
        return files;
    }

    /// <summary>Writes all rows to one file, also when there are none.</summary>
    /// <param name="rows">In any order.</param>
    /// <param name="file">Its path.</param>
    /// <param name="cancellationToken">Ends the wait for the writer.</param>
    /// <exception cref="LedgerStoreException">The file cannot be written.</exception>
    public Task WriteAsync(IReadOnlyCollection<LedgerRow> rows, string file, CancellationToken cancellationToken) => WriteAsync([(new SortedRows(rows), file)], cancellationToken);

    public void Dispose()
    {
        Close();
        _one.Dispose();
    }

    private async Task WriteAsync(IReadOnlyList<(IRows Rows, string File)> files, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            await Task.Run(() => Write(files), CancellationToken.None);
        }
        finally
        {
            _one.Release();
        }
    }

    private void Write(IReadOnlyList<(IRows Rows, string File)> files)
    {
        try
        {
            _source ??= Open();
            foreach (var (rows, file) in files)
            {
                _source.Read(rows, () => Execute($"COPY (FROM {RowSource.Table}) TO '{Quoted(file)}' ({SegmentSchema.Format})"));
            }
        }
        catch (Exception fault)
        {
            // What the engine holds after a failure is not known; the next rows get a new one.
            Close();
            foreach (var (_, file) in files)
            {
                File.Delete(file);
            }

            if (fault is DuckDBException or IOException)
            {
                throw new LedgerStoreException($"A segment cannot be written: {fault.Message}", fault);
            }

            throw;
        }
    }

    private static string Quoted(string path) => path.Replace("'", "''", StringComparison.Ordinal);

    private void Execute(string sql)
    {
        using var command = _connection!.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private RowSource Open()
    {
        _connection = new DuckDBConnection("DataSource=:memory:");
        _connection.Open();
        Execute(Settings);
        return new RowSource(_connection);
    }

    private void Close()
    {
        _connection?.Dispose();
        _source?.Dispose();
        (_connection, _source) = (null, null);
    }
}
