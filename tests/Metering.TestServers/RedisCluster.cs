using System.Globalization;

namespace Metering.TestServers;

/// <summary>A Redis Cluster of primaries that share the 16,384 slots.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;

    // Redis tells of the state of a cluster only when asked.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly List<RedisServer> _replicas = [];

    private RedisCluster(IReadOnlyList<RedisServer> nodes) => Nodes = nodes;

    /// <summary>The primaries it began with.</summary>
    public IReadOnlyList<RedisServer> Nodes { get; }

    /// <summary>For StackExchange.Redis: one node, which tells of the others.</summary>
    public string ConnectionString => Nodes[0].ConnectionString;

    /// <summary>Starts the nodes, each with the settings at its place; it serves all slots when the task completes.</summary>
    public static async Task<RedisCluster> StartAsync(IReadOnlyList<RedisSettings> nodes, CancellationToken cancellationToken)
    {
        var servers = new List<RedisServer>();
        var cluster = new RedisCluster(servers);
        try
        {
            foreach (var settings in nodes)
            {
                servers.Add(await RedisServer.StartAsync(settings with { IsClusterNode = true }, cancellationToken));
            }

            await cluster.JoinAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Adds a replica, which follows its primary when the task completes, and takes over when that dies.</summary>
    public async Task<RedisServer> AddReplicaAsync(RedisServer primary, RedisSettings settings, CancellationToken cancellationToken)
    {
        var replica = await RedisServer.StartAsync(settings with { IsClusterNode = true }, cancellationToken);
        _replicas.Add(replica);
        await primary.CommandAsync(["CLUSTER", "MEET", "127.0.0.1", Text(replica.Port), Text(replica.ClusterPort)], cancellationToken);
        var name = await primary.CommandAsync(["CLUSTER", "MYID"], cancellationToken);
        while (!(await replica.CommandAsync(["CLUSTER", "NODES"], cancellationToken)).Contains(name, StringComparison.Ordinal))
        {
            await Task.Delay(Pause, cancellationToken);
        }

        await replica.CommandAsync(["CLUSTER", "REPLICATE", name], cancellationToken);
        while (!(await replica.CommandAsync(["INFO", "replication"], cancellationToken)).Contains("master_link_status:up", StringComparison.Ordinal)
            || !(await Nodes[^1].CommandAsync(["CLUSTER", "NODES"], cancellationToken)).Contains($"slave {name}", StringComparison.Ordinal))
        {
            await Task.Delay(Pause, cancellationToken);
        }

        return replica;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes.Concat(_replicas))
        {
            await node.DisposeAsync();
        }
    }

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        for (var node = 0; node < Nodes.Count; node++)
        {
            var first = Slots * node / Nodes.Count;
            var last = (Slots * (node + 1) / Nodes.Count) - 1;
            await Nodes[node].CommandAsync(["CLUSTER", "ADDSLOTSRANGE", Text(first), Text(last)], cancellationToken);
            await Nodes[node].CommandAsync(["CLUSTER", "SET-CONFIG-EPOCH", Text(node + 1)], cancellationToken);
        }

        foreach (var other in Nodes.Skip(1))
        {
            await Nodes[0].CommandAsync(["CLUSTER", "MEET", "127.0.0.1", Text(other.Port), Text(other.ClusterPort)], cancellationToken);
        }

        foreach (var node in Nodes)
        {
            while (!await IsWholeAsync(node, cancellationToken))
            {
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    private async Task<bool> IsWholeAsync(RedisServer node, CancellationToken cancellationToken)
    {
        var state = await node.CommandAsync(["CLUSTER", "INFO"], cancellationToken);
        return state.Contains("cluster_state:ok", StringComparison.Ordinal)
            && state.Contains($"cluster_size:{Nodes.Count}", StringComparison.Ordinal);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
