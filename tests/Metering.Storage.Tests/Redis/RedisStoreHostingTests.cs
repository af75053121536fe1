using Metering.Grains.Journal;
using Metering.Silo.Storage.Redis;
using Metering.TestServers;
using Orleans.Persistence;
using StackExchange.Redis;

namespace Metering.Storage.Tests.Redis;

public sealed class RedisStoreHostingTests : StoreHostingSuite
{
    private RedisServer? _server;

    public override async ValueTask InitializeAsync() => _server = await TestRedis.StartAsync();

    public override async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_Redis_that_would_forget_fails_the_start_of_the_silo_with_its_one_line()
    {
        await using var volatileServer = await TestRedis.StartAsync(new RedisSettings { AppendOnly = false });
        using var host = Silo(silo => AddStore(silo, volatileServer.ConnectionString));

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => host.StartAsync(Cancel));

        Assert.Contains("appendonly", fault.Message, StringComparison.Ordinal);
    }

    protected override void AddStore(ISiloBuilder silo) => AddStore(silo, _server!.ConnectionString);

    private static void AddStore(ISiloBuilder silo, string redis) => silo
        .AddRedisJournal(TestRedis.Options(redis))
        .AddRedisAccountIndex(new RedisAccountIndexOptions { Configuration = redis, ServiceId = TestRedis.ServiceId })
        .AddRedisGrainStorage(AccountStorage.ProviderName, (RedisStorageOptions options) => options.ConfigurationOptions = ConfigurationOptions.Parse(redis));
}
