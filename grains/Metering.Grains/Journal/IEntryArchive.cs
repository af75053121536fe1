using Metering.Core.Entries;

namespace Metering.Grains.Journal;

/// <summary>Reads back entries that have left the journal. A silo that keeps no ledger has none.</summary>
public interface IEntryArchive
{
    /// <summary>A page of an account's archived entries, oldest first, each once.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="partition">The account's.</param>
    /// <param name="after">Only entries after this sequence.</param>
    /// <param name="before">Only entries before this instant.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="JournalArchiveException">It cannot be reached.</exception>
    /// <exception cref="FormatException">An entry is not kept whole. The message says which.</exception>
    Task<ArchivedEntries> ReadAsync(string account, int partition, long after, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>What the archive has of a charge or settle, and of what was given back of it.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="partition">The account's.</param>
    /// <param name="charge">The id of the charge. Several may have had it, one after another.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="JournalArchiveException">It cannot be reached.</exception>
    /// <exception cref="FormatException">An entry is not kept whole, or there are more than can be looked at.</exception>
    Task<ArchivedCharge> FindChargeAsync(string account, int partition, string charge, CancellationToken cancellationToken);
}

/// <summary>What the archive has of a charge.</summary>
/// <param name="Entries">Charges and settles under the id, and reversals that name it, in order.</param>
/// <param name="Through">The account's last entry that is archived; 0 for none.</param>
/// <param name="IsWhole">Whether every entry of the account from the last of those charges through that one is archived.</param>
/// <param name="Damaged">Parts of the archive that could not be read.</param>
public sealed record ArchivedCharge(IReadOnlyList<Entry> Entries, long Through, bool IsWhole, IReadOnlyList<string> Damaged);

/// <summary>Entries from the archive.</summary>
/// <param name="Entries">As good as those that were archived for whoever applies them; how charges were priced may be left out.</param>
/// <param name="More">Whether there are more after the last.</param>
/// <param name="Damaged">Parts of the archive that could not be read. What is in them is missing.</param>
public sealed record ArchivedEntries(IReadOnlyList<Entry> Entries, bool More, IReadOnlyList<string> Damaged);
