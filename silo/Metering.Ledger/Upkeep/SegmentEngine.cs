using System.Globalization;
using DuckDB.NET.Data;
using Metering.Core;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Upkeep;

/// <summary>What upkeep asks of the engine: on one thread, in bounded memory, spilling to the disk beside the files it writes.</summary>
internal sealed class SegmentEngine : IDisposable
{
    private readonly DuckDBConnection _connection = new("DataSource=:memory:");

    /// <param name="spillFolder">Where to sort what does not fit memory.</param>
    internal SegmentEngine(string spillFolder)
    {
        _connection.Open();
        Execute($"SET memory_limit = '512MB'; SET threads = 1; SET preserve_insertion_order = false; SET temp_directory = '{Quoted(spillFolder)}'; SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;");
    }

    /// <summary>Writes all rows of some segments into one, sorted as each of them is, and makes sure that they are all in it.</summary>
    /// <param name="paths">The segments' files.</param>
    /// <param name="into">The file to write.</param>
    /// <param name="mayRepeat">Whether a row may be in more than one. It is then written once.</param>
    /// <exception cref="DuckDBException">A segment cannot be read, or the file cannot be written.</exception>
    /// <exception cref="LedgerStoreException">The file does not have what the segments have; or two of them say something else under the same key, which must stay apart for whoever verifies them.</exception>
    internal void Merge(IReadOnlyList<string> paths, string into, bool mayRepeat)
    {
        var rows = $"SELECT {(mayRepeat ? "DISTINCT " : "")}* FROM {From(paths)}";
        Execute($"COPY ({rows} ORDER BY account, sequence, line) TO '{Quoted(into)}' ({SegmentSchema.MergedFormat})");
        if (Sum(rows) != Sum($"SELECT * FROM {From([into])}"))
        {
            throw new LedgerStoreException("What was merged does not add up to the segments it was merged from. They stay.");
        }

        if (mayRepeat && Count($"SELECT account, sequence, line FROM {From([into])} GROUP BY ALL HAVING count(*) > 1") > 0)
        {
            throw new LedgerStoreException("They say different things of the same entry. They stay apart.");
        }
    }

    /// <summary>Those of some segments that have a row which another does not have just so, in all columns.</summary>
    /// <exception cref="DuckDBException">A segment cannot be read.</exception>
    internal IReadOnlyList<string> NotHeldBy(string covering, IReadOnlyList<string> covered)
    {
        using var command = _connection.CreateCommand();
        const string said = "account, sequence, line, hash(*COLUMNS(* EXCLUDE (filename))) AS said";
        command.CommandText = $"""
            SELECT DISTINCT filename FROM (SELECT filename, {said} FROM {From(covered, "filename = true")})
            ANTI JOIN (SELECT {said} FROM {From([covering], "filename = true")}) AS held USING (account, sequence, line, said)
            """;
        using var rows = command.ExecuteReader();
        var notHeld = new List<string>();
        while (rows.Read())
        {
            notHeld.Add(rows.GetString(0));
        }

        return notHeld;
    }

    /// <summary>Whether a segment can be read, in all columns of all rows.</summary>
    internal bool CanRead(string path)
    {
        try
        {
            _ = Count($"SELECT bit_xor(hash(*COLUMNS(*))) FROM {From([path])}");
            return true;
        }
        catch (DuckDBException)
        {
            return false;
        }
    }

    /// <summary>The last entry of each account in some segments, with its link: that of its last row which has one.</summary>
    /// <exception cref="DuckDBException">A segment cannot be read.</exception>
    internal Dictionary<string, ChainHead> LastEntries(IReadOnlyList<string> paths)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"""
            SELECT account, max(sequence), arg_max(hash, (sequence, line)), arg_max(balance, (sequence, line)) FROM {From(paths)} GROUP BY account
            """;
        using var rows = command.ExecuteReader();
        var last = new Dictionary<string, ChainHead>(StringComparer.Ordinal);
        while (rows.Read())
        {
            last[rows.GetString(0)] = new ChainHead(rows.GetInt64(1), rows.GetFieldValue<ulong>(2), Credits.From(rows.GetDecimal(3)));
        }

        return last;
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>How many rows there are, and what differs as soon as one of them is another.</summary>
    private (long Rows, ulong Said) Sum(string rows)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"SELECT count(*), coalesce(bit_xor(hash(*COLUMNS(*))), 0)::UBIGINT FROM ({rows})";
        using var row = command.ExecuteReader();
        row.Read();
        return (row.GetInt64(0), row.GetFieldValue<ulong>(1));
    }

    private long Count(string rows)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM ({rows})";
        return (long)command.ExecuteScalar()!;
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string From(IReadOnlyList<string> paths, string option = "filename = false") =>
        string.Create(CultureInfo.InvariantCulture, $"read_parquet([{string.Join(",", paths.Select(static path => $"'{Quoted(path)}'"))}], hive_partitioning = false, {option})");

    private static string Quoted(string path) => path.Replace("'", "''", StringComparison.Ordinal);
}
