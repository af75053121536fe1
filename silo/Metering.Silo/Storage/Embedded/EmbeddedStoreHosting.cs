using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Hosting;

namespace Metering.Silo.Storage.Embedded;

public static class EmbeddedStoreHosting
{
    /// <summary>
    /// Keeps the journal in files, and the snapshots (grain storage <see cref="AccountStorage.ProviderName"/>) and the index of accounts in SQLite, in one
    /// directory of this process.
    /// </summary>
    /// <remarks>
    /// The start of the host throws <see cref="DataDirectoryException"/> or <see cref="JournalStoreException"/>, each with one line for the operator,
    /// when the directory, the database or the journal in it cannot be used.
    /// </remarks>
    public static ISiloBuilder AddEmbeddedStore(this ISiloBuilder silo, EmbeddedStoreOptions options)
    {
        silo.Services.AddSingleton(services => EmbeddedStore.Open(options.DataDirectory, services.GetRequiredService<ILogger<EmbeddedStore>>()));
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, EmbeddedStoreLifecycle>();
        silo.Services.AddSingleton<IJournalStore, FileJournalStore>();
        silo.Services.AddSingleton<IAccountIndex>(static services => new SqliteAccountIndex(services.GetRequiredService<EmbeddedStore>().Database));
        silo.Services.AddGrainStorage(
            AccountStorage.ProviderName,
            (services, _) => ActivatorUtilities.CreateInstance<SqliteGrainStorage>(
                services, services.GetRequiredService<EmbeddedStore>().Database, ActivatorUtilities.CreateInstance<StateSerializer>(services)));
        return silo;
    }
}
