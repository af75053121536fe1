namespace Metering.Contracts;

/// <summary>The ledger of one account, keyed by its id: what is archived and what is not yet.</summary>
[Alias("metering.ILedgerGrain")]
public interface ILedgerGrain : IGrainWithStringKey
{
    /// <summary>
    /// A page of entries, oldest first. It has every entry that was acknowledged before it was asked for. Refuses with <see cref="Code.AccountNotFound"/>, and with
    /// <see cref="Code.Unavailable"/> when the store of the ledger cannot be reached; with <see cref="Code.DetailNotKept"/> where the range or the last page ends within a minute that is rolled up.
    /// </summary>
    [Alias("Read"), ResponseTimeout("00:00:20")]
    Task<Answer<LedgerPage>> Read(LedgerRequest request);

    /// <summary>
    /// Follows the account's chain through what is archived of a range, null for no bound. Refuses with <see cref="Code.AccountNotFound"/>, with <see cref="Code.Overloaded"/> when it takes
    /// too long, with <see cref="Code.Unavailable"/>, and with <see cref="Code.DetailNotKept"/> where a part of the range is rolled up.
    /// </summary>
    [Alias("Verify"), ResponseTimeout("00:00:20")]
    Task<Answer<LedgerCheck>> Verify(DateTimeOffset? from, DateTimeOffset? to);

    /// <summary>
    /// The account's usage, whatever was acknowledged before it was asked for included. Refuses with <see cref="Code.AccountNotFound"/>, with <see cref="Code.InvalidRequest"/> when
    /// there are more rows than asked for, with <see cref="Code.Overloaded"/> when it takes too long, with <see cref="Code.Unavailable"/> when the store of the ledger cannot be reached, and with
    /// <see cref="Code.DetailNotKept"/> where the range begins or ends within a minute that is rolled up.
    /// </summary>
    [Alias("ReadUsage"), ResponseTimeout("00:00:20")]
    Task<Answer<UsageReply>> ReadUsage(UsageRequest request);

    /// <summary>
    /// Writes all entries that are asked for (the request's limit and balances do not matter) as a Parquet file, of which parts are read with <see cref="ReadFile"/>, and which is there until
    /// <see cref="CloseFile"/>, or until nobody has read of it for a minute. Refuses as <see cref="Read"/> does, and with <see cref="Code.Overloaded"/> when it takes too long or there are
    /// too many files at the same time.
    /// </summary>
    [Alias("OpenFile"), ResponseTimeout("00:01:00")]
    Task<Answer<LedgerFile>> OpenFile(LedgerRequest request);

    /// <summary>At most <see cref="LedgerFilePart.MaxBytes"/> of a file from an offset on; none where it ends, and when the file is not there any more.</summary>
    [Alias("ReadFile"), ResponseTimeout("00:00:20")]
    Task<Answer<LedgerFilePart>> ReadFile(Guid file, long offset);

    /// <summary>Removes a file, and answers with an empty part; harmless when it is not there.</summary>
    [Alias("CloseFile")]
    Task<Answer<LedgerFilePart>> CloseFile(Guid file);
}

/// <summary>A file that was written for a caller.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Damaged">Segments of the archive that could not be read. What is in them is missing.</param>
[GenerateSerializer, Immutable, Alias("metering.LedgerFile")]
public sealed record LedgerFile([property: Id(0)] Guid Id, [property: Id(1)] long Length, [property: Id(2)] IReadOnlyList<string> Damaged);

/// <summary>A part of a file.</summary>
[GenerateSerializer, Immutable, Alias("metering.LedgerFilePart")]
public sealed record LedgerFilePart([property: Id(0)] ReadOnlyMemory<byte> Bytes)
{
    public const int MaxBytes = 256 * 1_024;
}

/// <summary>What the ledger keeps of past hours.</summary>
public enum LedgerDetail
{
    /// <summary>Every entry.</summary>
    Full = 0,

    /// <summary>Of charges, settles, reversals and holds the sums by account, kind, meter, dimensions and minute; all else as it is.</summary>
    Rollup = 1,
}

/// <summary>Which entries to read.</summary>
[GenerateSerializer, Immutable, Alias("metering.LedgerRequest")]
public sealed record LedgerRequest
{
    public const int DefaultLimit = 100;

    public const int MaxLimit = 1_000;

    /// <summary>Of those who read on to the end: each page costs the engine that reads it something, whatever is on it.</summary>
    public const int MaxLimitOfAll = 5_000;

    /// <summary>Only entries after this sequence.</summary>
    [Id(0)] public required long After { get; init; }

    /// <summary>Inclusive; null for no bound.</summary>
    [Id(1)] public DateTimeOffset? From { get; init; }

    /// <summary>Exclusive; null for no bound.</summary>
    [Id(2)] public DateTimeOffset? To { get; init; }

    [Id(3)] public string? Meter { get; init; }

    /// <summary>Only lines that have all of these.</summary>
    [Id(4)] public IReadOnlyDictionary<string, string> Dimensions { get; init; } = new Dictionary<string, string>();

    /// <summary>Entries on a page, at most: 1 to <see cref="MaxLimit"/>, or <see cref="MaxLimitOfAll"/>.</summary>
    [Id(5)] public required int Limit { get; init; }

    /// <summary>Only entries of these kinds; all when empty.</summary>
    [Id(6)] public IReadOnlyList<ChangeKind> Kinds { get; init; } = [];

    /// <summary>When the entry of <see cref="After"/> happened, if that is known: what is older need not be looked at.</summary>
    [Id(7)] public DateTimeOffset? AfterAt { get; init; }

    /// <summary>Whether to say the balances at the ends of the range.</summary>
    [Id(8)] public bool WithBalances { get; init; }

    /// <summary>Whether the last line of the page before was rolled up, or beside lines that were (<see cref="LedgerLine.FirstSequence"/>).</summary>
    [Id(9)] public bool AfterIsRolledUp { get; init; }
}

/// <summary>Entries, oldest first; those with several lines as so many, one after another.</summary>
[GenerateSerializer, Immutable, Alias("metering.LedgerPage")]
public sealed record LedgerPage
{
    [Id(0)] public required IReadOnlyList<LedgerLine> Lines { get; init; }

    /// <summary>Whether there are more after the last of them: ask on with its sequence.</summary>
    [Id(1)] public required bool More { get; init; }

    /// <summary>Segments of the archive that could not be read. What is in them is missing.</summary>
    [Id(2)] public IReadOnlyList<string> Damaged { get; init; } = [];

    /// <summary>Before the first entry of the range, whatever the filters; null when it was not asked for, or is not known because the ledger begins later than the account.</summary>
    [Id(3)] public decimal? OpeningBalance { get; init; }

    /// <summary>After the last entry of the range that there is yet, likewise.</summary>
    [Id(4)] public decimal? ClosingBalance { get; init; }

    /// <summary>Whether each line is an entry's own, or some are of hours that are rolled up.</summary>
    [Id(5)] public LedgerDetail Detail { get; init; }
}

/// <summary>Whether an account's chain holds in a range.</summary>
[GenerateSerializer, Immutable, Alias("metering.LedgerCheck")]
public sealed record LedgerCheck
{
    /// <summary>Rows that were checked: entries, or lines of entries that have several.</summary>
    [Id(0)] public required long Rows { get; init; }

    /// <summary>The first entry that was checked; 0 when there is none.</summary>
    [Id(1)] public required long First { get; init; }

    /// <summary>The last. What comes after it is not archived yet, and has no link.</summary>
    [Id(2)] public required long Last { get; init; }

    /// <summary>The first place at which the chain does not hold; null when it does.</summary>
    [Id(3)] public LedgerBreak? Break { get; init; }

    /// <summary>Segments of the archive that could not be read. What is in them counts as missing.</summary>
    [Id(4)] public IReadOnlyList<string> Damaged { get; init; } = [];
}

/// <summary>Why a chain does not hold.</summary>
public enum LedgerBreakReason
{
    /// <summary>Entries are missing before it.</summary>
    Missing = 0,

    /// <summary>It, or its link to the one before, is not what was written.</summary>
    Changed = 1,
}

/// <summary>A place at which a chain does not hold.</summary>
[GenerateSerializer, Immutable, Alias("metering.LedgerBreak")]
public sealed record LedgerBreak([property: Id(0)] long Sequence, [property: Id(1)] int Line, [property: Id(2)] LedgerBreakReason Reason);

/// <summary>An entry of the ledger, or one line of it.</summary>
[GenerateSerializer, Immutable, Alias("metering.LedgerLine")]
public sealed record LedgerLine
{
    [Id(0)] public required long Sequence { get; init; }

    /// <summary>From 0.</summary>
    [Id(1)] public required int Line { get; init; }

    [Id(2)] public required DateTimeOffset At { get; init; }

    [Id(3)] public DateTimeOffset? Time { get; init; }

    [Id(4)] public required ChangeKind Kind { get; init; }

    [Id(5)] public string? Subject { get; init; }

    [Id(6)] public string? Meter { get; init; }

    [Id(7)] public decimal? Quantity { get; init; }

    /// <summary>By how much the balance changed: negative for what was taken.</summary>
    [Id(8)] public decimal? Credits { get; init; }

    /// <summary>Right after the entry.</summary>
    [Id(9)] public required decimal Balance { get; init; }

    [Id(10)] public required decimal Available { get; init; }

    [Id(11)] public string? Card { get; init; }

    [Id(12)] public int? Version { get; init; }

    [Id(13)] public string? Price { get; init; }

    [Id(14)] public IReadOnlyDictionary<string, string> Dimensions { get; init; } = new Dictionary<string, string>();

    /// <summary>JSON, as segments have it.</summary>
    [Id(15)] public string? Tiers { get; init; }

    /// <summary>Credits taken from grants, negative when returned.</summary>
    [Id(16)] public IReadOnlyList<GrantBurn> Burned { get; init; } = [];

    [Id(17)] public decimal? OverageAdded { get; init; }

    [Id(18)] public decimal? Uncovered { get; init; }

    [Id(19)] public string? Mode { get; init; }

    [Id(20)] public string? Hold { get; init; }

    /// <summary>Credits set aside, negative when set free.</summary>
    [Id(21)] public decimal? Held { get; init; }

    /// <summary>The charge that was given back.</summary>
    [Id(22)] public string? Reverses { get; init; }

    /// <summary>Of an hour that is rolled up: the first entry that is in this line, of which <see cref="Sequence"/> is the last. Null otherwise.</summary>
    [Id(23)] public long? FirstSequence { get; init; }

    /// <summary>So many lines are summed in this one; null when it stands for itself.</summary>
    [Id(24)] public long? Lines { get; init; }
}
