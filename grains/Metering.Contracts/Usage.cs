namespace Metering.Contracts;

/// <summary>Usage across accounts. Keyed 0.</summary>
[Alias("metering.IUsageGrain")]
public interface IUsageGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Usage of all accounts, whatever was acknowledged before it was asked for included. Refuses with <see cref="Code.InvalidRequest"/> when there are more rows than asked for, with
    /// <see cref="Code.Overloaded"/> when it takes too long, with <see cref="Code.Unavailable"/> when a part of the ledger cannot be reached, and with <see cref="Code.DetailNotKept"/> where the range
    /// begins or ends within a minute that is rolled up.
    /// </summary>
    [Alias("Read"), ResponseTimeout("00:00:20")]
    Task<Answer<UsageReply>> Read(UsageRequest request);
}

/// <summary>What usage may be grouped by.</summary>
public enum UsageGroupKind
{
    Account = 0,
    Meter = 1,
    Dimension = 2,
}

/// <summary>One of the things usage is grouped by.</summary>
/// <param name="Kind">What.</param>
/// <param name="Dimension">The name of a dimension; empty otherwise.</param>
[GenerateSerializer, Immutable, Alias("metering.UsageGroup")]
public readonly record struct UsageGroup([property: Id(0)] UsageGroupKind Kind, [property: Id(1)] string Dimension);

/// <summary>What the top groups have most of.</summary>
public enum UsageMeasure
{
    Credits = 0,
    Quantity = 1,
    Lines = 2,
}

/// <summary>
/// Which usage to sum. Lines of charges, settles and reversals count, each at its entry's own time (<c>at</c>, not the usage's <c>time</c>), so that usage reconciles with the ledger:
/// credits taken are positive, and a reversal counts negative when it is made. Holds count nothing until they are settled.
/// </summary>
[GenerateSerializer, Immutable, Alias("metering.UsageRequest")]
public sealed record UsageRequest
{
    /// <summary>The most rows of an answer.</summary>
    public const int MaxRowsOfAnswer = 10_000;

    /// <summary>The most top groups.</summary>
    public const int MaxTop = 1_000;

    /// <summary>The most things to group by.</summary>
    public const int MaxGroups = 4;

    /// <summary>Inclusive.</summary>
    [Id(0)] public required DateTimeOffset From { get; init; }

    /// <summary>Exclusive.</summary>
    [Id(1)] public required DateTimeOffset To { get; init; }

    /// <summary>How the range is cut; not at all when null.</summary>
    [Id(2)] public UsageWindow? Window { get; init; }

    [Id(3)] public required IReadOnlyList<UsageGroup> GroupBy { get; init; }

    /// <summary>Only lines of this meter.</summary>
    [Id(4)] public string? Meter { get; init; }

    /// <summary>Only lines that have all of these.</summary>
    [Id(5)] public IReadOnlyDictionary<string, string> Dimensions { get; init; } = new Dictionary<string, string>();

    /// <summary>Only so many groups, those that have most, the largest first; never together with a window.</summary>
    [Id(6)] public int? Top { get; init; }

    [Id(7)] public UsageMeasure By { get; init; }

    /// <summary>With more rows the answer is a refusal.</summary>
    [Id(8)] public int MaxRows { get; init; } = MaxRowsOfAnswer;
}

/// <summary>Where an answer about usage is from. Both say the same.</summary>
public enum UsageSource
{
    /// <summary>The ledger: segments, and what is not archived yet.</summary>
    Segments = 0,

    /// <summary>What the account adds up as it charges.</summary>
    Account = 1,
}

/// <summary>Usage by window and then by group; of the top groups the largest first.</summary>
[GenerateSerializer, Immutable, Alias("metering.UsageReply")]
public sealed record UsageReply
{
    [Id(0)] public required IReadOnlyList<UsageRow> Rows { get; init; }

    [Id(1)] public required UsageSource Source { get; init; }

    /// <summary>Segments of the archive that could not be read. What is in them is missing.</summary>
    [Id(2)] public IReadOnlyList<string> Damaged { get; init; } = [];

    /// <summary>Whether some of the ledger that was summed is rolled up. The sums are the same.</summary>
    [Id(3)] public LedgerDetail Detail { get; init; }
}

/// <summary>Usage of one group in one window.</summary>
/// <param name="From">Where the window begins, or the range when that is later.</param>
/// <param name="To">Where it ends, exclusive, or the range when that is earlier.</param>
/// <param name="Groups">Values in the order that was asked for. A line without a meter has the empty one; one without the dimension has null.</param>
/// <param name="Quantity">Less what was given back.</param>
/// <param name="Credits">Taken, less what was given back.</param>
/// <param name="Lines">Of charges and settles; reversals take none away.</param>
[GenerateSerializer, Immutable, Alias("metering.UsageRow")]
public sealed record UsageRow(
    [property: Id(0)] DateTimeOffset From,
    [property: Id(1)] DateTimeOffset To,
    [property: Id(2)] IReadOnlyList<string?> Groups,
    [property: Id(3)] decimal Quantity,
    [property: Id(4)] decimal Credits,
    [property: Id(5)] long Lines);
