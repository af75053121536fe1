using Metering.Silo.Storage.Redis;
using Metering.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.Storage.Tests.Redis;

/// <summary>Starts what these tests need. Where Redis is not installed they are skipped, except where the environment says CI=true: there they must run.</summary>
internal static class TestRedis
{
    public const string ServiceId = "tests";

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static void SkipWhenMissing()
    {
        if (RedisServer.Missing is { } reason)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Skip(reason);
        }
    }

    public static Task<RedisServer> StartAsync() => StartAsync(new RedisSettings());

    public static Task<RedisServer> StartAsync(RedisSettings settings)
    {
        SkipWhenMissing();
        return RedisServer.StartAsync(settings, Cancel);
    }

    public static RedisJournalOptions Options(string connectionString) => new() { Configuration = connectionString, ServiceId = ServiceId };

    public static Task<RedisConnections> ConnectAsync(string connectionString) => ConnectAsync(Options(connectionString));

    public static async Task<RedisConnections> ConnectAsync(RedisJournalOptions options)
    {
        var connections = new RedisConnections(options, options.Connections, NullLogger<RedisConnections>.Instance);
        await connections.ConnectAsync(Cancel);
        return connections;
    }
}

/// <summary>One Redis for all tests of a class.</summary>
public sealed class SharedRedis : IAsyncLifetime
{
    private RedisServer? _server;

    public string ConnectionString => _server!.ConnectionString;

    public async ValueTask InitializeAsync() =>
        _server = RedisServer.Missing is null ? await RedisServer.StartAsync(new RedisSettings(), CancellationToken.None) : null;

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>One Redis Cluster of three primaries for all tests of a class.</summary>
public sealed class SharedRedisCluster : IAsyncLifetime
{
    private RedisCluster? _cluster;

    public RedisCluster Cluster => _cluster!;

    public async ValueTask InitializeAsync() => _cluster = RedisServer.Missing is null
        ? await RedisCluster.StartAsync([.. Enumerable.Repeat(new RedisSettings(), 3)], CancellationToken.None)
        : null;

    public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? ValueTask.CompletedTask;
}
