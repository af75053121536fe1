using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Metering.Silo.Storage.Redis;

/// <summary>Whether a Redis keeps what it is given: it must write an append-only file, and must not throw keys away when it is full.</summary>
/// <remarks>
/// Asked once, at start, of every primary, since any of them may have a log. Managed services forbid <c>CONFIG</c>; there <c>INFO</c> tells the same, but not how often
/// the file is synced.
/// </remarks>
internal static class RedisPersistence
{
    private const string KeepsKeys = "noeviction";

    /// <exception cref="JournalStoreException">It would forget, or does not say. The message names the setting to change.</exception>
    public static async Task CheckAsync(ConnectionMultiplexer redis, bool allowVolatile, ILogger logger, CancellationToken cancellationToken)
    {
        var primaries = 0;
        foreach (var server in redis.GetServers())
        {
            if (server.IsReplica)
            {
                continue;
            }

            var address = RedisFault.Address(server.EndPoint);
            if (server.IsConnected)
            {
                primaries++;
                await CheckAsync(server, address, allowVolatile, logger, cancellationToken);
            }
            else if (OwnsSlots(server))
            {
                throw new JournalStoreException($"Redis {address}, a primary of the cluster, cannot be reached: it may have logs of this service.");
            }
        }

        if (primaries == 0)
        {
            throw new JournalStoreException("None of the Redis servers that can be reached is a primary.");
        }
    }

    private static bool OwnsSlots(IServer server) =>
        server.ServerType == ServerType.Cluster && server.ClusterConfiguration?[server.EndPoint]?.Slots.Count > 0;

    private static async Task CheckAsync(IServer server, string address, bool allowVolatile, ILogger logger, CancellationToken cancellationToken)
    {
        string? faults;
        try
        {
            var settings = await AskAsync(server).WaitAsync(cancellationToken);
            faults = Faults(settings);
            if (faults is null && settings.Sync != "always")
            {
                Log.MayLoseTail(logger, address, settings.Sync);
            }
        }
        catch (Exception exception) when (exception is RedisException or RedisCommandException or TimeoutException)
        {
            faults = $"it tells neither by CONFIG nor by INFO whether it keeps data ({exception.Message})";
        }

        if (faults is null)
        {
            return;
        }

        if (!allowVolatile)
        {
            throw new JournalStoreException($"Redis {address} would forget what was charged: {faults}.");
        }

        Log.IsVolatile(logger, address, faults);
    }

    private static string? Faults(Settings settings)
    {
        var faults = new List<string>();
        if (settings.Appends != "yes")
        {
            faults.Add("set appendonly to yes (it keeps data in memory alone)");
        }

        if (settings.Eviction != KeepsKeys)
        {
            faults.Add($"set maxmemory-policy to {KeepsKeys} (it is {settings.Eviction}, which throws keys away when memory is full)");
        }

        return faults.Count == 0 ? null : string.Join("; ", faults);
    }

    private static async Task<Settings> AskAsync(IServer server)
    {
        try
        {
            return new Settings(await ConfigAsync(server, "appendonly"), await ConfigAsync(server, "maxmemory-policy"), await ConfigAsync(server, "appendfsync"));
        }
        catch (Exception exception) when (exception is RedisServerException or RedisCommandException)
        {
            var isAppending = await InfoAsync(server, "persistence", "aof_enabled") == "1";
            return new Settings(isAppending ? "yes" : "no", await InfoAsync(server, "memory", "maxmemory_policy"), "unknown");
        }
    }

    private static async Task<string> ConfigAsync(IServer server, string setting)
    {
        var answer = await server.ExecuteAsync("CONFIG", "GET", setting);
        return answer.Length == 2 ? (string?)answer[1] ?? "" : throw new RedisCommandException($"CONFIG GET {setting} has no value.");
    }

    private static async Task<string> InfoAsync(IServer server, string section, string field)
    {
        var values = (await server.InfoAsync(section)).SelectMany(static group => group);
        return values.FirstOrDefault(pair => pair.Key == field).Value ?? "unknown";
    }

    private sealed record Settings(string Appends, string Eviction, string Sync);
}
