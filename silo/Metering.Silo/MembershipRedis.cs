using Metering.Contracts.Settings;
using Metering.Silo.Storage.Redis;
using Orleans.Clustering.Redis;
using StackExchange.Redis;

namespace Metering.Silo;

/// <summary>The connection to the Redis that silos and gateways find each other through: made once, used by Orleans, and looked at by the health check.</summary>
internal sealed class MembershipRedis(SiloSettings settings) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private Task<ConnectionMultiplexer>? _connecting;

    /// <summary>For <see cref="RedisClusteringOptions.CreateMultiplexer"/>: the connection, which is not Orleans' to dispose.</summary>
    /// <exception cref="SettingsException">No Redis answers there.</exception>
    internal async Task<(IConnectionMultiplexer Multiplexer, bool IsShared)> ConnectAsync()
    {
        try
        {
            Task<ConnectionMultiplexer> connecting;
            lock (_lock)
            {
                connecting = _connecting ??= ConnectionMultiplexer.ConnectAsync(settings.Membership);
            }

            return (await connecting, true);
        }
        catch (RedisConnectionException failure)
        {
            var addresses = string.Join(',', settings.Membership.EndPoints.Select(RedisFault.Address));
            throw new SettingsException($"no Redis that can be used answers at {addresses} ({SettingsSection.Name(nameof(ClusterSettings.Redis))}): {failure.FailureType}.");
        }
    }

    /// <summary>Whether it answers.</summary>
    /// <exception cref="RedisException">It does not.</exception>
    internal async Task PingAsync() => await (await ConnectAsync()).Multiplexer.GetDatabase().PingAsync();

    public async ValueTask DisposeAsync()
    {
        if (_connecting is { IsCompletedSuccessfully: true } connected)
        {
            await connected.Result.DisposeAsync();
        }
    }
}
