using System.Diagnostics.Metrics;
using Metering.Grains;
using Metering.Grains.Journal;
using Metering.Grains.Routing;
using Metering.Silo.Ledger;
using Metering.Silo.Storage.Azure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Metering.Silo.Telemetry;

/// <summary>How a silo stands, told whenever somebody looks: nothing is counted for it meanwhile. The meter's name is <c>Metering.Silo</c>.</summary>
internal sealed class SiloMetrics(IMeterFactory meters, IServiceProvider services, IOptions<JournalOptions> options) : IHostedLifecycleService
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private JournalFigures _figures;
    private long? _lookedAt;

    /// <summary>Only now: before, there is nothing to tell, and looking would begin what the silo has not begun.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        JournalMetrics.CountFromZero();
        LedgerMetrics.CountFromZero();
        var meter = meters.Create("Metering.Silo");
        var accounts = services.GetRequiredService<LocalAccounts>();
        var rateCards = services.GetRequiredService<RateCards>();
        var stores = services.GetServices<StoreHealth>().ToList();
        meter.CreateObservableUpDownCounter("metering.accounts.active", () => accounts.Count, "{account}", "Accounts in memory.");
        meter.CreateObservableUpDownCounter("metering.journal.partitions.open", () => Figures().OpenPartitions, "{partition}", "Partitions that this silo has open.");
        meter.CreateObservableUpDownCounter("metering.journal.partitions.faulty", () => Figures().FaultyPartitions, "{partition}", "Partitions that this silo should have open and has not.");
        meter.CreateObservableUpDownCounter("metering.journal.pending", () => Figures().PendingBytes, "By", "What waits for, or is in, an append.");
        meter.CreateObservableUpDownCounter("metering.journal.tail", () => Figures().TailBytes, "By", "Log that no snapshot covers.");
        meter.CreateObservableGauge("metering.journal.tail.longest", () => Figures().LongestTailBytes, "By", "Log that no snapshot covers, of the partition that has most.");
        meter.CreateObservableGauge("metering.journal.tail.limit", () => options.Value.MaxTailBytes, "By", "At so much log without snapshots a partition's accounts refuse.");
        meter.CreateObservableGauge("metering.journal.tail.age", () => Figures().OldestTailAge.TotalSeconds, "s", "How old the oldest entries are that no snapshot covers.");
        if (services.GetService<IJournalArchive>() is not null)
        {
            var journal = services.GetRequiredService<Journal>();
            meter.CreateObservableUpDownCounter("metering.ledger.backlog", () => journal.Backlog().Bytes, "By", "Log that is not in the ledger yet.");
            meter.CreateObservableGauge("metering.ledger.backlog.longest", () => journal.Backlog().LongestBytes, "By", "Log that is not in the ledger yet, of the partition that has most.");
            meter.CreateObservableGauge("metering.ledger.backlog.limit", () => options.Value.MaxArchiveBacklogBytes, "By", "At so much log that is not in the ledger a partition's accounts refuse.");
            meter.CreateObservableGauge("metering.ledger.backlog.age", () => journal.Backlog().Age.TotalSeconds, "s", "For how long the oldest of it has been waiting, at most.");
            meter.CreateObservableGauge("metering.ledger.failing", () => journal.Backlog().Fault is null ? 0 : 1, "1", "1 while the ledger could not take what it was given last.");
        }

        meter.CreateObservableGauge("metering.rate_cards.stale", () => rateCards.IsStale ? 1 : 0, "1", "1 while some rate cards could not be refreshed for the lead time.");
        meter.CreateObservableGauge(
            "metering.store.failing",
            () => stores.Select(static store => new Measurement<int>(store.Failure is null ? 0 : 1, KeyValuePair.Create("metering.store", (object?)store.Store))),
            "1",
            "1 while a store did not answer when it was last asked.");
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>One look for all that are asked together.</summary>
    private JournalFigures Figures()
    {
        lock (_lock)
        {
            if (_lookedAt is not { } lookedAt || TimeProvider.System.GetElapsedTime(lookedAt) >= MaxAge)
            {
                _figures = services.GetRequiredService<Journal>().Figures();
                _lookedAt = TimeProvider.System.GetTimestamp();
            }

            return _figures;
        }
    }
}
