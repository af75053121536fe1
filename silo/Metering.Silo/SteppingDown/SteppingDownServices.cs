using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Metering.Silo.SteppingDown;

internal static class SteppingDownServices
{
    /// <summary>For a silo of a cluster, beside the journal's store.</summary>
    internal static IServiceCollection AddSteppingDown(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<JournalLink>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(static provider => provider.GetRequiredService<JournalLink>());
        services.AddSingleton<StepDown>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(static provider => provider.GetRequiredService<StepDown>());
        services.AddPlacementDirector<NamedSiloPlacement, NamedSiloPlacementDirector>();
        return services;
    }
}
