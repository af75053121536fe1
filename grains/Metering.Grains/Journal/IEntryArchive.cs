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
}

/// <summary>Entries from the archive.</summary>
/// <param name="Entries">As good as those that were archived for whoever applies them; how charges were priced may be left out.</param>
/// <param name="More">Whether there are more after the last.</param>
/// <param name="Damaged">Parts of the archive that could not be read. What is in them is missing.</param>
public sealed record ArchivedEntries(IReadOnlyList<Entry> Entries, bool More, IReadOnlyList<string> Damaged);
