using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Runtime.Hosting;

namespace Metering.Grains.Placement;

public static class PartitionPlacementServices
{
    /// <summary>What a silo needs so that accounts live where their partition's owner is, alone or among others. Goes with <c>AddJournal</c>.</summary>
    public static IServiceCollection AddPartitionPlacement(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<PartitionMap>();
        services.AddSingleton<IPartitionOwnership>(static provider => provider.GetRequiredService<PartitionMap>());
        services.AddPlacementDirector<AccountPlacement, AccountPlacementDirector>();
        services.AddPlacementDirector<PartitionPlacement, PartitionPlacementDirector>();
        services.AddGrainDirectory(OwnerDirectory.Name, static (_, _) => new OwnerDirectory());
        services.AddSingleton<HandOver>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(static provider => provider.GetRequiredService<HandOver>());
        return services;
    }
}
