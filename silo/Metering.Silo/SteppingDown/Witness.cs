using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Metering.Silo.SteppingDown;

/// <summary>What a silo that hears nothing from the journal's store asks another one, and asks of it. Keyed by the address of the silo that is to answer.</summary>
[Alias("metering.IWitnessGrain")]
internal interface IWitnessGrain : IGrainWithStringKey
{
    /// <summary>For how long the store has answered that silo without a break; zero when it does not now.</summary>
    [Alias("WellFor"), ResponseTimeout("00:00:01")]
    Task<TimeSpan> WellFor();

    /// <summary>The silo that asks ends its process: it is to be declared dead at once, which failure detection would come to a second later. Answered before that is done.</summary>
    [Alias("TakeOver"), ResponseTimeout("00:00:01")]
    Task TakeOver(SiloAddress from);
}

[OnNamedSilo]
internal sealed class WitnessGrain(JournalLink link, IClusterMembershipService membership, TimeProvider time, ILogger<WitnessGrain> logger) : Grain, IWitnessGrain
{
    /// <summary>Time for the answer to arrive, and for the process to end: one that hears that it is dead before it has ended tells that at length.</summary>
    private static readonly TimeSpan Notice = TimeSpan.FromMilliseconds(100);

    public Task<TimeSpan> WellFor() => Task.FromResult(link.WellFor);

    public Task TakeOver(SiloAddress from)
    {
        _ = Task.Run(() => DeclareDeadAsync(from));
        return Task.CompletedTask;
    }

    private async Task DeclareDeadAsync(SiloAddress silo)
    {
        await Task.Delay(Notice, time);
        try
        {
            await membership.TryKill(silo);
            Log.TookOver(logger, silo);
        }
        catch (Exception failure)
        {
            // Failure detection comes to the same a little later.
            Log.NotTakenOver(logger, silo, failure);
        }
    }
}

/// <summary>Places a grain on the silo whose address is its key.</summary>
internal sealed class NamedSiloPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class OnNamedSiloAttribute() : PlacementAttribute(new NamedSiloPlacement());

/// <inheritdoc cref="NamedSiloPlacement"/>
internal sealed class NamedSiloPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(SiloAddress.FromParsableString(target.GrainIdentity.Key.ToString()!));
}
