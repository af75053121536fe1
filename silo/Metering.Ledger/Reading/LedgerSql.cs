using System.Globalization;
using Metering.Core.Entries;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>
/// Parts of questions in the engine's language. Values stand in them as quoted literals: the engine then leaves out row groups by their statistics before it reads them, and
/// instants are compared as the column has them, for the same reason.
/// </summary>
internal static class LedgerSql
{
    /// <summary>What is available as a column of an export: whoever reads one should not have to know what segments leave out.</summary>
    internal const string WholeAvailable = "coalesce(available, balance) AS available";

    /// <summary>The same of what one grant paid for, which is left out where it is all of a row's credits.</summary>
    internal const string WholeBurned = "CASE WHEN cardinality(burned) = 1 AND map_values(burned)[1] IS NULL THEN map(map_keys(burned), [-credits]) ELSE burned END";

    /// <summary>A text as a literal.</summary>
    internal static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>The rows of segments.</summary>
    internal static string From(IReadOnlyList<string> paths) => $"read_parquet([{string.Join(",", paths.Select(Text))}], hive_partitioning = false)";

    /// <summary>Rows that happened in a range, the end exclusive.</summary>
    internal static string Between(DateTimeOffset from, DateTimeOffset to) => string.Create(
        CultureInfo.InvariantCulture, $"happened_at >= make_timestamp_ns({Instants.Nanoseconds(from)}) AND happened_at < make_timestamp_ns({Instants.Nanoseconds(to)})");

    /// <summary>Rows of entries of these kinds, all when there are none; begins with <c>AND</c>.</summary>
    internal static string Kinds(IReadOnlyList<EntryKind> kinds) =>
        kinds.Count == 0 ? "" : $" AND kind IN ({string.Join(", ", kinds.Select(static kind => Text(KindName.Of(kind))))})";

    /// <summary>Rows that have all of these dimensions; begins with <c>AND</c>.</summary>
    internal static string Dimensions(IReadOnlyDictionary<string, string> dimensions) =>
        string.Concat(dimensions.Select(static wanted => $" AND dimensions[{Text(wanted.Key)}] = {Text(wanted.Value)}"));
}
