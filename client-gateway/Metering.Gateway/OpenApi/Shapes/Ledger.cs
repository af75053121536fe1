using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>Entries, oldest first.</summary>
internal sealed record LedgerPage
{
    public required IReadOnlyList<LedgerEntry> Entries { get; init; }

    /// <summary>Where the next page begins; left out after the last.</summary>
    public string? Cursor { get; init; }

    /// <summary>Whether each entry is there, or some are of hours that are rolled up.</summary>
    public required LedgerDetail Detail { get; init; }

    /// <summary>Before the first entry of the range. On the first page; left out when the ledger begins later than the account.</summary>
    public decimal? OpeningBalance { get; init; }

    /// <summary>After the last entry of the range that there is yet. On the first page.</summary>
    public decimal? ClosingBalance { get; init; }

    /// <summary>Files of the ledger that could not be read: what is in them is missing here. Left out when there are none.</summary>
    public IReadOnlyList<string>? Damaged { get; init; }
}

/// <summary>Whether an account's chain holds.</summary>
internal sealed record LedgerCheck
{
    public required bool Holds { get; init; }

    /// <summary>Entries that were looked at, or lines of entries that have several.</summary>
    public required long Rows { get; init; }

    /// <summary>The first sequence that was looked at; 0 when there is none.</summary>
    public required long First { get; init; }

    /// <summary>The last.</summary>
    public required long Last { get; init; }

    /// <summary>Left out when it holds.</summary>
    public LedgerBreak? Break { get; init; }

    /// <summary>Files of the ledger that could not be read: what is in them counts as missing. Left out when there are none.</summary>
    public IReadOnlyList<string>? Damaged { get; init; }
}

/// <summary>The first place at which a chain does not hold.</summary>
internal sealed record LedgerBreak
{
    public required long Sequence { get; init; }
    public required int Line { get; init; }

    /// <summary>Whether entries are missing before it, or it is not what was written.</summary>
    public required LedgerBreakReason Reason { get; init; }
}

/// <summary>An entry, or one line of a charge that has several.</summary>
internal sealed record LedgerEntry
{
    public required long Sequence { get; init; }

    /// <summary>Which line of the entry; left out for the first.</summary>
    public int? Line { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>When the usage happened, if the request said.</summary>
    public DateTimeOffset? Time { get; init; }

    public required ChangeKind Kind { get; init; }

    /// <summary>The charge, hold, settle, release, reversal, grant or budget that it was.</summary>
    public string? Id { get; init; }

    public string? Meter { get; init; }
    public decimal? Quantity { get; init; }

    /// <summary>By how much the balance changed: negative for what was taken. The lines of an entry sum to its change.</summary>
    public decimal? Credits { get; init; }

    /// <summary>Right after the entry.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after the entry.</summary>
    public required decimal Available { get; init; }

    public string? Card { get; init; }
    public int? Version { get; init; }
    public string? Price { get; init; }
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }

    /// <summary>How it was priced. A tier's quantity and credits are left out when they are the line's own, and its quantity when <c>per</c> tells it.</summary>
    public IReadOnlyList<LedgerTier>? Tiers { get; init; }

    /// <summary>Credits taken from grants; negative when returned. Where one grant paid for all lines each has its own, otherwise the first line of an entry has all.</summary>
    public IReadOnlyList<GrantBurn>? Burned { get; init; }

    /// <summary>Change of overage; left out when none.</summary>
    public decimal? OverageAdded { get; init; }

    /// <summary>What an <c>upTo</c> charge could not take.</summary>
    public decimal? Uncovered { get; init; }

    public string? Mode { get; init; }

    /// <summary>The hold that it was about.</summary>
    public string? Hold { get; init; }

    /// <summary>Credits set aside; negative when set free.</summary>
    public decimal? Held { get; init; }

    /// <summary>The charge that was given back.</summary>
    public string? Reverses { get; init; }

    /// <summary>The first entry that is in a line which is rolled up; <c>sequence</c> is the last, and says the balance. Left out of an entry's own.</summary>
    public long? FirstSequence { get; init; }

    /// <summary>So many lines of entries are summed in one that is rolled up. Left out of an entry's own.</summary>
    public long? Lines { get; init; }
}

/// <summary>A tier's part of a line, or an adjustment.</summary>
internal sealed record LedgerTier
{
    public int? Tier { get; init; }
    public string? Adjustment { get; init; }
    public decimal? Quantity { get; init; }

    /// <summary>The unit price is for so many of the line's units, after a conversion by a power of ten: the tier's quantity is the line's divided by it. Left out when it is 1.</summary>
    public decimal? Per { get; init; }

    public decimal? UnitPrice { get; init; }
    public decimal? FlatPrice { get; init; }
    public decimal? Credits { get; init; }
}
