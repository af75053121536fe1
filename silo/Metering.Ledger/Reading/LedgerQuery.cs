namespace Metering.Ledger.Reading;

/// <summary>Which rows of one account to read: oldest first.</summary>
public sealed record LedgerQuery
{
    public required string Account { get; init; }

    /// <summary>The account's partition, where it is known: then other partitions' segments need not be looked at.</summary>
    public int? Partition { get; init; }

    /// <summary>Only entries after this sequence.</summary>
    public long After { get; init; }

    /// <summary>Only entries through this sequence. Nothing is looked for any more when it was found.</summary>
    public long Through { get; init; } = long.MaxValue;

    /// <summary>Inclusive, by the account's time.</summary>
    public DateTimeOffset From { get; init; } = DateTimeOffset.MinValue;

    /// <summary>When the entry of <see cref="After"/> happened, if that is known: what is older need not be looked at.</summary>
    public DateTimeOffset AfterAt { get; init; } = DateTimeOffset.MinValue;

    /// <summary>Whether the row that the last page ended with was from a rollup. If not, rollups were made since of what the page had, and it cannot be gone on with in the midst of one.</summary>
    public bool AfterIsRolledUp { get; init; }

    /// <summary>Where the rows begin.</summary>
    internal DateTimeOffset Begin => From > AfterAt ? From : AfterAt;

    /// <summary>Exclusive.</summary>
    public DateTimeOffset To { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>Where the rows are.</summary>
    internal SegmentRange Segments => new(Partition, Begin, To);

    /// <summary>Only rows of this meter; all when null.</summary>
    public string? Meter { get; init; }

    /// <summary>Only rows that have all of these dimensions.</summary>
    public IReadOnlyDictionary<string, string> Dimensions { get; init; } = new Dictionary<string, string>();

    /// <summary>Only entries of these kinds; all when empty.</summary>
    public IReadOnlyList<Core.Entries.EntryKind> Kinds { get; init; } = [];

    /// <summary>The most rows to return. A page ends between entries, so the limit must be at least the most lines an entry has.</summary>
    public required int MaxRows { get; init; }

    /// <summary>Whether whole entries are asked for, whatever they are.</summary>
    internal bool IsUnfiltered => Meter is null && Dimensions.Count == 0 && Kinds.Count == 0;

    /// <summary>Whether a row is one of those asked for.</summary>
    public bool Matches(Rows.LedgerRow row) =>
        row.Sequence > After && row.Sequence <= Through && row.At >= Begin && row.At < To && (Meter is null || row.Meter == Meter) && (Kinds.Count == 0 || Kinds.Contains(row.Kind))
        && Dimensions.All(wanted => row.Dimensions.Any(dimension => dimension.Name == wanted.Key && dimension.Value == wanted.Value));
}

/// <summary>Rows of one account, oldest first, each key once.</summary>
/// <param name="Rows">Whole entries, as far as their rows match.</param>
/// <param name="More">Whether there are more after the last.</param>
/// <param name="Damaged">Segments that could not be read. What is in them is missing from the rows.</param>
public sealed record LedgerRows(IReadOnlyList<Rows.LedgerRow> Rows, bool More, IReadOnlyList<string> Damaged);
