namespace Metering.Ledger.Segments;

/// <summary>
/// The columns of a segment, and of the table rows are collected in before they are written. Amounts are DECIMAL(38,9): exact in every engine. Instants are UTC, in
/// nanoseconds, because entries have tenths of microseconds and the chain covers them.
/// </summary>
internal static class SegmentSchema
{
    internal const string Amount = "DECIMAL(38,9)";

    /// <summary>How rows come from the appender: maps as two lists, instants as nanoseconds since 1970.</summary>
    internal const string CreateRows = $"""
        CREATE OR REPLACE TABLE rows (
            account VARCHAR NOT NULL, sequence BIGINT NOT NULL, line INTEGER NOT NULL, happened_at BIGINT NOT NULL, usage_at BIGINT, kind VARCHAR NOT NULL, id VARCHAR,
            meter VARCHAR, quantity {Amount}, credits {Amount}, balance {Amount} NOT NULL, available {Amount},
            card VARCHAR, version INTEGER, price VARCHAR, period_start BIGINT,
            dimension_names VARCHAR[] NOT NULL, dimension_values VARCHAR[] NOT NULL, tiers VARCHAR, burned_grants VARCHAR[] NOT NULL, burned_credits VARCHAR[] NOT NULL,
            overage_added {Amount}, uncovered {Amount}, mode VARCHAR, producer VARCHAR, producer_sequence BIGINT,
            hold VARCHAR, held {Amount}, reverses VARCHAR, entry BLOB, hash UBIGINT)
        """;

    /// <summary>The columns of a segment, in order.</summary>
    internal const string Columns = """
        account, sequence, line, happened_at, usage_at, kind, id, meter, quantity, credits, balance, available, card, version, price, period_start, dimensions, tiers, burned,
        overage_added, uncovered, mode, producer, producer_sequence, hold, held, reverses, entry, hash
        """;

    /// <summary>Collected rows as a segment has them.</summary>
    internal const string SelectRows = $"""
        SELECT account, sequence, line, make_timestamp_ns(happened_at) AS happened_at, make_timestamp_ns(usage_at) AS usage_at, kind, id, meter, quantity, credits, balance, available,
            card, version, price, make_timestamp_ns(period_start) AS period_start, map(dimension_names, dimension_values) AS dimensions, tiers,
            CASE WHEN len(burned_credits) = 1 AND burned_credits[1]::{Amount} = -credits THEN map(burned_grants, [NULL::{Amount}]) ELSE map(burned_grants, burned_credits::{Amount}[]) END AS burned,
            overage_added, uncovered, mode, producer, producer_sequence, hold, held, reverses, entry, hash
        FROM rows
        """;

    /// <summary>
    /// How the archive writes segments. Small row groups, because a statement reads those that hold its account. Version 2 packs numbers that rise, as sequences and times do.
    /// </summary>
    internal const string Format = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ROW_GROUP_SIZE 40960";

    /// <summary>How compaction writes them: once and for good, and in the background, so that it may take its time. It is six times the work.</summary>
    internal const string MergedFormat = $"{Format}, COMPRESSION_LEVEL 16";
}
