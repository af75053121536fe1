using System.Globalization;
using DuckDB.NET.Data;

namespace Metering.Ledger.Reading;

/// <summary>What segments take, as they are in the store: what is there twice counts twice.</summary>
/// <param name="Segments">How many.</param>
/// <param name="Bytes">Of all of them.</param>
/// <param name="Entries">Entries in them.</param>
/// <param name="Rows">Rows in them.</param>
/// <param name="Columns">Compressed bytes by column, the largest first.</param>
/// <param name="Damaged">Segments that could not be read, and are not in the other numbers.</param>
public sealed record SegmentSizes(int Segments, long Bytes, long Entries, long Rows, IReadOnlyList<(string Column, long Bytes)> Columns, IReadOnlyList<string> Damaged)
{
    internal static SegmentSizes Read(DuckDBConnection connection, SegmentFiles files)
    {
        var paths = files.Paths;
        if (paths.Count == 0)
        {
            return new SegmentSizes(0, 0, 0, 0, [], files.Damaged);
        }

        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FILTER (line = 0), count(*) FROM {LedgerSql.From(paths)}";
        using var counted = command.ExecuteReader();
        counted.Read();
        var (entries, rows) = (counted.GetInt64(0), counted.GetInt64(1));
        return new SegmentSizes(paths.Count, paths.Sum(static path => new FileInfo(path).Length), entries, rows, BytesByColumn(connection, paths), files.Damaged);
    }

    private static List<(string Column, long Bytes)> BytesByColumn(DuckDBConnection connection, IReadOnlyList<string> paths)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT string_split(path_in_schema, ',')[1] AS name, sum(total_compressed_size)::BIGINT AS bytes FROM parquet_metadata([{string.Join(",", paths.Select(LedgerSql.Text))}])
            GROUP BY name ORDER BY bytes DESC, name
            """;
        using var sizes = command.ExecuteReader();
        var columns = new List<(string Column, long Bytes)>();
        while (sizes.Read())
        {
            columns.Add((sizes.GetString(0), sizes.GetInt64(1)));
        }

        return columns;
    }

    /// <summary>As a table, columns of less than a hundredth of a byte an entry left out.</summary>
    public string Text()
    {
        var text = new System.Text.StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Segments:N0} segments with {Bytes:N0} bytes: {Entries:N0} entries, {(double)Bytes / Math.Max(1, Entries):F1} bytes each; {Rows:N0} rows, {(double)Bytes / Math.Max(1, Rows):F1} bytes each");
        text.AppendLine("| column | bytes | an entry |").AppendLine("|---|---|---|");
        foreach (var (column, bytes) in Columns.Where(column => column.Bytes >= Entries / 100))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {column} | {bytes:N0} | {(double)bytes / Math.Max(1, Entries):F2} |");
        }

        return text.ToString();
    }
}
