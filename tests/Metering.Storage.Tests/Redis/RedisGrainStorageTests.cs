using Metering.Grains.Journal;
using Metering.Silo.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Persistence;
using Orleans.Serialization;
using Orleans.Storage;
using StackExchange.Redis;

namespace Metering.Storage.Tests.Redis;

/// <summary>Snapshots in Redis are those of Orleans' own provider: it must keep what every store of snapshots keeps.</summary>
public sealed class RedisGrainStorageTests(SharedRedis redis) : GrainStorageSuite, IClassFixture<SharedRedis>
{
    private ServiceProvider? _services;

    public override ValueTask InitializeAsync()
    {
        TestRedis.SkipWhenMissing();
        return base.InitializeAsync();
    }

    protected override async Task<IGrainStorage> OpenStorageAsync()
    {
        var services = new ServiceCollection();
        services.AddSerializer();
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddSingleton<IGrainStorageSerializer, StateSerializer>();
        services.Configure<ClusterOptions>(options => options.ServiceId = TestRedis.ServiceId);
        services.AddRedisGrainStorage(
            AccountStorage.ProviderName,
            (RedisStorageOptions options) =>
            {
                options.ConfigurationOptions = ConfigurationOptions.Parse(redis.ConnectionString);

                // Without it a cleared state keeps its ETag, and does not read as new.
                options.DeleteStateOnClear = true;
            });
        _services = services.BuildServiceProvider();
        var storage = (RedisGrainStorage)_services.GetRequiredKeyedService<IGrainStorage>(AccountStorage.ProviderName);
        var lifecycle = new StartedLifecycle();
        storage.Participate(lifecycle);
        await lifecycle.StartAsync();
        return storage;
    }

    protected override async Task CloseStorageAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync();
        }
    }

    /// <summary>What a silo does for a storage: runs what it subscribed.</summary>
    private sealed class StartedLifecycle : ISiloLifecycle
    {
        private readonly List<ILifecycleObserver> _observers = [];

        public int HighestCompletedStage => int.MaxValue;

        public int LowestStoppedStage => int.MaxValue;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            _observers.Add(observer);
            return NullLogger.Instance.BeginScope(observerName)!;
        }

        public async Task StartAsync()
        {
            foreach (var observer in _observers)
            {
                await observer.OnStart(TestRedis.Cancel);
            }
        }
    }
}
