using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Metering.Grains.Placement;

/// <summary>Places an account, or another grain keyed by its id, on the silo that owns its partition.</summary>
public sealed class AccountPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class AccountPlacementAttribute() : OwnerPlacementAttribute(new AccountPlacement());

/// <summary>Places a grain keyed by a partition's number on the silo that owns the partition.</summary>
public sealed class PartitionPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class PartitionPlacementAttribute() : OwnerPlacementAttribute(new PartitionPlacement());

/// <summary>Of grains that live where a partition's owner is: they are not only placed there but also looked for there (<see cref="OwnerDirectory"/>).</summary>
public abstract class OwnerPlacementAttribute(PlacementStrategy strategy) : PlacementAttribute(strategy)
{
    public override void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        base.Populate(services, grainClass, grainType, properties);
        properties[WellKnownGrainTypeProperties.GrainDirectory] = OwnerDirectory.Name;
    }
}

/// <summary>
/// Puts accounts and partitions on their owner. Two silos that see the cluster differently may choose differently: the one that is not the owner in its own view
/// sends the activation away (<see cref="Accounts.AccountGrain"/>), and where both believe in themselves the journal's fence decides.
/// </summary>
internal sealed class AccountPlacementDirector(PartitionMap map) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(map.Owner(map.PartitionOf(target.GrainIdentity.Key.ToString()!)));
}

/// <inheritdoc cref="AccountPlacementDirector"/>
internal sealed class PartitionPlacementDirector(PartitionMap map) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(map.Owner((int)target.GrainIdentity.GetIntegerKey()));
}
