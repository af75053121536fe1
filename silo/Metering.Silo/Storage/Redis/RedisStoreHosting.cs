using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Redis;

public static class RedisStoreHosting
{
    private const string JournalConnections = "metering.redis.journal";
    private const string AccountConnections = "metering.redis.accounts";

    /// <summary>Keeps the journal in Redis.</summary>
    /// <remarks>
    /// The start of the host throws <see cref="JournalStoreException"/>, with one line for the operator, when Redis cannot be reached or would forget.
    /// </remarks>
    public static ISiloBuilder AddRedisJournal(this ISiloBuilder silo, RedisJournalOptions options)
    {
        AddConnections(silo, JournalConnections, options, options.Connections);
        silo.Services.AddSingleton(services => new RedisJournalStore(Connections(services, JournalConnections), options.ServiceId));
        silo.Services.AddSingleton<IJournalStore>(static services => services.GetRequiredService<RedisJournalStore>());
        silo.Services.AddSingleton<IAnsweringStore>(static services => services.GetRequiredService<RedisJournalStore>());
        return silo;
    }

    /// <summary>
    /// Keeps the list of accounts in Redis, for snapshots whose own store cannot list them in order: <c>Microsoft.Orleans.Persistence.Redis</c>.
    /// </summary>
    /// <remarks>
    /// The start of the host throws <see cref="JournalStoreException"/>, with one line for the operator, when Redis cannot be reached or would forget.
    /// </remarks>
    public static ISiloBuilder AddRedisAccountIndex(this ISiloBuilder silo, RedisAccountIndexOptions options)
    {
        AddConnections(silo, AccountConnections, options, count: 1);
        silo.Services.AddSingleton<IAccountIndex>(services => new RedisAccountIndex(Connections(services, AccountConnections), options.ServiceId));
        return silo;
    }

    private static void AddConnections(ISiloBuilder silo, string name, RedisStoreOptions options, int count)
    {
        silo.Services.AddKeyedSingleton(
            name, (services, _) => new RedisConnections(options, count, services.GetRequiredService<ILogger<RedisConnections>>()));
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => new RedisStoreLifecycle(Connections(services, name)));
    }

    private static RedisConnections Connections(IServiceProvider services, string name) => services.GetRequiredKeyedService<RedisConnections>(name);
}
