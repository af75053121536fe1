namespace Metering.Client;

/// <summary>Which entries of a ledger to read; all, when nothing is set.</summary>
public sealed record LedgerQuery
{
    /// <summary>Only entries at or after it.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Only entries before it.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Only lines of this meter.</summary>
    public string? Meter { get; init; }

    /// <summary>Only lines that have all of these.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }

    /// <summary>Only entries of these kinds, as <see cref="LedgerEntry.Kind"/> has them.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    /// <summary>Entries on a page: 1 to 1,000; when left out 100, and 1,000 of a stream.</summary>
    public int? Limit { get; init; }
}

/// <summary>Entries, oldest first; those with several lines as so many, one after another.</summary>
/// <param name="Entries">The page's.</param>
/// <param name="Cursor">For the page after; null when this is the last.</param>
/// <param name="OpeningBalance">Before the first entry of the range, whatever the filters. On the first page; null when the ledger begins later than the account.</param>
/// <param name="ClosingBalance">After the last entry of the range that there is yet. On the first page.</param>
/// <param name="Damaged">Files of the ledger that could not be read: what is in them is missing here.</param>
/// <param name="Detail">Whether some of the entries are summed.</param>
public sealed record LedgerPage(
    IReadOnlyList<LedgerEntry> Entries, string? Cursor, decimal? OpeningBalance, decimal? ClosingBalance, IReadOnlyList<string> Damaged, LedgerDetail Detail);

/// <summary>What the ledger keeps of hours that are over.</summary>
public enum LedgerDetail
{
    /// <summary>Every entry.</summary>
    Full = 0,

    /// <summary>Some of what an answer was made of is kept as sums by the minute. Sums say the same either way; what needs single entries is refused with <see cref="Codes.DetailNotKept"/>.</summary>
    Rollup = 1,
}

/// <summary>An entry of a ledger, or one line of an entry that has several.</summary>
public sealed record LedgerEntry
{
    /// <summary>The entry's number: 1, 2, 3, … without gaps.</summary>
    public required long Sequence { get; init; }

    /// <summary>Which line of the entry, from 0.</summary>
    public required int Line { get; init; }

    /// <summary>When it happened, by the account's time.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When the usage happened, if the request said.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary><c>charged</c>, <c>held</c>, <c>settled</c>, <c>grant_added</c>, <c>grant_refilled</c>, <c>budget_crossed</c> and so on.</summary>
    public required string Kind { get; init; }

    /// <summary>The charge, hold, settle, release, reversal, grant or budget that it was.</summary>
    public string? Id { get; init; }

    /// <summary>Of a line of usage.</summary>
    public string? Meter { get; init; }

    /// <summary>In the meter's unit.</summary>
    public decimal? Quantity { get; init; }

    /// <summary>By how much the balance changed: negative for what was taken. The lines of an entry sum to its change.</summary>
    public decimal? Credits { get; init; }

    /// <summary>Right after the entry.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after the entry.</summary>
    public required decimal Available { get; init; }

    /// <summary>The card that priced it.</summary>
    public string? Card { get; init; }

    /// <summary>The card's version.</summary>
    public int? Version { get; init; }

    /// <summary>The id of the price that fitted.</summary>
    public string? Price { get; init; }

    /// <summary>Of a line of usage.</summary>
    public required IReadOnlyDictionary<string, string> Dimensions { get; init; }

    /// <summary>How it was priced.</summary>
    public required IReadOnlyList<LedgerTier> Tiers { get; init; }

    /// <summary>Credits taken from grants; negative when returned. On the first line of an entry.</summary>
    public required IReadOnlyList<GrantBurn> Burned { get; init; }

    /// <summary>Change of overage; null when none.</summary>
    public decimal? OverageAdded { get; init; }

    /// <summary>What an <see cref="ChargeMode.UpTo"/> charge could not take; null when nothing.</summary>
    public decimal? Uncovered { get; init; }

    /// <summary>Of a charge, hold or settle.</summary>
    public ChargeMode? Mode { get; init; }

    /// <summary>The hold that it was about.</summary>
    public string? Hold { get; init; }

    /// <summary>Credits set aside; negative when set free.</summary>
    public decimal? Held { get; init; }

    /// <summary>The charge that was given back.</summary>
    public string? Reverses { get; init; }

    /// <summary>Of lines that were summed: the first entry that is in this one, of which <see cref="Sequence"/> is the last. Null otherwise.</summary>
    public long? FirstSequence { get; init; }

    /// <summary>So many lines are summed in this one; null when it stands for itself.</summary>
    public long? Lines { get; init; }
}

/// <summary>A tier's part of a line, or an adjustment.</summary>
/// <param name="Tier">From 1; 0 for an adjustment.</param>
/// <param name="Adjustment"><c>cap</c>, <c>discount</c>, <c>minimum</c>, <c>maximum</c>, <c>flat</c> or <c>repricing</c>; null for a tier.</param>
/// <param name="Quantity">Null when it is the line's own.</param>
/// <param name="UnitPrice">Credits per unit; null when units have none.</param>
/// <param name="FlatPrice">What entering the tier cost; null when nothing.</param>
/// <param name="Credits">Null when they are the line's own.</param>
public sealed record LedgerTier(int Tier, string? Adjustment, decimal? Quantity, decimal? UnitPrice, decimal? FlatPrice, decimal? Credits);

/// <summary>Whether an account's chain holds in a range.</summary>
/// <param name="Holds">Whether it does.</param>
/// <param name="Rows">Entries that were looked at, or lines of entries that have several.</param>
/// <param name="First">The first sequence that was looked at; 0 when there is none.</param>
/// <param name="Last">The last: what comes after it is not archived yet.</param>
/// <param name="Break">The first place at which it does not hold; null when it does.</param>
/// <param name="Damaged">Files of the ledger that could not be read: what is in them counts as missing.</param>
public sealed record LedgerCheck(bool Holds, long Rows, long First, long Last, LedgerBreak? Break, IReadOnlyList<string> Damaged);

/// <summary>A place at which a chain does not hold.</summary>
/// <param name="Sequence">The entry.</param>
/// <param name="Line">Its line, from 0.</param>
/// <param name="Reason"><c>missing</c>: entries before it; <c>changed</c>: it is not what was written.</param>
public sealed record LedgerBreak(long Sequence, int Line, string Reason);

/// <summary>What a month did to an account's balance: the opening balance and what grants brought and took, less usage, are the closing balance.</summary>
public sealed record Statement
{
    /// <summary>The account's id.</summary>
    public required string Account { get; init; }

    /// <summary>Its name.</summary>
    public required string DisplayName { get; init; }

    /// <summary>The first instant of the month, in UTC.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>The first of the next.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>The month is not over: this is what there is so far.</summary>
    public required bool IsRunning { get; init; }

    /// <summary>Null when the ledger begins later than the account.</summary>
    public decimal? OpeningBalance { get; init; }

    /// <summary>At the end of the month, or now.</summary>
    public decimal? ClosingBalance { get; init; }

    /// <summary>What came and went with grants, oldest first.</summary>
    public required IReadOnlyList<StatementGrant> Grants { get; init; }

    /// <summary>By meter, less what was given back.</summary>
    public required IReadOnlyList<StatementUsage> Usage { get; init; }

    /// <summary>Files of the ledger that could not be read: what is in them is missing here.</summary>
    public required IReadOnlyList<string> Damaged { get; init; }

    /// <summary>What the ledger keeps of the month.</summary>
    public required LedgerDetail Detail { get; init; }
}

/// <summary>What came or went with a grant.</summary>
/// <param name="Sequence">The entry's number.</param>
/// <param name="At">When it happened.</param>
/// <param name="Kind"><c>grant_added</c>, <c>grant_expired</c> and so on.</param>
/// <param name="Id">The grant.</param>
/// <param name="Credits">By how much the balance changed; null when that is not known.</param>
public sealed record StatementGrant(long Sequence, DateTimeOffset At, string Kind, string Id, decimal? Credits);

/// <summary>A month's usage of a meter.</summary>
/// <param name="Meter">Empty for credits that were settled for no meter.</param>
/// <param name="Quantity">In the meter's unit.</param>
/// <param name="Credits">Taken.</param>
/// <param name="Lines">Of charges and settles.</param>
public sealed record StatementUsage(string Meter, decimal Quantity, decimal Credits, long Lines);
