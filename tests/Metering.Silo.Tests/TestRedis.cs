using Metering.TestServers;

namespace Metering.Silo.Tests;

/// <summary>Where Redis is not installed its tests are skipped, except where the environment says CI=true: there they must run.</summary>
internal static class TestRedis
{
    internal static Task<RedisServer> StartAsync(RedisSettings settings)
    {
        if (RedisServer.Missing is { } reason)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Skip(reason);
        }

        return RedisServer.StartAsync(settings, TestContext.Current.CancellationToken);
    }
}
