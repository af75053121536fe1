using System.Globalization;
using DuckDB.NET.Data;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>An account's rows as one Parquet file, of segments and of what is not archived yet.</summary>
internal static class LedgerFile
{
    /// <param name="connection">The engine.</param>
    /// <param name="files">The segments.</param>
    /// <param name="tail">What is not archived yet, and matches.</param>
    /// <param name="tailFile">The same as a file.</param>
    /// <param name="query">Which rows of the segments.</param>
    /// <param name="file">Where to.</param>
    /// <exception cref="DuckDBException">A segment cannot be read, or the file cannot be written.</exception>
    /// <exception cref="RolledUpException">The range begins or ends within a minute of which only sums are kept.</exception>
    internal static void Write(DuckDBConnection connection, SegmentFiles files, IReadOnlyList<LedgerRow> tail, string tailFile, LedgerQuery query, string file)
    {
        files.RequireWholeMinutes(query.From, query.To);

        // What the first entry of the journal's part changed is not known from the journal when the entry before it was trimmed: that one is in the segments.
        var unknown = tail.FirstOrDefault(static row => row.Credits is null);
        var before = unknown is null ? null : Balance(connection, files, query.Account, unknown.Sequence - 1);
        var credits = before is { } balance ? string.Create(CultureInfo.InvariantCulture, $"coalesce(credits, balance - {balance})::{SegmentSchema.Amount}") : "credits";

        using var command = connection.CreateCommand();
        var where = string.Create(
            CultureInfo.InvariantCulture,
            $"account = {LedgerSql.Text(query.Account)} AND sequence > {query.After} AND {LedgerSql.Between(query.Begin, query.To)}{(query.Meter is { } meter ? $" AND meter = {LedgerSql.Text(meter)}" : "")}{LedgerSql.Kinds(query.Kinds)}{LedgerSql.Dimensions(query.Dimensions)}");
        var archived = files.Rows is { } source ? $"SELECT {SegmentSchema.Columns}, first_sequence, lines, 0 AS source FROM {source} WHERE {where} UNION ALL" : "";

        // What was archived in between is in both, and has its link only in a segment: that one is taken. What was rolled up in between is under another key.
        var rolledThrough = files.HasRollups ? $"(SELECT coalesce(max(sequence), 0) FROM {files.Rows} WHERE {where} AND first_sequence IS NOT NULL)" : "0";
        command.CommandText = $"""
            COPY (
                SELECT * EXCLUDE (entry, source) REPLACE ({LedgerSql.WholeAvailable}, {LedgerSql.WholeBurned} AS burned) FROM (
                    SELECT DISTINCT ON (account, sequence, line) * FROM (
                        {archived} SELECT * REPLACE ({credits} AS credits, NULL::UBIGINT AS hash), NULL::BIGINT AS first_sequence, NULL::BIGINT AS lines, 1 AS source
                        FROM {LedgerSql.From([tailFile])} WHERE sequence > {rolledThrough})
                    ORDER BY account, sequence, line, source)
                ORDER BY sequence, line)
            TO {LedgerSql.Text(file)} ({SegmentSchema.Format})
            """;
        command.ExecuteNonQuery();
    }

    /// <summary>The balance an entry left, as segments have it; null when they do not have the entry.</summary>
    private static decimal? Balance(DuckDBConnection connection, SegmentFiles files, string account, long sequence)
    {
        if (files.Rows is not { } source)
        {
            return null;
        }

        using var command = connection.CreateCommand();
        command.CommandText = string.Create(
            CultureInfo.InvariantCulture, $"SELECT balance FROM {source} WHERE account = {LedgerSql.Text(account)} AND sequence = {sequence} LIMIT 1");
        return command.ExecuteScalar() as decimal?;
    }
}
