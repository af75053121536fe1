namespace Metering.Ledger.Segments;

/// <summary>
/// The columns of a segment, and of the table rows are collected in before they are written. Amounts are DECIMAL(38,9): exact in every engine. Instants are UTC, in
/// nanoseconds, because entries have tenths of microseconds and the chain covers them.
/// </summary>
internal static class SegmentSchema
{
    internal const string Amount = "DECIMAL(38,9)";

    /// <summary>A table that says of which types the columns are. It stays empty.</summary>
    internal const string Rows = "row_types";

    internal const string CreateRows = $"""
        CREATE TABLE {Rows} (
            account VARCHAR, sequence BIGINT, line INTEGER, happened_at TIMESTAMP_NS, usage_at TIMESTAMP_NS, kind VARCHAR, id VARCHAR,
            meter VARCHAR, quantity {Amount}, credits {Amount}, balance {Amount}, available {Amount},
            card VARCHAR, version INTEGER, price VARCHAR, period_start TIMESTAMP_NS, dimensions MAP(VARCHAR, VARCHAR), tiers VARCHAR, burned MAP(VARCHAR, {Amount}),
            overage_added {Amount}, uncovered {Amount}, mode VARCHAR, producer VARCHAR, producer_sequence BIGINT,
            hold VARCHAR, held {Amount}, reverses VARCHAR, entry BLOB, hash UBIGINT)
        """;

    /// <summary>The columns of a segment, in order.</summary>
    internal const string Columns = """
        account, sequence, line, happened_at, usage_at, kind, id, meter, quantity, credits, balance, available, card, version, price, period_start, dimensions, tiers, burned,
        overage_added, uncovered, mode, producer, producer_sequence, hold, held, reverses, entry, hash
        """;

    /// <summary>
    /// How the archive writes segments. Small row groups, because a statement reads those that hold its account. Version 2 packs numbers that rise, as sequences and times do.
    /// </summary>
    internal const string Format = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ROW_GROUP_SIZE 40960";

    /// <summary>How compaction writes them: once and for good, and in the background, so that it may take its time. It is six times the work.</summary>
    internal const string MergedFormat = $"{Format}, COMPRESSION_LEVEL 16";
}
