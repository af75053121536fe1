using Metering.Contracts;
using Metering.Contracts.Settings;
using Metering.Grains.Accounts;
using Metering.Grains.Audit;
using Metering.Grains.Journal;

namespace Metering.Silo;

/// <summary>What accounts and the audit log keep, how surely and for how long: the settings that every process with a silo in it has.</summary>
public sealed class KeepingSettings
{
    /// <summary>Of one of a cluster's many partitions.</summary>
    public const long DefaultTailBytes = 256L << 20;

    /// <param name="section">Where they are read.</param>
    /// <param name="defaultTailBytes">What <see cref="MaxTailBytes"/> is when it is not set.</param>
    /// <exception cref="SettingsException">A value is not in its range.</exception>
    public KeepingSettings(SettingsSection section, long defaultTailBytes = DefaultTailBytes)
    {
        Durability = section.Choice(nameof(Durability), Durability.Journal);
        PeriodicInterval = section.Time(nameof(PeriodicInterval), TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));
        IdWindow = section.Time(nameof(IdWindow), TimeSpan.FromHours(24), TimeSpan.FromMinutes(1), TimeSpan.FromDays(90));
        MaxIds = section.Number(nameof(MaxIds), 10_000, 1, 1_000_000);
        MaxTailBytes = section.Number(nameof(MaxTailBytes), defaultTailBytes, 16L << 20, 64L << 30);
        CheckpointInterval = section.Time(nameof(CheckpointInterval), TimeSpan.FromMinutes(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        AuditRetention = section.Time(nameof(AuditRetention), TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromDays(36_500));
        if (AuditRetention > TimeSpan.Zero && AuditRetention < AuditOptions.LeastRetention)
        {
            throw new SettingsException($"{SettingsSection.Name(nameof(AuditRetention))} is {AuditRetention:c}; it must be 00:00:00 (for ever) or at least {AuditOptions.LeastRetention:c}.");
        }
    }

    /// <summary><c>Journal</c>: no answer before it is durable. <c>Periodic</c>: answers do not wait; a crash loses at most <see cref="PeriodicInterval"/>.</summary>
    public Durability Durability { get; }

    /// <summary>With <see cref="Durability.Periodic"/>: the most that a crash may lose.</summary>
    public TimeSpan PeriodicInterval { get; }

    /// <summary>How long ids are remembered, so that a retry gets the original answer.</summary>
    public TimeSpan IdWindow { get; }

    /// <summary>How many ids an account remembers at most.</summary>
    public int MaxIds { get; }

    /// <summary>Log of a partition that a restart may have to read, in bytes.</summary>
    public long MaxTailBytes { get; }

    /// <summary>How old the oldest entries without a snapshot may become.</summary>
    public TimeSpan CheckpointInterval { get; }

    /// <summary>How long entries of the audit log are kept; zero for ever.</summary>
    public TimeSpan AuditRetention { get; }

    /// <summary>Puts them into a silo's options.</summary>
    public void Apply(AccountOptions accounts) => accounts.Limits = accounts.Limits with { IdWindow = IdWindow, MaxIds = MaxIds };

    /// <inheritdoc cref="Apply(AccountOptions)"/>
    public void Apply(AuditOptions audit) => audit.Retention = AuditRetention;

    /// <inheritdoc cref="Apply(AccountOptions)"/>
    public void Apply(JournalOptions journal)
    {
        journal.Durability = Durability;
        journal.PeriodicInterval = PeriodicInterval;
        journal.MaxTailBytes = MaxTailBytes;
        journal.CheckpointInterval = CheckpointInterval;
    }
}
