using System.Net;

namespace Metering.Cluster.Network;

/// <summary>Where the servers of a cluster run, and how they reach each other.</summary>
internal abstract class ClusterNetwork : IAsyncDisposable
{
    /// <summary>Where Redis, Azurite and whoever uses this class are.</summary>
    public abstract ClusterHost Home { get; }

    /// <summary>Whether links between hosts can be cut.</summary>
    public abstract bool CanCut { get; }

    public abstract Task<ClusterHost> AddHostAsync(string name);

    /// <summary>Nothing that one of two hosts sends reaches the other, and nobody is told.</summary>
    public abstract Task CutAsync(ClusterHost one, ClusterHost other);

    public abstract Task HealAsync(ClusterHost one, ClusterHost other);

    /// <summary>As if the host's cable had been pulled.</summary>
    public abstract Task UnplugAsync(ClusterHost host);

    public abstract Task PlugInAsync(ClusterHost host);

    public abstract ValueTask DisposeAsync();
}

/// <summary>A machine, or what stands for one.</summary>
/// <param name="Name">Within its network.</param>
/// <param name="Address">Where others reach it.</param>
/// <param name="Prefix">Words in front of every command that is to run there.</param>
internal sealed record ClusterHost(string Name, IPAddress Address, IReadOnlyList<string> Prefix);

/// <summary>Everything on the loopback of this machine. Needs no rights, and has no link that could be cut.</summary>
internal sealed class LoopbackNetwork : ClusterNetwork
{
    public override ClusterHost Home { get; } = new("home", IPAddress.Loopback, []);

    public override bool CanCut => false;

    public override Task<ClusterHost> AddHostAsync(string name) => Task.FromResult(new ClusterHost(name, IPAddress.Loopback, []));

    public override Task CutAsync(ClusterHost one, ClusterHost other) => throw NoLinks();

    public override Task HealAsync(ClusterHost one, ClusterHost other) => throw NoLinks();

    public override Task UnplugAsync(ClusterHost host) => throw NoLinks();

    public override Task PlugInAsync(ClusterHost host) => throw NoLinks();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static NotSupportedException NoLinks() => new("The loopback has no links to cut.");
}
