using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Hosting;

namespace Metering.Silo.Storage.Azure;

public static class AzureStoreHosting
{
    /// <summary>The name of the journal's <see cref="StoreHealth"/>.</summary>
    public const string Journal = "journal";

    /// <summary>The name of the snapshots' <see cref="StoreHealth"/>.</summary>
    public const string Snapshots = "snapshots";

    /// <summary>Keeps the journal in append blobs.</summary>
    /// <remarks>The start of the host throws <see cref="JournalStoreException"/> with one line for the operator when the container cannot be used or does not answer.</remarks>
    /// <exception cref="JournalStoreException">A setting cannot work.</exception>
    public static ISiloBuilder AddAzureJournal(this ISiloBuilder silo, AzureStoreOptions options)
    {
        silo.AddContainer(Journal, options, mustAnswer: true);
        silo.Services.AddSingleton(static services =>
            ActivatorUtilities.CreateInstance<AzureJournalStore>(services, services.GetRequiredKeyedService<AzureContainer>(Journal)));
        silo.Services.AddSingleton<IJournalStore>(static services => services.GetRequiredService<AzureJournalStore>());
        silo.Services.AddSingleton<IAnsweringStore>(static services => services.GetRequiredService<AzureJournalStore>());
        return silo;
    }

    /// <summary>Keeps the snapshots (grain storage <see cref="AccountStorage.ProviderName"/>) in blobs, and lists accounts from their names.</summary>
    /// <remarks>
    /// The start of the host throws <see cref="JournalStoreException"/> with one line for the operator when the container refuses to be used. A container that merely
    /// does not answer is no reason not to start; <see cref="StoreHealth"/> tells of it.
    /// </remarks>
    /// <exception cref="JournalStoreException">A setting cannot work.</exception>
    public static ISiloBuilder AddAzureSnapshots(this ISiloBuilder silo, AzureStoreOptions options)
    {
        silo.AddContainer(Snapshots, options, mustAnswer: false);
        silo.Services.AddSingleton<IAccountIndex>(services => new AzureAccountIndex(services.GetRequiredKeyedService<AzureContainer>(Snapshots)));
        silo.Services.AddGrainStorage(
            AccountStorage.ProviderName,
            (services, _) => ActivatorUtilities.CreateInstance<AzureGrainStorage>(
                services,
                services.GetRequiredKeyedService<AzureContainer>(Snapshots),
                ActivatorUtilities.CreateInstance<StateSerializer>(services)));
        return silo;
    }

    private static void AddContainer(this ISiloBuilder silo, string store, AzureStoreOptions options, bool mustAnswer)
    {
        options.Check();
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.AddKeyedSingleton(store, (services, _) => AzureContainer.From(
            options, new StoreHealth(store, services.GetRequiredService<TimeProvider>()), services.GetRequiredService<ILogger<AzureContainer>>()));
        silo.Services.AddSingleton(services => services.GetRequiredKeyedService<AzureContainer>(store).Health);
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services =>
            new AzureStoreLifecycle(services.GetRequiredKeyedService<AzureContainer>(store), mustAnswer));
    }
}
