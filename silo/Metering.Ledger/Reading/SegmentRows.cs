namespace Metering.Ledger.Reading;

/// <summary>Segments as rows, in the engine's language: entries, and rollups, which have two columns more. Among them an entry counts once (<see cref="Upkeep.Rollup"/>), but for rows that were written more than once.</summary>
internal static class SegmentRows
{
    /// <summary>Of segments that have entries.</summary>
    internal static string Entries(IReadOnlyList<string> paths) => $"(SELECT *, NULL::BIGINT AS first_sequence, NULL::BIGINT AS lines FROM {LedgerSql.From(paths)})";

    /// <summary>Of rollups.</summary>
    internal static string Rollups(IReadOnlyList<string> paths) => LedgerSql.From(paths);

    /// <summary>Of segments that have entries, those that the rollup of their hour does not have.</summary>
    internal static string Beside(string rollup, IReadOnlyList<string> paths) => $"""
        (SELECT entry.* FROM {Entries(paths)} AS entry LEFT JOIN {Ranges(rollup)} AS rolled ON rolled.account = entry.account
         WHERE rolled.account IS NULL OR entry.sequence NOT BETWEEN rolled.first AND rolled.last)
        """;

    /// <summary>What a rollup has of each account: the columns <c>account</c>, <c>first</c> and <c>last</c>, and all entries between.</summary>
    internal static string Ranges(string rollup) => $"(SELECT account, min(first_sequence) AS first, max(sequence) AS last FROM {Rollups([rollup])} GROUP BY account)";

    /// <summary>All of some sources.</summary>
    internal static string All(IEnumerable<string> sources) => $"({string.Join(" UNION ALL BY NAME ", sources.Select(static source => $"SELECT * FROM {source}"))})";
}
