using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Grains.Journal;

public static class JournalHosting
{
    /// <summary>
    /// Adds the partition journal to a silo. The host adds an <see cref="IJournalStore"/> and, when there are other silos, its <see cref="IPartitionOwnership"/>
    /// before this; and an <see cref="IJournalArchive"/> when there is a ledger.
    /// </summary>
    public static IServiceCollection AddJournal(this IServiceCollection services, Action<JournalOptions> configure)
    {
        services.AddOptions<JournalOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<JournalOptions>, JournalOptionsValidation>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ICheckpointCaller, GrainCheckpointCaller>();
        services.TryAddSingleton<IPartitionOwnership, OwnsAll>();
        services.AddSingleton(static provider => new Journal(new JournalServices(
            provider.GetRequiredService<IJournalStore>(),
            provider.GetRequiredService<IOptions<JournalOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            TaskScheduler.Default,
            provider.GetRequiredService<ICheckpointCaller>(),
            provider.GetRequiredService<IPartitionOwnership>(),
            provider.GetRequiredService<ILogger<Journal>>())
        {
            Archive = provider.GetService<IJournalArchive>(),
        }));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(static provider => provider.GetRequiredService<Journal>());
        return services;
    }
}
