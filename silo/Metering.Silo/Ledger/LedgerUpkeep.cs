using Metering.Contracts;
using Metering.Grains.Journal;
using Metering.Ledger.Segments;
using Metering.Ledger.Upkeep;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Ledger;

/// <summary>Now and then tidies the ledger of the partitions that this silo has open: rolls hours up or merges their small segments, and removes what is too old to be kept.</summary>
/// <remarks>Two silos that both believe to own a partition do the same work twice, and no harm.</remarks>
internal sealed class LedgerUpkeep(ISegmentStore store, Journal journal, LedgerSettings settings, TimeProvider time, ILogger<LedgerUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private readonly Compaction _compaction = new(store, time);
    private readonly Rollup _rollup = new(store, time);
    private readonly Retention _retention = new(store, time);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var rounds = new PeriodicTimer(Interval, time);
        while (await rounds.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await TidyAsync(stoppingToken);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                // Charging does not depend on it, and the next round begins where this one ended.
                Log.UpkeepFailed(logger, fault.Message);
            }
        }
    }

    private async Task TidyAsync(CancellationToken cancellationToken)
    {
        // First what need not be merged any more.
        if (settings.LedgerRetention > TimeSpan.Zero)
        {
            var retired = await _retention.RunAsync(settings.LedgerRetention, journal.IsOpen, cancellationToken);
            if (retired.Removed > 0)
            {
                Log.Retired(logger, retired.Removed, settings.LedgerRetention);
            }

            Tell(retired.Faults);
        }

        var scope = settings.LedgerDetail switch { LedgerDetail.Full => RollupScope.Begun, LedgerDetail.Rollup => RollupScope.New };
        var rolledUp = await _rollup.RunAsync(scope, journal.IsOpen, rests: true, cancellationToken);
        if (rolledUp.RolledUp + rolledUp.Removed > 0)
        {
            Log.RolledUp(logger, rolledUp.RolledUp, rolledUp.Written, rolledUp.Removed);
        }

        Tell(rolledUp.Faults);
        var compacted = await _compaction.RunAsync(journal.IsOpen, rests: true, cancellationToken);
        if (compacted.Merged + compacted.Removed > 0)
        {
            Log.Compacted(logger, compacted.Merged, compacted.Written, compacted.Removed);
        }

        Tell(compacted.Faults);
    }

    private void Tell(IReadOnlyList<string> faults)
    {
        foreach (var fault in faults)
        {
            Log.LeftAsTheyAre(logger, fault);
        }
    }
}
