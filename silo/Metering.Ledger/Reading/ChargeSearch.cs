using System.Globalization;
using DuckDB.NET.Data;
using Metering.Core.Entries;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>What segments have of a charge.</summary>
/// <param name="Rows">Of charges and settles under its id, and of reversals that name it, each key once, in order.</param>
/// <param name="Through">The account's last entry; 0 for none.</param>
/// <param name="IsWhole">Whether every entry of the account from the last of those charges through that one is there.</param>
/// <param name="Damaged">Segments that could not be read.</param>
public sealed record ChargeRows(IReadOnlyList<LedgerRow> Rows, long Through, bool IsWhole, IReadOnlyList<string> Damaged)
{
    /// <summary>Whether only sums are kept of some entries from the last of those charges on; of any entries, where there is no such charge.</summary>
    public bool IsRolledUp { get; init; }
}

/// <summary>Looks for a charge of an account by its id.</summary>
internal static class ChargeSearch
{
    /// <summary>Rows of a charge and its reversals that are looked at.</summary>
    internal const int MaxRows = 10_000;

    /// <exception cref="LedgerStoreException">There are more rows.</exception>
    internal static ChargeRows Read(DuckDBConnection connection, SegmentFiles files, string account, string charge)
    {
        if (files.Rows is not { } source)
        {
            return new ChargeRows([], 0, IsWhole: true, files.Damaged);
        }

        var rows = Rows(connection, source, account, charge);
        var first = rows.LastOrDefault(static row => row.Kind is EntryKind.Charged or EntryKind.Settled)?.Sequence ?? 0;
        using var command = connection.CreateCommand();
        command.CommandText = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            SELECT count(DISTINCT sequence) FILTER (lines IS NULL), coalesce(max(sequence), 0), count(*) FILTER (lines IS NOT NULL)
            FROM {source} WHERE account = {LedgerSql.Text(account)} AND sequence >= {first}
            """);
        using var counted = command.ExecuteReader();
        counted.Read();
        var (entries, through) = (counted.GetInt64(0), counted.GetInt64(1));
        return new ChargeRows(rows, through, IsWhole: entries == through - first + 1, files.Damaged) { IsRolledUp = counted.GetInt64(2) > 0 };
    }

    private static List<LedgerRow> Rows(DuckDBConnection connection, string source, string account, string charge)
    {
        using var command = connection.CreateCommand();
        command.CommandText = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            SELECT {RowReader.Columns} FROM {source} WHERE account = {LedgerSql.Text(account)}
            AND ((kind IN ('charged', 'settled') AND id = {LedgerSql.Text(charge)}) OR reverses = {LedgerSql.Text(charge)}) ORDER BY sequence, line LIMIT {MaxRows + 1}
            """);
        using var found = command.ExecuteReader();
        var rows = new List<LedgerRow>();
        var read = 0;
        while (found.Read())
        {
            var row = RowReader.Read(found);
            if (rows.Count == 0 || (rows[^1].Sequence, rows[^1].Line) != (row.Sequence, row.Line))
            {
                rows.Add(row);
            }

            if (++read > MaxRows)
            {
                throw new LedgerStoreException($"The ledger has more than {MaxRows} rows of charge {charge} and its reversals.");
            }
        }

        return rows;
    }
}
