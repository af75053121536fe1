using DuckDB.NET.Data;

namespace Metering.Ledger.Reading;

/// <summary>A ledger as one file, in the format that its name ends with.</summary>
internal static class LedgerExport
{
    private const string Json = ".json";

    internal static bool IsKnown(string file) => Format(file) is not null;

    private const string AsTheyAre = $"* REPLACE ({LedgerSql.WholeAvailable}, {LedgerSql.WholeBurned} AS burned)";

    /// <summary>Numbers as strings: most readers of JSON take a number for a double, which has fewer digits.</summary>
    private const string ForJson = $"""
        * REPLACE (quantity::VARCHAR AS quantity, credits::VARCHAR AS credits, balance::VARCHAR AS balance, coalesce(available, balance)::VARCHAR AS available, overage_added::VARCHAR AS overage_added,
        uncovered::VARCHAR AS uncovered, held::VARCHAR AS held, ({LedgerSql.WholeBurned})::MAP(VARCHAR, VARCHAR) AS burned, hash::VARCHAR AS hash)
        """;

    /// <summary>Writes each row once, by account, sequence and line; sorted on the disk when it does not fit memory.</summary>
    /// <returns>How many rows.</returns>
    /// <exception cref="DuckDBException">A segment cannot be read, or the file cannot be written.</exception>
    internal static long Write(DuckDBConnection connection, string segments, string file, string? account)
    {
        using var command = connection.CreateCommand();
        var where = "";
        if (account is not null)
        {
            // COPY takes no parameters.
            where = $"WHERE account = '{account.Replace("'", "''", StringComparison.Ordinal)}'";
        }

        command.CommandText = $"""
            COPY (SELECT DISTINCT ON (account, sequence, line) {(Path.GetExtension(file) == Json ? ForJson : AsTheyAre)} FROM {segments} {where} ORDER BY account, sequence, line)
            TO '{file.Replace("'", "''", StringComparison.Ordinal)}' ({Format(file)})
            """;
        return command.ExecuteNonQuery();
    }

    private static string? Format(string file) => Path.GetExtension(file) switch
    {
        ".parquet" => "FORMAT parquet, COMPRESSION zstd",
        ".csv" => "FORMAT csv, HEADER",
        Json => "FORMAT json",
        _ => null,
    };
}
