using Metering.Core.Entries;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Usage;

/// <summary>What usage is grouped by.</summary>
public enum UsageGroupKind
{
    Account = 0,
    Meter = 1,
    Dimension = 2,
}

/// <summary>One of the things usage is grouped by.</summary>
/// <param name="Kind">What.</param>
/// <param name="Dimension">The name of a dimension; empty otherwise.</param>
public readonly record struct UsageGroup(UsageGroupKind Kind, string Dimension);

/// <summary>What the largest are the largest of.</summary>
public enum UsageMeasure
{
    Credits = 0,
    Quantity = 1,
    Lines = 2,
}

/// <summary>
/// Which usage to sum. Lines of charges, settles and reversals count, each in the window of its entry's own time, so that usage reconciles with the statement: credits
/// taken are positive, and a reversal counts negative when it is made. Holds count nothing until they are settled.
/// </summary>
public sealed record UsageQuery
{
    /// <summary>Only this account's; every account's when null.</summary>
    public string? Account { get; init; }

    /// <summary>Whose segments are looked at.</summary>
    public required int Partition { get; init; }

    /// <summary>Inclusive.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Exclusive.</summary>
    public required DateTimeOffset To { get; init; }

    public required UsageWindow Window { get; init; }

    /// <summary>In the order in which rows name them.</summary>
    public required IReadOnlyList<UsageGroup> Groups { get; init; }

    /// <summary>Only lines of this meter; all when null.</summary>
    public string? Meter { get; init; }

    /// <summary>Only lines that have all of these.</summary>
    public IReadOnlyDictionary<string, string> Dimensions { get; init; } = new Dictionary<string, string>();

    /// <summary>Only so many groups, those that have most; all when null.</summary>
    public int? Top { get; init; }

    /// <summary>Of what the top groups have most.</summary>
    public UsageMeasure By { get; init; }

    /// <summary>The most rows there may be; with more the answer has none and says so.</summary>
    public required int MaxRows { get; init; }

    /// <summary>Whether a row counts.</summary>
    internal bool Matches(LedgerRow row) =>
        IsUsage(row.Kind) && row.At >= From && row.At < To && (Account is null || row.Account == Account) && (Meter is null || row.Meter == Meter)
        && Dimensions.All(wanted => row.Dimensions.Any(dimension => dimension.Name == wanted.Key && dimension.Value == wanted.Value));

    /// <summary>Whether entries of a kind are usage.</summary>
    internal static bool IsUsage(EntryKind kind) => kind is EntryKind.Charged or EntryKind.Settled or EntryKind.Reversed;
}

/// <summary>Usage of one window and group.</summary>
/// <param name="From">Where the window begins, or the range when that is later.</param>
/// <param name="To">Where it ends, exclusive, or the range when that is earlier.</param>
/// <param name="Groups">Values in the order that was asked for. A line without a meter has the empty one; one without the dimension has null.</param>
/// <param name="Quantity">Less what was given back.</param>
/// <param name="Credits">Taken, less what was given back.</param>
/// <param name="Lines">Of charges and settles; reversals do not count.</param>
public sealed record UsageRow(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string?> Groups, decimal Quantity, decimal Credits, long Lines);

/// <summary>Rows by window and then by group, or, of the top groups, the largest first.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="IsTooMany">There are more than was allowed, and none is given.</param>
/// <param name="Damaged">Segments that could not be read. What is in them is missing.</param>
public sealed record UsageRows(IReadOnlyList<UsageRow> Rows, bool IsTooMany, IReadOnlyList<string> Damaged)
{
    /// <summary>The tail has entries that are in a rollup already, from which they cannot be taken away. None is given: read the tail again, after <see cref="Archiving.PartitionArchive"/>'s heads.</summary>
    public bool IsTailTooLong { get; init; }

    /// <summary>Whether some of it is from rollups.</summary>
    public bool IsRolledUp { get; init; }
}
