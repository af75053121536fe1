using Metering.Contracts;
using Metering.Contracts.Settings;
using Metering.Grains.Journal;
using Metering.Ledger.Upkeep;

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
        LedgerDetail = section.Choice(nameof(LedgerDetail), LedgerDetail.Full);
        LedgerRetention = section.Time(nameof(LedgerRetention), TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromDays(36_500));
        if (LedgerRetention > TimeSpan.Zero && LedgerRetention < Retention.LeastAge)
        {
            throw new SettingsException($"{SettingsSection.Name(nameof(LedgerRetention))} is {LedgerRetention:c}; it must be 00:00:00 (for ever) or at least {Retention.LeastAge:c}.");
        }
    }

    /// <summary>What the ledger keeps of hours that are over from now on.</summary>
    public LedgerDetail LedgerDetail { get; }

    /// <summary>How long entries stay in the ledger's files; zero for ever.</summary>
    public TimeSpan LedgerRetention { get; }

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
