using Metering.Contracts.Settings;
using Metering.Grains.Journal;

namespace Metering.Silo.Ledger;

/// <summary>How entries come to the ledger: the settings of every process that keeps one.</summary>
public sealed class LedgerSettings
{
    /// <param name="section">Where from.</param>
    /// <param name="maxBacklogBytes">The default of <see cref="MaxArchiveBacklogBytes"/>: what the journal's store can hold is not the same everywhere.</param>
    public LedgerSettings(SettingsSection section, long maxBacklogBytes)
    {
        ArchiveInterval = section.Time(nameof(ArchiveInterval), TimeSpan.FromMinutes(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        MaxArchiveBacklogBytes = section.Number(nameof(MaxArchiveBacklogBytes), maxBacklogBytes, 64L << 20, 1L << 50);
    }

    /// <summary>How often what was committed goes to the ledger.</summary>
    public TimeSpan ArchiveInterval { get; }

    /// <summary>Log of a partition that the ledger may be behind, in bytes; charges are refused at this many.</summary>
    public long MaxArchiveBacklogBytes { get; }

    /// <summary>Puts them into a silo's options.</summary>
    public void Apply(JournalOptions journal) => (journal.ArchiveInterval, journal.MaxArchiveBacklogBytes) = (ArchiveInterval, MaxArchiveBacklogBytes);
}
