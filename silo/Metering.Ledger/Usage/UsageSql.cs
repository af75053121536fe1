using System.Globalization;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Usage;

/// <summary>
/// Usage in the engine's language. Sums are DECIMAL(38,9), never doubles. Most segments cannot have a row in common and are summed as they are; where the records of two overlap, as after
/// a crash or while they are merged, each key is taken once; of one that reaches into the records that are not archived yet, only what comes before those; and beside a rollup only what it does not have.
/// </summary>
internal static class UsageSql
{
    /// <summary>The tail's sums, and where it begins for each account: tables of the question's own connection.</summary>
    internal const string Sums = "tail_sums";

    internal const string Starts = "tail_starts";

    private const string Columns = "account, sequence, line, happened_at, kind, meter, quantity, credits, dimensions";

    internal static string CreateTables(UsageQuery query) => $"""
        CREATE OR REPLACE TEMP TABLE {Sums} (bucket BIGINT NOT NULL, {string.Concat(query.Groups.Select(static (_, i) => Name(i) + " VARCHAR, "))}quantity {SegmentSchema.Amount}, credits {SegmentSchema.Amount}, lines BIGINT);
        CREATE OR REPLACE TEMP TABLE {Starts} (account VARCHAR NOT NULL, sequence BIGINT NOT NULL);
        """;

    /// <summary>The columns: bucket, groups, quantity, credits, lines.</summary>
    internal static string Select(UsageQuery query, SegmentFiles files, long archivedThrough)
    {
        var groups = string.Concat(query.Groups.Select(static (_, i) => ", " + Name(i)));
        var byGroup = string.Concat(query.Groups.Select(static (_, i) => $", {Name(i)} NULLS FIRST"));
        var measure = query.By switch { UsageMeasure.Credits => "credits", UsageMeasure.Quantity => "quantity", UsageMeasure.Lines => "lines" };
        var order = query.Top is { } ? $"{measure} DESC{byGroup}" : $"bucket{byGroup}";
        return string.Create(CultureInfo.InvariantCulture, $"""
            SELECT bucket{groups}, sum(quantity) AS quantity, sum(credits) AS credits, sum(lines)::BIGINT AS lines
            FROM ({string.Join(" UNION ALL ", Parts(query, files, archivedThrough).Append($"SELECT * FROM {Sums}"))})
            GROUP BY bucket{groups} ORDER BY {order} LIMIT {query.Top ?? query.MaxRows + 1}
            """);
    }

    private static IEnumerable<string> Parts(UsageQuery query, SegmentFiles segments, long archivedThrough)
    {
        var files = segments.ByOverlap(archivedThrough);
        if (files.Apart.Count > 0)
        {
            yield return Summed(query, $"(SELECT * FROM {LedgerSql.From(files.Apart)} WHERE {Where(query)})");
        }

        if (files.Overlapping.Count > 0)
        {
            yield return Summed(query, $"(SELECT DISTINCT ON (account, sequence, line) {Columns} FROM {LedgerSql.From(files.Overlapping)} WHERE {Where(query)})");
        }

        if (files.Reaching.Count > 0)
        {
            yield return Summed(query, BeforeTail(query, LedgerSql.From(files.Reaching)));
        }

        if (files.Rollups.Count > 0)
        {
            yield return Summed(query, $"(SELECT * FROM {SegmentRows.Rollups(files.Rollups)} WHERE {Where(query)})", lines: "coalesce(sum(lines) FILTER (kind <> 'reversed'), 0)");
        }

        foreach (var (rollup, entries) in files.BesideRollups)
        {
            yield return Summed(query, BeforeTail(query, SegmentRows.Beside(rollup, entries)));
        }
    }

    /// <summary>Each key once, and of each account what comes before its part of the tail.</summary>
    private static string BeforeTail(UsageQuery query, string rows) => $"""
        (SELECT DISTINCT ON (account, sequence, line) {Columns} FROM {rows} AS archived WHERE {Where(query)}
         AND NOT EXISTS (SELECT 1 FROM {Starts} AS tail WHERE tail.account = archived.account AND archived.sequence >= tail.sequence))
        """;

    private static string Summed(UsageQuery query, string rows, string lines = "count(*) FILTER (kind <> 'reversed')")
    {
        var groups = string.Concat(query.Groups.Select(static (group, i) => $", {Of(group)} AS {Name(i)}"));
        var names = string.Concat(query.Groups.Select(static (_, i) => ", " + Name(i)));
        return $"""
            SELECT {query.Window.Sql()} AS bucket{groups}, sum(CASE WHEN kind = 'reversed' THEN -coalesce(quantity, 0) ELSE coalesce(quantity, 0) END) AS quantity,
                -sum(credits) AS credits, {lines} AS lines
            FROM {rows} GROUP BY bucket{names}
            """;
    }

    private static string Where(UsageQuery query)
    {
        var where = $"kind IN ('charged', 'settled', 'reversed') AND {LedgerSql.Between(query.From, query.To)}";
        where += query.Account is { } account ? $" AND account = {LedgerSql.Text(account)}" : "";
        where += query.Meter is { } meter ? $" AND meter = {LedgerSql.Text(meter)}" : "";
        return where + LedgerSql.Dimensions(query.Dimensions);
    }

    private static string Of(UsageGroup group) => group.Kind switch
    {
        UsageGroupKind.Account => "account",
        UsageGroupKind.Meter => "coalesce(meter, '')",
        UsageGroupKind.Dimension => $"dimensions[{LedgerSql.Text(group.Dimension)}]",
    };

    private static string Name(int group) => string.Create(CultureInfo.InvariantCulture, $"group_{group}");
}
