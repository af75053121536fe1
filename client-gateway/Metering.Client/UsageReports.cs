namespace Metering.Client;

/// <summary>Which usage to sum: lines of charges, settles and reversals whose entry is in the range.</summary>
public sealed record UsageQuery
{
    /// <summary>Inclusive.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Exclusive.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>How the range is cut; not at all when left out.</summary>
    public UsageWindow? Window { get; init; }

    /// <summary>At most 4 of <c>meter</c>, names of dimensions and, across accounts, <c>account</c>. <c>dimension.meter</c> is the dimension of that name.</summary>
    public IReadOnlyList<string> GroupBy { get; init; } = [];

    /// <summary>Only lines of this meter; of all when left out.</summary>
    public string? Meter { get; init; }

    /// <summary>Only lines that have all of these.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }

    /// <summary>1 to 1,000: only so many groups of the whole range, those that have most, the largest first. All when left out.</summary>
    public int? Top { get; init; }

    /// <summary>With <see cref="Top"/>: what they have most of. Credits, when left out.</summary>
    public UsageMeasure? By { get; init; }
}

/// <summary>The stretches of UTC time that usage is added up by.</summary>
public enum UsageWindow
{
    /// <summary>Of a range of at most a day.</summary>
    Minute = 0,

    /// <summary>Of at most 31 days.</summary>
    Hour = 1,

    /// <summary>Of at most 400 days.</summary>
    Day = 2,

    /// <summary>Of the calendar.</summary>
    Month = 3,
}

/// <summary>What the top groups have most of.</summary>
public enum UsageMeasure
{
    /// <summary>Credits.</summary>
    Credits = 0,

    /// <summary>Quantity.</summary>
    Quantity = 1,

    /// <summary>Lines of charges and settles.</summary>
    Lines = 2,
}

/// <summary>Where an answer about usage is from. Both say the same.</summary>
public enum UsageSource
{
    /// <summary>The ledger's files, and what is not there yet.</summary>
    Segments = 0,

    /// <summary>What the account adds up as it charges.</summary>
    Account = 1,
}

/// <summary>Usage by window and then by group; of the top groups the largest first.</summary>
/// <param name="Rows">At most 10,000: what has more is refused whole.</param>
/// <param name="Source">Where it is from.</param>
/// <param name="Damaged">Files of the ledger that could not be read: what is in them is missing here.</param>
/// <param name="Detail">What the ledger keeps of it.</param>
public sealed record UsageReport(IReadOnlyList<UsageRow> Rows, UsageSource Source, IReadOnlyList<string> Damaged, LedgerDetail Detail);

/// <summary>Usage of one group in one window.</summary>
public sealed record UsageRow
{
    /// <summary>Where the window begins, or the range when that is later.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Where it ends, or the range when that is earlier.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>Empty when it is not grouped by.</summary>
    public required string Account { get; init; }

    /// <summary>Empty when it is not grouped by, and for credits that were settled for no meter.</summary>
    public required string Meter { get; init; }

    /// <summary>Those grouped by; without those that the lines do not have.</summary>
    public required IReadOnlyDictionary<string, string> Dimensions { get; init; }

    /// <summary>Less what was given back.</summary>
    public required decimal Quantity { get; init; }

    /// <summary>Taken, less what was given back.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Of charges and settles.</summary>
    public required long Lines { get; init; }
}
