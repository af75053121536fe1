using System.Globalization;
using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.SteppingDown;

/// <summary>
/// Ends the process of a silo that is cut off from the journal's store while others are not. Its links to silos and gateways are well, so nobody else would find fault with it: it would keep its
/// partitions, and answer nobody, until the link is back.
/// </summary>
/// <remarks>
/// <para><b>When.</b> Nothing was heard from the store for <c>StepDownAfter</c>, and another silo says that the store answers it. That it is the store of the journal that counts, wherever that is: without
/// it nothing can be answered. A silo cut off from the membership's Redis alone goes on charging, and stays. Without a witness (the store is away for all, or slow, or there is no other silo)
/// nobody could take over, and it stays too.</para>
/// <para><b>Why nothing is lost by it.</b> What was acknowledged is in the store; what was not, callers send again. That leaves a store that may lose its tail, whose latest records an owner keeps in
/// memory to put them back (see <c>RetainedRecords</c>): with the process they are gone. So there a witness counts only if the store has answered it without a break since before this silo last
/// heard from it. All that this silo acknowledged was then in a store that has not died since, and has been for <c>StepDownAfter</c>, which is no less than Redis may take to sync its file
/// (a second, two at worst). The store dying at the very moment after loses nothing of it. A Redis that restarts or fails over breaks off with everybody, so nobody is a witness against
/// a silo that merely finds it again later than the others: that one keeps its records, and puts back what is missing. (However short the break: a connection that was lost is not tried again before the
/// next question has failed.) With <c>Durability=Periodic</c> what was answered and not yet appended is gone too: at most the interval, which is the loss that was chosen.</para>
/// <para><b>How.</b> At once and without a hand-over, for that takes the store. The witness declares it dead, so that its partitions move without waiting for failure detection. Should it still be wrong about
/// itself, then as with every zombie the fence stands between its appends and the new owners.</para>
/// </remarks>
internal sealed class StepDown(
    JournalLink link,
    IJournalStore store,
    SiloSettings settings,
    IClusterMembershipService membership,
    ILocalSiloDetails local,
    IGrainFactory grains,
    TimeProvider time,
    ILogger<StepDown> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Chosen anew each time, so that one with a bad link of its own does not stand for all.</summary>
    private const int MaxWitnesses = 4;

    private static readonly TimeSpan WitnessTimeout = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stopped = new();
    private Task _watching = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle)
    {
        if (settings.StepDownAfter > TimeSpan.Zero)
        {
            lifecycle.Subscribe(nameof(StepDown), ServiceLifecycleStage.Active, Start, Stop);
        }
    }

    public void Dispose() => _stopped.Dispose();

    /// <summary>Whether what a witness says ends this silo.</summary>
    /// <param name="wellFor">For how long the store has answered the witness without a break.</param>
    /// <param name="silence">For how long this silo has heard nothing, measured after the witness answered.</param>
    /// <param name="mayLoseTail">Whether the store can lose what was acknowledged last.</param>
    internal static bool IsProof(TimeSpan wellFor, TimeSpan silence, bool mayLoseTail) => wellFor > TimeSpan.Zero && (!mayLoseTail || wellFor >= silence);

    private Task Start(CancellationToken cancellationToken)
    {
        _watching = Task.Run(() => WatchAsync(_stopped.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task Stop(CancellationToken cancellationToken)
    {
        await _stopped.CancelAsync();
        await _watching;
    }

    private async Task WatchAsync(CancellationToken stopped)
    {
        using var ticks = new PeriodicTimer(JournalLink.Interval, time);
        var stays = false;
        try
        {
            while (await ticks.WaitForNextTickAsync(stopped))
            {
                if (link.Silence < settings.StepDownAfter)
                {
                    stays = false;
                    continue;
                }

                var others = Others();
                if (await FindWitnessAsync(others) is { } witness)
                {
                    await EndAsync(witness);
                    return;
                }
                else if (!stays && link.Silence >= settings.StepDownAfter)
                {
                    stays = true;
                    Log.Stays(logger, link.Silence.TotalSeconds, others.Length);
                }
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private SiloAddress[] Others()
    {
        var active = membership.CurrentSnapshot.Members.Values
            .Where(member => member.Status == SiloStatus.Active && !member.SiloAddress.Equals(local.SiloAddress))
            .Select(static member => member.SiloAddress)
            .ToArray();
        Random.Shared.Shuffle(active);
        return active[..Math.Min(active.Length, MaxWitnesses)];
    }

    /// <summary>The first of several that proves that the fault is this silo's link; null when none does.</summary>
    private async Task<SiloAddress?> FindWitnessAsync(SiloAddress[] others)
    {
        await foreach (var answered in Task.WhenEach(others.Select(AskAsync)))
        {
            var (silo, wellFor) = await answered;
            if (link.Silence is var silence && silence >= settings.StepDownAfter && IsProof(wellFor, silence, store.MayLoseTail))
            {
                return silo;
            }
        }

        return null;
    }

    private async Task<(SiloAddress Silo, TimeSpan WellFor)> AskAsync(SiloAddress silo)
    {
        try
        {
            return (silo, await Witness(silo).WellFor().WaitAsync(WitnessTimeout, time));
        }
        catch (Exception failure) when (failure is TimeoutException or OrleansException or OperationCanceledException)
        {
            return (silo, TimeSpan.Zero);
        }
    }

    private async Task EndAsync(SiloAddress witness)
    {
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"Metering steps down: the journal's store has not answered this silo for {link.Silence.TotalSeconds:F1} s and answers silo {witness}, so the link of this machine is at fault. Others take over its accounts.");
        await Witness(witness).TakeOver(local.SiloAddress).WaitAsync(WitnessTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ProcessEnd.Now(line);
    }

    private IWitnessGrain Witness(SiloAddress silo) => grains.GetGrain<IWitnessGrain>(silo.ToParsableString());
}
