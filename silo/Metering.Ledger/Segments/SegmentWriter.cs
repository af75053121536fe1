using System.Globalization;
using DuckDB.NET.Data;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Segments;

/// <summary>Writes rows as sorted, compressed Parquet files. One set of rows at a time; whoever comes meanwhile waits.</summary>
/// <remarks>The engine is loaded with the first rows and not before: a process that archives nothing does not pay for it.</remarks>
public sealed class SegmentWriter : IDisposable
{
    // Rows are collected in memory and sorted there; more than this spills to nowhere and fails, so batches are kept far below it.
    private const string Settings = "SET memory_limit = '1GB'; SET threads = 1; SET temp_directory = ''; SET preserve_insertion_order = false;";

    private readonly SemaphoreSlim _one = new(1);
    private readonly List<string> _texts = [];
    private DuckDBConnection? _connection;

    /// <summary>Writes the rows that happened in one hour to each file.</summary>
    /// <param name="rows">In any order.</param>
    /// <param name="newFile">A path for the file of an hour.</param>
    /// <param name="cancellationToken">Ends the wait for the writer.</param>
    /// <returns>The hours, each with its file.</returns>
    /// <exception cref="LedgerStoreException">A file cannot be written: mostly a full disk.</exception>
    public async Task<IReadOnlyList<(DateTimeOffset Hour, string File)>> WriteAsync(
        IReadOnlyCollection<LedgerRow> rows, Func<string> newFile, CancellationToken cancellationToken)
    {
        var files = new List<(DateTimeOffset Hour, string File)>();
        await WriteAsync(
            rows,
            hours =>
            {
                foreach (var hour in hours)
                {
                    files.Add((hour, newFile()));
                    var (from, to) = (Nanoseconds(hour), Nanoseconds(hour.AddHours(1)));
                    Copy(string.Create(CultureInfo.InvariantCulture, $"WHERE rows.happened_at >= {from} AND rows.happened_at < {to}"), files[^1].File);
                }
            },
            () => files.ConvertAll(static written => written.File),
            cancellationToken);
        return files;
    }

    /// <summary>Writes all rows to one file, also when there are none.</summary>
    /// <param name="rows">In any order.</param>
    /// <param name="file">Its path.</param>
    /// <param name="cancellationToken">Ends the wait for the writer.</param>
    /// <exception cref="LedgerStoreException">The file cannot be written.</exception>
    public Task WriteAsync(IReadOnlyCollection<LedgerRow> rows, string file, CancellationToken cancellationToken) =>
        WriteAsync(rows, _ => Copy(where: "", file), () => [file], cancellationToken);

    public void Dispose()
    {
        _connection?.Dispose();
        _one.Dispose();
    }

    private async Task WriteAsync(IReadOnlyCollection<LedgerRow> rows, Action<SortedSet<DateTimeOffset>> copy, Func<List<string>> written, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            await Task.Run(() => Write(rows, copy, written), CancellationToken.None);
        }
        finally
        {
            _one.Release();
        }
    }

    private void Write(IReadOnlyCollection<LedgerRow> rows, Action<SortedSet<DateTimeOffset>> copy, Func<List<string>> written)
    {
        try
        {
            _connection ??= Open();
            Execute(SegmentSchema.CreateRows);
            copy(Append(rows));
            Execute("DROP TABLE rows");
        }
        catch (Exception exception) when (exception is DuckDBException or IOException)
        {
            written().ForEach(File.Delete);

            // What it holds after a failure is not known; the next rows get a new one.
            _connection?.Dispose();
            _connection = null;
            throw new LedgerStoreException($"A segment cannot be written: {exception.Message}", exception);
        }
    }

    private void Copy(string where, string file) =>
        Execute($"COPY ({SegmentSchema.SelectRows} {where} ORDER BY account, sequence, line) TO '{Quoted(file)}' ({SegmentSchema.Format})");

    private SortedSet<DateTimeOffset> Append(IReadOnlyCollection<LedgerRow> rows)
    {
        var hours = new SortedSet<DateTimeOffset>();
        using var appender = _connection!.CreateAppender("rows");
        foreach (var row in rows)
        {
            hours.Add(SegmentName.HourOf(row.At));
            var into = appender.CreateRow();
            into.AppendValue(row.Account).AppendValue(row.Sequence).AppendValue(row.Line).AppendValue(Nanoseconds(row.At)).AppendValue(Nanoseconds(row.UsageAt))
                .AppendValue(KindName.Of(row.Kind)).AppendValue(row.Id).AppendValue(row.Meter).AppendValue(row.Quantity?.Value).AppendValue(row.Credits?.Value)
                .AppendValue(row.Balance.Value).AppendValue(row.Available == row.Balance ? null : row.Available.Value).AppendValue(row.Card).AppendValue(row.Version).AppendValue(row.Price)
                .AppendValue(Nanoseconds(row.PeriodStart));
            into.AppendValue(Texts(row.Dimensions, static dimension => dimension.Name)).AppendValue(Texts(row.Dimensions, static dimension => dimension.Value)).AppendValue(row.Tiers);
            into.AppendValue(Texts(row.Burned, static burn => burn.Grant)).AppendValue(Texts(row.Burned, static burn => burn.Credits.ToString()));
            into.AppendValue(row.OverageAdded?.Value).AppendValue(row.Uncovered?.Value).AppendValue(row.Mode).AppendValue(row.Producer).AppendValue(row.ProducerSequence)
                .AppendValue(row.Hold).AppendValue(row.Held?.Value).AppendValue(row.Reverses);
            _ = row.Entry.IsEmpty ? into.AppendNullValue() : into.AppendValue(row.Entry.ToArray());
            into.AppendValue(row.Hash).EndRow();
        }

        return hours;
    }

    /// <summary>The appender copies what it is given, so one list serves all rows.</summary>
    private List<string> Texts<T>(IReadOnlyList<T> values, Func<T, string> text)
    {
        _texts.Clear();
        for (var i = 0; i < values.Count; i++)
        {
            _texts.Add(text(values[i]));
        }

        return _texts;
    }

    private static long Nanoseconds(DateTimeOffset at) => Instants.Nanoseconds(at);

    private static long? Nanoseconds(DateTimeOffset? at) => at is { } instant ? Nanoseconds(instant) : null;

    private static string Quoted(string path) => path.Replace("'", "''", StringComparison.Ordinal);

    private void Execute(string sql)
    {
        using var command = _connection!.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static DuckDBConnection Open()
    {
        var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = Settings;
        command.ExecuteNonQuery();
        return connection;
    }
}
