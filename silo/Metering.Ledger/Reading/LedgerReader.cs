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

    /// <summary>Hours looked at together at first, when what is looked for is likely to be in the first ones.</summary>
    private const int HoursAtFirst = 4;

    /// <summary>How often a question is asked anew because segments were merged under it.</summary>
    private const int MaxAttempts = 3;

    // Segments never change under their names, so what was read of their ends stays true.
    private const string Settings = "SET memory_limit = '1GB'; SET threads = 2; SET parquet_metadata_cache = true; SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;";

    private readonly SemaphoreSlim _room = new(MaxConcurrent);
    private readonly Lock _lock = new();
    private DuckDBConnection? _engine;

    /// <summary>Rows of one account.</summary>
    /// <remarks>Hour by hour, more at a time the longer it takes: an account's time never runs back, so what comes first lies in the first hours, and most pages need few of them.</remarks>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    /// <exception cref="RolledUpException">The range, or the last page, ended within a minute of which only sums are kept.</exception>
    public async Task<LedgerRows> ReadAsync(LedgerQuery query, CancellationToken cancellationToken)
    {
        var hours = await HoursAsync(query, cancellationToken);
        var (rows, damaged) = (new List<LedgerRow>(), new List<string>());
        var take = HoursAtFirst;
        for (var done = 0; done < hours.Count; done += take, take *= 2)
        {
            var (first, last) = (hours[done], hours[Math.Min(done + take, hours.Count) - 1]);
            var part = await RunAsync(
                query.Segments.Hours(first, last), (connection, files) => Page(connection, files, query), cancellationToken);
            rows.AddRange(part.Rows);
            damaged.AddRange(part.Damaged);
            if (rows.Count > query.MaxRows)
            {
                return Cut(rows, query.MaxRows, isAll: false, damaged);
            }

            if (part.More)
            {
                return new LedgerRows(rows, More: true, damaged);
            }

            if (rows.Count > 0 && rows[^1].Sequence >= query.Through)
            {
                break;
            }
        }

        return new LedgerRows(rows, More: false, damaged);
    }

    /// <summary>An account's last row before an instant; null when there is none. The latest hours are looked at first.</summary>
    /// <param name="query">Whose; its range and filters do not matter.</param>
    /// <param name="before">Exclusive.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    /// <exception cref="RolledUpException">The instant is within a minute of which only sums are kept.</exception>
    public async Task<LedgerRow?> ReadLastAsync(LedgerQuery query, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var whole = new LedgerQuery { Account = query.Account, Partition = query.Partition, To = before, MaxRows = query.MaxRows };
        var hours = await HoursAsync(whole, cancellationToken);
        var take = HoursAtFirst;
        for (var left = hours.Count; left > 0; left -= take, take *= 2)
        {
            var (first, last) = (hours[Math.Max(left - take, 0)], hours[left - 1]);
            var row = await RunAsync(
                whole.Segments.Hours(first, last), (connection, files) => ReadLast(connection, files, whole), cancellationToken);
            if (row is not null)
            {
                return row;
            }
        }

        return null;
    }

    /// <summary>Where the first of the periods begins that count usage of charges and settles of a range; null when there are none.</summary>
    /// <param name="query">Whose, and the range; its other filters do not matter.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public Task<DateTimeOffset?> ReadFirstPeriodAsync(LedgerQuery query, CancellationToken cancellationToken) =>
        RunAsync(query.Segments, (connection, files) => ReadFirstPeriod(connection, files, query), cancellationToken);

    /// <summary>Usage by window and group, of segments and of what is not archived yet.</summary>
    /// <param name="query">Which.</param>
    /// <param name="tail">Of the same query, and read before.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    /// <exception cref="RolledUpException">The range begins or ends within a minute of which only sums are kept.</exception>
    public Task<UsageRows> ReadUsageAsync(UsageQuery query, UsageTail tail, CancellationToken cancellationToken) => RunAsync(
        new SegmentRange(query.Partition, query.From, query.To),
        (connection, files) => UsageAnswer.Read(connection, files, query, tail),
        cancellationToken);

    /// <summary>A charge or settle of an account, and what was given back of it.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached, or there are more rows than are looked at.</exception>
    public Task<ChargeRows> FindChargeAsync(string account, int partition, string charge, CancellationToken cancellationToken) => RunAsync(
        SegmentRange.All with { Partition = partition },
        (connection, files) => ChargeSearch.Read(connection, files, account, charge),
        cancellationToken);

    /// <summary>Every row of the segments, account by account, oldest first, and also those that were written more than once: for whoever checks them.</summary>
    /// <param name="account">Only this account's; all when null.</param>
    /// <param name="begin">Called before the first row; and once more when a damaged segment is found on the way, and all is read again without it.</param>
    /// <param name="take">Given each row.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Segments that could not be read.</returns>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public Task<IReadOnlyList<string>> ScanAsync(string? account, Action begin, Action<LedgerRow> take, CancellationToken cancellationToken) => RunAsync(
        SegmentRange.All,
        (connection, files) => Scan(connection, files, account is null ? "true" : $"account = {LedgerSql.Text(account)}", begin, take, cancellationToken),
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

    /// <summary>Follows the chain of one account through a range.</summary>
    /// <param name="query">The account and the range; its other filters do not matter.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The report, and the first and the last sequence that was looked at; 0 when there is none.</returns>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task<(ChainReport Report, long First, long Last)> VerifyRangeAsync(LedgerQuery query, CancellationToken cancellationToken)
    {
        // Only what begins with all there is must begin where the ledger does.
        var retired = query.From == DateTimeOffset.MinValue ? await RetiredHeads.ReadAllAsync(store, cancellationToken) : new Dictionary<string, ChainHead>();
        var check = new ChainCheck(retired);
        var (first, last) = (0L, 0L);
        var damaged = await RunAsync(
            query.Segments,
            (connection, files) => Scan(
                connection,
                files,
                $"account = {LedgerSql.Text(query.Account)} AND {LedgerSql.Between(query.From, query.To)}",
                () => (check, first, last) = (new ChainCheck(retired), 0, 0),
                row =>
                {
                    check.Take(row);
                    (first, last) = (first == 0 ? row.Sequence : first, row.Sequence);
                },
                cancellationToken),
            cancellationToken);
        return (check.End(damaged), first, last);
    }

    /// <summary>How many bytes segments take, and where they go.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public Task<SegmentSizes> SizesAsync(CancellationToken cancellationToken) => RunAsync(SegmentRange.All, SegmentSizes.Read, cancellationToken);

    /// <summary>Writes every row once into one file.</summary>
    /// <param name="file">Ends in <c>.parquet</c>, <c>.csv</c> or <c>.json</c>; replaced when it is there.</param>
    /// <param name="account">Only this account's; all when null.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many rows, and the segments that could not be read.</returns>
    /// <exception cref="LedgerStoreException">The store cannot be reached, it holds nothing, or the file cannot be written.</exception>
    public Task<(long Rows, IReadOnlyList<string> Damaged)> ExportAsync(string file, string? account, CancellationToken cancellationToken) => RunAsync(
        SegmentRange.All,
        (connection, files) => files.Rows is { } rows
            ? (LedgerExport.Write(connection, rows, Path.GetFullPath(file), account), files.Damaged)
            : throw new LedgerStoreException("There are no segments that can be read."),
        cancellationToken);

    /// <summary>Writes the rows of one account, each once and oldest first, into a Parquet file: the columns of a segment but <c>entry</c>.</summary>
    /// <param name="query">Which rows; how many does not matter.</param>
    /// <param name="tail">Those that are not archived yet and match, in any order. In the file they have no <c>hash</c>: links are made when rows are archived.</param>
    /// <param name="writer">Writes the tail where the engine finds it.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>The file, which is the caller's to delete, and the segments that could not be read.</returns>
    /// <exception cref="LedgerStoreException">The store cannot be reached, or the file cannot be written.</exception>
    public async Task<(string File, IReadOnlyList<string> Damaged)> WriteFileAsync(
        LedgerQuery query, IReadOnlyList<LedgerRow> tail, SegmentWriter writer, CancellationToken cancellationToken)
    {
        var (tailFile, file) = (store.NewTemporaryFile(), store.NewTemporaryFile());
        try
        {
            await writer.WriteAsync(tail, tailFile, cancellationToken);
            var damaged = await RunAsync(
                query.Segments,
                (connection, files) =>
                {
                    LedgerFile.Write(connection, files, tail, tailFile, query, file);
                    return files.Damaged;
                },
                cancellationToken);
            return (file, damaged);
        }
        catch
        {
            File.Delete(file);
            throw;
        }
        finally
        {
            File.Delete(tailFile);
        }
    }

    public void Dispose()
    {
        _engine?.Dispose();
        _room.Dispose();
    }

    /// <summary>The hours that have segments a question is about, in order.</summary>
    private async Task<List<DateTimeOffset>> HoursAsync(LedgerQuery query, CancellationToken cancellationToken) =>
        [.. new SortedSet<DateTimeOffset>((await query.Segments.ListAsync(store, cancellationToken)).Select(static segment => segment.Hour))];

    private static IReadOnlyList<string> Scan(
        DuckDBConnection connection, SegmentFiles files, string where, Action begin, Action<LedgerRow> take, CancellationToken cancellationToken)
    {
        begin();
        if (files.Rows is not { } source)
        {
            return files.Damaged;
        }

        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {RowReader.Columns} FROM {source} WHERE {where} ORDER BY account, sequence, line";
        command.UseStreamingMode = true;
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            take(RowReader.Read(rows));
            cancellationToken.ThrowIfCancellationRequested();
        }

        return files.Damaged;
    }

    private static LedgerRow? ReadLast(DuckDBConnection connection, SegmentFiles files, LedgerQuery query)
    {
        files.RequireWholeMinutes(query.From, query.To);
        if (files.Rows is not { } source)
        {
            return null;
        }

        using var command = connection.CreateCommand();
        command.CommandText =
            $"SELECT {RowReader.Columns} FROM {source} WHERE account = {LedgerSql.Text(query.Account)} AND {LedgerSql.Between(query.From, query.To)} ORDER BY sequence DESC LIMIT 1";
        using var rows = command.ExecuteReader();
        return rows.Read() ? RowReader.Read(rows) : null;
    }

    private static DateTimeOffset? ReadFirstPeriod(DuckDBConnection connection, SegmentFiles files, LedgerQuery query)
    {
        if (files.Rows is not { } source)
        {
            return null;
        }

        using var command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT epoch_ns(min(period_start)) FROM {source}
            WHERE account = {LedgerSql.Text(query.Account)} AND {LedgerSql.Between(query.From, query.To)} AND kind IN ('charged', 'settled') AND price IS NOT NULL
            """;
        using var rows = command.ExecuteReader();
        return rows.Read() && !rows.IsDBNull(0) ? Instants.From(rows.GetInt64(0)) : null;
    }

    private static LedgerRows Page(DuckDBConnection connection, SegmentFiles files, LedgerQuery query)
    {
        var page = new List<LedgerRow>();
        var after = query.After;

        // What was written twice is read twice: then there is another time, with more.
        for (var limit = query.MaxRows + 1; ; limit *= 2)
        {
            // Where each number has its row, those that follow fill the page, and the engine need not look at all there is after them.
            var last = query.IsUnfiltered ? Math.Min(after + limit, query.Through) : query.Through;
            var read = ReadMatching(connection, files, query, after, last, limit);
            if (read.Count < limit && last < query.Through)
            {
                read = ReadMatching(connection, files, query, after, query.Through, limit);
            }

            RequireWhole(read, query);
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

    /// <summary>A page that ended with an entry cannot be followed by a sum that has the entry in it, nor by what comes after that sum.</summary>
    private static void RequireWhole(List<LedgerRow> rows, LedgerQuery query)
    {
        if (!query.AfterIsRolledUp && rows.Find(row => row.FirstSequence <= query.After) is { } row)
        {
            throw new RolledUpException(string.Create(
                CultureInfo.InvariantCulture,
                $"Entry {query.After} of account {row.Account} was rolled up to its minute since the last page: begin again from {SegmentName.HourOf(row.At).UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}."));
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

    private static List<LedgerRow> ReadMatching(DuckDBConnection connection, SegmentFiles files, LedgerQuery query, long after, long last, int limit)
    {
        files.RequireWholeMinutes(query.From, query.To);
        if (files.Rows is not { } source)
        {
            return [];
        }

        using var command = connection.CreateCommand();

        // A sum that ends later may begin before: it has to be seen to be refused. Where there are only entries the column alone leaves out row groups.
        var number = files.HasRollups ? "coalesce(first_sequence, sequence)" : "sequence";
        var where = $"account = {LedgerSql.Text(query.Account)} AND {LedgerSql.Between(query.Begin, query.To)}{(query.Meter is { } meter ? $" AND meter = {LedgerSql.Text(meter)}" : "")}{LedgerSql.Kinds(query.Kinds)}{LedgerSql.Dimensions(query.Dimensions)}";
        command.CommandText = string.Create(
            CultureInfo.InvariantCulture, $"SELECT {RowReader.Columns} FROM {source} WHERE sequence > {after} AND {number} <= {last} AND {where} ORDER BY sequence, line LIMIT {limit}");
        using var rows = command.ExecuteReader();
        var read = new List<LedgerRow>();
        while (rows.Read())
        {
            read.Add(RowReader.Read(rows));
        }

        return read;
    }

    private async Task<T> RunAsync<T>(SegmentRange range, Func<DuckDBConnection, SegmentFiles, T> read, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                using var files = await SegmentFiles.OpenAsync(store, range, cancellationToken);
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

            if (!files.SetAside(source => CanRead(connection, source, cancellationToken)))
            {
                throw new LedgerStoreException($"The ledger cannot be read: {failure.Message}", failure);
            }

            return read(connection, files);
        }
    }

    private static bool CanRead(DuckDBConnection connection, string source, CancellationToken cancellationToken)
    {
        try
        {
            // All columns of all rows: damage may be in any page, and in values that the engine has nothing against.
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT {RowReader.Columns} FROM {source}";
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
