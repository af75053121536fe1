using DuckDB.NET.Data;
using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Upkeep;

/// <summary>What rolling up asks of the engine: on one thread, in bounded memory, spilling to the disk beside the file it writes.</summary>
internal sealed class RollupEngine : IDisposable
{
    /// <summary>Kinds that come with every use of a service.</summary>
    private static readonly string RolledUpKinds = string.Join(
        ", ", new[] { EntryKind.Charged, EntryKind.Settled, EntryKind.Reversed, EntryKind.Held, EntryKind.HoldReleased, EntryKind.HoldExpired }.Select(static kind => LedgerSql.Text(KindName.Of(kind))));

    private readonly DuckDBConnection _connection = new("DataSource=:memory:");

    /// <param name="spillFolder">Where to sort what does not fit memory.</param>
    internal RollupEngine(string spillFolder)
    {
        _connection.Open();
        Execute($"SET memory_limit = '512MB'; SET threads = 1; SET preserve_insertion_order = false; SET temp_directory = {LedgerSql.Text(spillFolder)}; SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;");
    }

    /// <summary>Whether a rollup has all entries of another segment.</summary>
    /// <exception cref="DuckDBException">One of them cannot be read.</exception>
    internal bool Has(SegmentFile rollup, SegmentFile other)
    {
        var rows = other.Name.IsRollup ? SegmentRows.Rollups([other.Path]) : SegmentRows.Entries([other.Path]);
        return Count($"""
            SELECT 1 FROM {rows} AS other LEFT JOIN {SegmentRows.Ranges(rollup.Path)} AS rolled ON rolled.account = other.account
            WHERE rolled.account IS NULL OR coalesce(other.first_sequence, other.sequence) < rolled.first OR other.sequence > rolled.last
            """) == 0;
    }

    /// <summary>Writes the rollup of some segments.</summary>
    /// <param name="before">The rollup that there is; null for none.</param>
    /// <param name="entries">Files that have entries. Those that the rollup has do not count.</param>
    /// <param name="into">The file to write.</param>
    /// <exception cref="DuckDBException">A segment cannot be read, or the file cannot be written.</exception>
    /// <exception cref="UnfitHourException">Entries are missing, changed, or there twice and not the same.</exception>
    internal void RollUp(string? before, IReadOnlyList<string> entries, string into)
    {
        var added = $"(SELECT DISTINCT * FROM {(before is null ? SegmentRows.Entries(entries) : SegmentRows.Beside(before, entries))})";
        if (Count($"SELECT account, sequence, line FROM {added} GROUP BY ALL HAVING count(*) > 1") > 0)
        {
            throw new UnfitHourException("an entry is there twice, and not the same");
        }

        RequireNoGap(before, added);
        RequireChains(before, added);
        var rows = before is null ? added : SegmentRows.All([added, SegmentRows.Rollups([before])]);
        Execute($"COPY (SELECT * FROM ({Sum(rows)} UNION ALL BY NAME {Whole(rows)}) ORDER BY account, sequence, line) TO {LedgerSql.Text(into)} ({SegmentSchema.Format})");
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>One row for each account, kind, meter, dimensions and minute. Of what belongs to a point in time it says the last.</summary>
    /// <remarks>An entry's link is on its first row, which is in one of these at most: a link that is not that of the last entry in the row is left out, for it would be taken for it.</remarks>
    private static string Sum(string rows) => $"""
        SELECT account, max(sequence) AS sequence, arg_max(line, (sequence, line)) AS line, max(happened_at) AS happened_at, kind, meter, dimensions,
            sum(quantity)::{SegmentSchema.Amount} AS quantity, CASE WHEN count(credits) = count(*) THEN sum(credits)::{SegmentSchema.Amount} END AS credits,
            arg_max(balance, (sequence, line)) AS balance, nullif(arg_max(coalesce(available, balance), (sequence, line)), arg_max(balance, (sequence, line))) AS available,
            sum(held)::{SegmentSchema.Amount} AS held, CASE WHEN max(sequence) FILTER (hash IS NOT NULL) = max(sequence) THEN arg_max(hash, (sequence, line)) END AS hash,
            min(coalesce(first_sequence, sequence)) AS first_sequence, sum(coalesce(lines, 1))::BIGINT AS lines
        FROM {rows} WHERE kind IN ({RolledUpKinds}) GROUP BY account, kind, meter, dimensions, epoch_ns(happened_at) // 60000000000
        """;

    private static string Whole(string rows) => $"SELECT * REPLACE (sequence AS first_sequence) FROM {rows} WHERE kind NOT IN ({RolledUpKinds})";

    /// <summary>A gap would make entries that come later, or that another segment has, look as if they were in the rollup.</summary>
    private void RequireNoGap(string? before, string added)
    {
        var ranges = before is null ? "" : $" UNION ALL SELECT account, first, last, last - first + 1 FROM {SegmentRows.Ranges(before)}";
        using var command = _connection.CreateCommand();
        command.CommandText = $"""
            SELECT account FROM (SELECT account, min(sequence) AS first, max(sequence) AS last, count(DISTINCT sequence) AS entries FROM {added} GROUP BY account{ranges})
            GROUP BY account HAVING max(last) - min(first) + 1 <> sum(entries) ORDER BY account LIMIT 1
            """;
        if (command.ExecuteScalar() is string account)
        {
            throw new UnfitHourException($"entries of account {account} are missing");
        }
    }

    private void RequireChains(string? before, string added)
    {
        var check = new ChainCheck(before is null ? new Dictionary<string, ChainHead>() : Heads(before));
        using var command = _connection.CreateCommand();
        command.CommandText = $"SELECT {RowReader.Columns} FROM {added} ORDER BY account, sequence, line";
        command.UseStreamingMode = true;
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            check.Take(RowReader.Read(rows));
        }

        if (check.End([]).Breaks is [var broken, ..])
        {
            throw new UnfitHourException($"sequence {broken.Sequence} of account {broken.Account} does not follow the one before it");
        }
    }

    /// <summary>What the entries after a rollup follow.</summary>
    private Dictionary<string, ChainHead> Heads(string rollup)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"SELECT account, max(sequence), arg_max(hash, (sequence, line)) FROM {SegmentRows.Rollups([rollup])} GROUP BY account";
        using var rows = command.ExecuteReader();
        var heads = new Dictionary<string, ChainHead>(StringComparer.Ordinal);
        while (rows.Read())
        {
            heads[rows.GetString(0)] = new ChainHead(rows.GetInt64(1), rows.GetFieldValue<ulong>(2), Credits.Zero);
        }

        return heads;
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
}

/// <summary>An hour cannot be rolled up, because something is wrong with what there is of it.</summary>
internal sealed class UnfitHourException(string message) : Exception(message);
