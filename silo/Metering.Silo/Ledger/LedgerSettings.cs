using Metering.Contracts.Settings;
using Metering.Grains.Journal;

namespace Metering.Silo.Ledger;

/// <summary>How entries come to the ledger: the settings of every process that keeps one.</summary>
public sealed class LedgerSettings
{
    /// <summary>A backlog is never less than so many batches.</summary>
    private const int LeastBatchesOfBacklog = 4;

    /// <param name="section">Where from.</param>
    /// <param name="maxBacklogBytes">The default of <see cref="MaxArchiveBacklogBytes"/>: what the journal's store can hold is not the same everywhere.</param>
    public LedgerSettings(SettingsSection section, long maxBacklogBytes)
    {
        ArchiveInterval = section.Time(nameof(ArchiveInterval), TimeSpan.FromMinutes(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        MaxArchiveBacklogBytes = section.Number(nameof(MaxArchiveBacklogBytes), maxBacklogBytes, 16L << 20, 1L << 50);
    }

    /// <summary>How often what was committed goes to the ledger.</summary>
    public TimeSpan ArchiveInterval { get; }

    /// <summary>Log of a partition that the ledger may be behind, in bytes; charges are refused at this many.</summary>
    public long MaxArchiveBacklogBytes { get; }

    /// <summary>Puts them into a silo's options.</summary>
    public void Apply(JournalOptions journal)
    {
        journal.ArchiveInterval = ArchiveInterval;
        journal.MaxArchiveBacklogBytes = MaxArchiveBacklogBytes;
        journal.MaxArchiveBatchBytes = Math.Min(journal.MaxArchiveBatchBytes, MaxArchiveBacklogBytes / LeastBatchesOfBacklog);
    }
}
