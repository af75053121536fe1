using System.Globalization;
using DuckDB.NET.Data;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Metering.Ledger.Upkeep;
using Metering.Ledger.Usage;

namespace Metering.Ledger.Reading;

/// <summary>Reads the segments of a ledger. What is not archived yet is for the caller to add.</summary>
/// <remarks>The engine is loaded with the first question. A few questions at a time; the others wait.</remarks>
public sealed class LedgerReader(ISegmentStore store) : IDisposable
{
    /// <summary>Questions answered at the same time, each with a part of the engine's memory.</summary>
    private const int MaxConcurrent = 2;

    /// <summary>How often a question is asked anew because segments were merged under it.</summary>
    private const int MaxAttempts = 3;

    // Segments never change under their names, so what was read of their ends stays true.
    private const string Settings = "SET memory_limit = '1GB'; SET threads = 2; SET parquet_metadata_cache = true; SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;";

    private readonly SemaphoreSlim _room = new(MaxConcurrent);
    private readonly Lock _lock = new();
    private DuckDBConnection? _engine;

    /// <summary>Rows of one account.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public Task<LedgerRows> ReadAsync(LedgerQuery query, CancellationToken cancellationToken) => RunAsync(
        segment => (query.Partition is null || segment.Partition == query.Partition) && segment.End > query.From && segment.Hour < query.To,
        (connection, files) => Page(connection, files, query),
        cancellationToken);

    /// <summary>Usage by window and group, of segments and of what is not archived yet.</summary>
    /// <param name="query">Which.</param>
    /// <param name="tail">Of the same query, and read before.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public Task<UsageRows> ReadUsageAsync(UsageQuery query, UsageTail tail, CancellationToken cancellationToken) => RunAsync(
        segment => segment.Partition == query.Partition && segment.End > query.From && segment.Hour < query.To,
        (connection, files) => UsageAnswer.Read(connection, files, query, tail),
        cancellationToken);

    /// <summary>Every row of the segments, account by account, oldest first, and also those that were written more than once: for whoever checks them.</summary>
    /// <param name="account">Only this account's; all when null.</param>
    /// <param name="begin">Called before the first row; and once more when a damaged segment is found on the way, and all is read again without it.</param>
    /// <param name="take">Given each row.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Segments that could not be read.</returns>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public Task<IReadOnlyList<string>> ScanAsync(string? account, Action begin, Action<LedgerRow> take, CancellationToken cancellationToken) => RunAsync(
        static _ => true,
        (connection, files) =>
        {
            begin();
            if (files.Paths.Count == 0)
            {
                return files.Damaged;
            }

            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT {RowReader.Columns} FROM {LedgerSql.From(files.Paths)} {(account is null ? "" : "WHERE account = $account")} ORDER BY account, sequence, line";
            if (account is not null)
            {
                command.Parameters.Add(new DuckDBParameter("account", account));
            }

            command.UseStreamingMode = true;
            using var rows = command.ExecuteReader();
            while (rows.Read())
            {
                take(RowReader.Read(rows));
                cancellationToken.ThrowIfCancellationRequested();
            }

            return files.Damaged;
        },
        cancellationToken);

    /// <summary>Follows the chain of each account.</summary>
    /// <param name="account">Only this account's; all when null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task<ChainReport> VerifyAsync(string? account, CancellationToken cancellationToken)
    {
        var retired = await RetiredHeads.ReadAllAsync(store, cancellationToken);
        var check = new ChainCheck(retired);
        var damaged = await ScanAsync(
            account,
            () => check = new ChainCheck(retired),
            row => check.Take(row),
            cancellationToken);
        return check.End(damaged);
    }

    /// <summary>Writes every row once into one file.</summary>
    /// <param name="file">Ends in <c>.parquet</c>, <c>.csv</c> or <c>.json</c>; replaced when it is there.</param>
    /// <param name="account">Only this account's; all when null.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many rows, and the segments that could not be read.</returns>
    /// <exception cref="LedgerStoreException">The store cannot be reached, it holds nothing, or the file cannot be written.</exception>
    public Task<(long Rows, IReadOnlyList<string> Damaged)> ExportAsync(string file, string? account, CancellationToken cancellationToken) => RunAsync(
        static _ => true,
        (connection, files) => files.Paths.Count > 0
            ? (LedgerExport.Write(connection, LedgerSql.From(files.Paths), Path.GetFullPath(file), account), files.Damaged)
            : throw new LedgerStoreException("There are no segments that can be read."),
        cancellationToken);

    public void Dispose()
    {
        _engine?.Dispose();
        _room.Dispose();
    }

    private static LedgerRows Page(DuckDBConnection connection, SegmentFiles files, LedgerQuery query)
    {
        var page = new List<LedgerRow>();
        var after = query.After;

        // More than a page, for what was written twice is read twice; and more each time, in case it was written more often than that.
        for (var limit = (2 * query.MaxRows) + 1; ; limit *= 2)
        {
            var read = ReadMatching(connection, files, query, after, limit);
            foreach (var row in read)
            {
                if (page.Count == 0 || (page[^1].Sequence, page[^1].Line) != (row.Sequence, row.Line))
                {
                    page.Add(row);
                }
            }

            if (read.Count < limit || page.Count > query.MaxRows)
            {
                return Cut(page, query.MaxRows, isAll: read.Count < limit, files.Damaged);
            }

            // The last entry may have been cut off in the middle: read it again.
            after = page[^1].Sequence - 1;
            page.RemoveAll(row => row.Sequence > after);
        }
    }

    /// <summary>Whole entries only: what is cut off is the next page's.</summary>
    private static LedgerRows Cut(List<LedgerRow> rows, int maxRows, bool isAll, IReadOnlyList<string> damaged)
    {
        if (isAll && rows.Count <= maxRows)
        {
            return new LedgerRows(rows, More: false, damaged);
        }

        var next = rows[Math.Min(maxRows, rows.Count - 1)].Sequence;
        return new LedgerRows([.. rows.TakeWhile(row => row.Sequence < next)], More: true, damaged);
    }

    private static List<LedgerRow> ReadMatching(DuckDBConnection connection, SegmentFiles files, LedgerQuery query, long after, int limit)
    {
        if (files.Paths.Count == 0)
        {
            return [];
        }

        using var command = connection.CreateCommand();
        var where = $"account = {LedgerSql.Text(query.Account)} AND {LedgerSql.Between(query.From, query.To)}{(query.Meter is { } meter ? $" AND meter = {LedgerSql.Text(meter)}" : "")}{LedgerSql.Dimensions(query.Dimensions)}";
        command.CommandText = string.Create(
            CultureInfo.InvariantCulture, $"SELECT {RowReader.Columns} FROM {LedgerSql.From(files.Paths)} WHERE sequence > {after} AND {where} ORDER BY sequence, line LIMIT {limit}");
        using var rows = command.ExecuteReader();
        var read = new List<LedgerRow>();
        while (rows.Read())
        {
            read.Add(RowReader.Read(rows));
        }

        return read;
    }

    private async Task<T> RunAsync<T>(Func<SegmentName, bool> wanted, Func<DuckDBConnection, SegmentFiles, T> read, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                using var files = await SegmentFiles.OpenAsync(store, wanted, cancellationToken);
                try
                {
                    return await Task.Run(() => Run(files, read, cancellationToken), cancellationToken);
                }
                catch (SegmentGoneException) when (attempt < MaxAttempts)
                {
                    // It was merged into another meanwhile, which is listed now.
                }
            }
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Reads; and when that fails for a damaged segment, finds out which, and reads the others.</summary>
    private T Run<T>(SegmentFiles files, Func<DuckDBConnection, SegmentFiles, T> read, CancellationToken cancellationToken)
    {
        using var connection = Connect();
        using var running = connection.CreateCommand();
        using var ending = cancellationToken.Register(running.Cancel);
        try
        {
            return read(connection, files);
        }
        catch (Exception failure) when (IsDamage(failure))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (files.Paths.FirstOrDefault(static path => !File.Exists(path)) is { } gone)
            {
                throw new SegmentGoneException(gone);
            }

            if (!files.SetAside(path => CanRead(connection, path, cancellationToken)))
            {
                throw new LedgerStoreException($"The ledger cannot be read: {failure.Message}", failure);
            }

            return read(connection, files);
        }
    }

    private static bool CanRead(DuckDBConnection connection, string path, CancellationToken cancellationToken)
    {
        try
        {
            // All columns of all rows: damage may be in any page, and in values that the engine has nothing against.
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT {RowReader.Columns} FROM {LedgerSql.From([path])}";
            command.UseStreamingMode = true;
            using var rows = command.ExecuteReader();
            while (rows.Read())
            {
                RowReader.Read(rows);
            }

            return true;
        }
        catch (Exception failure) when (IsDamage(failure))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    /// <summary>What the engine, and whoever makes rows of its values, throw at bytes that are not what was written.</summary>
    private static bool IsDamage(Exception failure) => failure is DuckDBException or FormatException or OverflowException or ArgumentException or InvalidCastException;

    private DuckDBConnection Connect()
    {
        lock (_lock)
        {
            if (_engine is null)
            {
                _engine = new DuckDBConnection("DataSource=:memory:");
                _engine.Open();
                using var command = _engine.CreateCommand();
                command.CommandText = Settings;
                command.ExecuteNonQuery();
            }

            var connection = _engine.Duplicate();
            connection.Open();
            return connection;
        }
    }
}

/// <summary>A segment is not there any more: it was merged into another, or it is too old to be kept.</summary>
internal sealed class SegmentGoneException(string path) : Exception($"'{path}' is gone.");
