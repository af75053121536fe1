using Metering.Grains.Journal;
using Metering.Silo.Storage.Redis;

namespace Metering.Storage.Tests.Redis;

public sealed class RedisJournalStoreTests(SharedRedis redis) : RedisJournalStoreSuite, IClassFixture<SharedRedis>
{
    protected override string ConnectionString => redis.ConnectionString;
}

public sealed class RedisClusterJournalStoreTests(SharedRedisCluster redis) : RedisJournalStoreSuite, IClassFixture<SharedRedisCluster>
{
    protected override string ConnectionString => redis.Cluster.ConnectionString;

    [Fact]
    public async Task Logs_lie_on_every_node()
    {
        for (var log = 0; log < 64; log++)
        {
            Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(NewLog(), 1, Bytes(1), Cancel));
        }

        foreach (var node in redis.Cluster.Nodes)
        {
            Assert.NotEqual("0", await node.CommandAsync(["DBSIZE"], Cancel));
        }
    }
}

/// <summary>The suite of every store, over connections to a Redis that is there for the whole class.</summary>
public abstract class RedisJournalStoreSuite : JournalStoreSuite
{
    private RedisConnections? _connections;
    private RedisConnections? _second;

    protected abstract string ConnectionString { get; }

    protected override int RandomHistories => 30;

    public override ValueTask InitializeAsync()
    {
        TestRedis.SkipWhenMissing();
        return base.InitializeAsync();
    }

    protected override async Task<IJournalStore> OpenStoreAsync()
    {
        _connections = await TestRedis.ConnectAsync(ConnectionString);
        return new RedisJournalStore(_connections, TestRedis.ServiceId);
    }

    protected override async Task<IJournalStore> OpenSecondStoreAsync()
    {
        _second = await TestRedis.ConnectAsync(ConnectionString);
        return new RedisJournalStore(_second, TestRedis.ServiceId);
    }

    protected override async Task CloseStoreAsync()
    {
        foreach (var connections in new[] { _connections, _second }.OfType<RedisConnections>())
        {
            await connections.DisposeAsync();
        }

        _second = null;
    }
}
