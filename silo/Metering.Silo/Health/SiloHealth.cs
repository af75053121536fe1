using System.Globalization;
using Metering.Grains;
using Metering.Grains.Journal;
using Metering.Silo.SteppingDown;
using Metering.Silo.Storage.Azure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Metering.Silo.Health;

/// <summary>
/// Looks at what a silo depends on. It cannot serve without being in the cluster, nor while the journal's store is silent, nor when none of the partitions it was asked for opens. All else
/// degrades it: charging goes on without snapshots, and without its ledger, until the journal is full, and without the membership's Redis for as long as no silo comes or goes.
/// </summary>
internal sealed class SiloHealth(
    ISiloStatusOracle silo, IServiceProvider services, MembershipRedis membership, JournalLink journalLink, IEnumerable<StoreHealth> stores, IOptions<JournalOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>However many ask, everything is looked at once in this time.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(1);

    /// <summary>A store that was silent for so long keeps callers waiting. Before a silo steps down for it: whoever watches its health sees why.</summary>
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(1);

    /// <summary>Reasons of one kind told one by one; the rest is a number.</summary>
    private const int MaxTold = 5;

    private readonly SemaphoreSlim _looking = new(1);
    private HealthState _last = new(Readiness.NotReady, []);
    private long? _lookedAt;

    internal async Task<HealthState> LookAsync(CancellationToken cancellationToken)
    {
        // Told at once: this silo may be about to end for it, and looking at all the rest takes time when its links are cut.
        if (silo.CurrentStatus == SiloStatus.Active && journalLink.Silence is var silence && silence > MaxSilence)
        {
            return new HealthState(
                Readiness.NotReady,
                [string.Create(CultureInfo.InvariantCulture, $"The journal's store has not answered this silo for {silence.TotalSeconds:F1} s: nothing can be charged here.")]);
        }

        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (_lookedAt is not { } lookedAt || time.GetElapsedTime(lookedAt) >= MaxAge)
            {
                _last = await LookNowAsync();
                _lookedAt = time.GetTimestamp();
            }

            return _last;
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose() => _looking.Dispose();

    private async Task<HealthState> LookNowAsync()
    {
        var status = silo.CurrentStatus;
        if (status != SiloStatus.Active)
        {
            return new HealthState(Readiness.NotReady, [$"The silo is not active: {status}."]);
        }

        var reasons = new List<string>();
        var journal = services.GetRequiredService<Journal>();
        var faults = journal.Faults();
        reasons.AddRange(faults.Take(MaxTold).Select(static fault => $"Partition {fault.Partition} is not open: {fault.Reason}"));
        if (faults.Count > MaxTold)
        {
            reasons.Add($"{faults.Count - MaxTold} more partitions are not open.");
        }

        reasons.AddRange(stores.Where(static store => store.Failure is not null).Select(static store => $"Azure Storage fails for the {store.Store}: {store.Failure}"));
        reasons.AddRange(LedgerHealth.Reasons(journal.Backlog(), options.Value.MaxArchiveBacklogBytes));
        if (await RedisFault() is { } silence)
        {
            reasons.Add(silence);
        }

        if (services.GetRequiredService<RateCards>().IsStale)
        {
            reasons.Add("Some rate cards could not be refreshed for the lead time; charges by them are refused.");
        }

        var servesNothing = faults.Count > 0 && !Enumerable.Range(0, journal.Partitions).Any(journal.IsOpen);
        return new HealthState(servesNothing ? Readiness.NotReady : reasons.Count > 0 ? Readiness.Degraded : Readiness.Ready, reasons);
    }

    private async Task<string?> RedisFault()
    {
        try
        {
            await membership.PingAsync().WaitAsync(PingTimeout, time);
            return null;
        }
        catch (Exception failure) when (failure is RedisException or RedisCommandException or TimeoutException)
        {
            return "The Redis of the membership does not answer: silos can neither join nor leave.";
        }
    }
}
