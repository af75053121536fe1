using Metering.Core;
using Metering.Core.Entries;

namespace Metering.Ledger.Rows;

/// <summary>
/// One row of the ledger: an entry, or one line of an entry that has several. <c>(Account, Sequence, Line)</c> is its key; whoever reads segments sees each key
/// once, however often it was written.
/// </summary>
public sealed record LedgerRow
{
    public required string Account { get; init; }

    /// <summary>The entry's number in the account: 1, 2, 3, … without gaps.</summary>
    public required long Sequence { get; init; }

    /// <summary>The line in the entry, from 0.</summary>
    public required int Line { get; init; }

    /// <summary>When it happened, by the account's time.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When the usage happened, if the request said.</summary>
    public DateTimeOffset? UsageAt { get; init; }

    public required EntryKind Kind { get; init; }

    /// <summary>The charge, hold, settle, release, reversal, grant or budget that it was.</summary>
    public string? Id { get; init; }

    public string? Meter { get; init; }

    public Quantity? Quantity { get; init; }

    /// <summary>
    /// By how much the balance changed: negative for what was taken. The rows of one entry sum to its change. Null when the entry before it is not known, which
    /// happens where an archive was switched on over a journal that had been trimmed.
    /// </summary>
    public Credits? Credits { get; init; }

    /// <summary>Right after the entry.</summary>
    public required Credits Balance { get; init; }

    /// <summary>Right after the entry.</summary>
    public required Credits Available { get; init; }

    public string? Card { get; init; }

    public int? Version { get; init; }

    /// <summary>The id of the price that fitted.</summary>
    public string? Price { get; init; }

    /// <summary>Start of the period whose counter the quantity went to.</summary>
    public DateTimeOffset? PeriodStart { get; init; }

    /// <summary>Sorted by name.</summary>
    public IReadOnlyList<Dimension> Dimensions { get; init; } = [];

    /// <summary>How the line was priced, tier by tier and adjustment by adjustment, as JSON (<see cref="TierText"/>).</summary>
    public string? Tiers { get; init; }

    /// <summary>
    /// Credits taken from each grant, negative when returned. Where one grant paid for all lines of a charge or settle, each row has its own; otherwise an entry's first row has all. Rows of earlier versions
    /// have all on the first.
    /// </summary>
    public IReadOnlyList<Burn> Burned { get; init; } = [];

    /// <summary>Change of overage by a charge, settle or reversal; on an entry's first row only, and not when there was none.</summary>
    public Credits? OverageAdded { get; init; }

    /// <summary>What an <c>upTo</c> charge could not take; on an entry's first row only.</summary>
    public Credits? Uncovered { get; init; }

    /// <summary><c>enforce</c>, <c>upTo</c> or <c>record</c>.</summary>
    public string? Mode { get; init; }

    public string? Producer { get; init; }

    public long? ProducerSequence { get; init; }

    /// <summary>The hold that a settle, release or expiry was of.</summary>
    public string? Hold { get; init; }

    /// <summary>Credits set aside (by a hold), or set free (by a settle, release or expiry).</summary>
    public Credits? Held { get; init; }

    /// <summary>The charge that was given back.</summary>
    public string? Reverses { get; init; }

    /// <summary>
    /// The encoded entry, on its first row, where the columns leave out something that changes an account (<see cref="RowEntries"/>): settings, grants, budgets, policies, holds, settles,
    /// reversals; and of charges those that made a grant to return credits, or passed a rule in shadow mode.
    /// </summary>
    public ReadOnlyMemory<byte> Entry { get; init; }

    /// <summary>Of a row from a rollup (<see cref="Upkeep.Rollup"/>), the first entry that is in it; <see cref="Sequence"/> is the last. Null of a row that was written for its entry.</summary>
    public long? FirstSequence { get; init; }

    /// <summary>Of a row that stands for several, how many lines they had. Null of a row that stands for itself.</summary>
    public long? Lines { get; init; }

    /// <summary>The entry's link in the account's chain (<see cref="ChainLink"/>), on its first row. Segments of earlier versions have one on each row.</summary>
    public ulong? Hash { get; internal set; }
}
