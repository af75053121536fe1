using Metering.Core.Entries;

namespace Metering.Grains.Journal;

/// <summary>Reads back entries that have left the journal. A silo that keeps no ledger has none.</summary>
public interface IEntryArchive
{
    /// <summary>A page of an account's archived entries, oldest first, each once.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="partition">The account's.</param>
    /// <param name="range">Which.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="JournalArchiveException">It cannot be reached.</exception>
    /// <exception cref="FormatException">An entry is not kept whole. The message says which.</exception>
    /// <exception cref="DetailNotKeptException">Only sums are kept of some of them.</exception>
    Task<ArchivedEntries> ReadAsync(string account, int partition, EntryRange range, CancellationToken cancellationToken);

    /// <summary>The sequence of an account's last archived entry before an instant; 0 when there is none.</summary>
    /// <exception cref="JournalArchiveException">It cannot be reached.</exception>
    Task<long> LastBeforeAsync(string account, int partition, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Where the first of the periods begins that count the usage of an account's archived charges and settles in a range; null when there is none.</summary>
    /// <exception cref="JournalArchiveException">It cannot be reached.</exception>
    Task<DateTimeOffset?> FirstPeriodAsync(string account, int partition, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>What the archive has of a charge or settle, and of what was given back of it.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="partition">The account's.</param>
    /// <param name="charge">The id of the charge. Several may have had it, one after another.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="JournalArchiveException">It cannot be reached.</exception>
    /// <exception cref="FormatException">An entry is not kept whole, or there are more than can be looked at.</exception>
    Task<ArchivedCharge> FindChargeAsync(string account, int partition, string charge, CancellationToken cancellationToken);
}

/// <summary>Some of an account's entries.</summary>
public sealed record EntryRange
{
    /// <summary>Only entries after this sequence.</summary>
    public long After { get; init; }

    /// <summary>Only entries through this sequence.</summary>
    public long Through { get; init; } = long.MaxValue;

    /// <summary>Only entries from this instant on.</summary>
    public DateTimeOffset From { get; init; } = DateTimeOffset.MinValue;

    /// <summary>Only entries before this instant.</summary>
    public DateTimeOffset Before { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>Only entries of these kinds; of all when empty.</summary>
    public IReadOnlyList<EntryKind> Kinds { get; init; } = [];

    /// <summary>Whether an entry is one of those asked for.</summary>
    public bool Includes(Entry entry) =>
        entry.Sequence > After && entry.Sequence <= Through && entry.At >= From && entry.At < Before && (Kinds.Count == 0 || Kinds.Contains(entry.Kind));
}

/// <summary>What the archive has of a charge.</summary>
/// <param name="Entries">Charges and settles under the id, and reversals that name it, in order.</param>
/// <param name="Through">The account's last entry that is archived; 0 for none.</param>
/// <param name="IsWhole">Whether every entry of the account from the last of those charges through that one is archived.</param>
/// <param name="Damaged">Parts of the archive that could not be read.</param>
public sealed record ArchivedCharge(IReadOnlyList<Entry> Entries, long Through, bool IsWhole, IReadOnlyList<string> Damaged)
{
    /// <summary>Whether only sums are kept of some entries from the last of those charges on; of any entries, where there is no such charge.</summary>
    public bool IsRolledUp { get; init; }
}

/// <summary>Entries from the archive.</summary>
/// <param name="Entries">As good as those that were archived for whoever applies them; how charges were priced may be left out.</param>
/// <param name="More">Whether there are more after the last.</param>
/// <param name="Damaged">Parts of the archive that could not be read. What is in them is missing.</param>
public sealed record ArchivedEntries(IReadOnlyList<Entry> Entries, bool More, IReadOnlyList<string> Damaged);
