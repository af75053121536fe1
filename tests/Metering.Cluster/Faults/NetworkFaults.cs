using Metering.Cluster.Network;

namespace Metering.Cluster.Faults;

/// <summary>What happens to the links between hosts. Packets are dropped; nobody gets an error.</summary>
internal static class NetworkFaults
{
    private const double CutSeconds = 10;

    /// <summary>The exit code of a silo that steps down, as its README says.</summary>
    private const int SteppedDown = 3;

    /// <summary>It can be reached, and can make nothing durable. It finds that others can, and ends, for them to take over.</summary>
    public static async Task CutFromRedisAsync(Scene scene)
    {
        var silo = scene.ChooseSilo();
        scene.Strike(silo);
        await scene.Cluster.Network.CutAsync(silo.Host, scene.Cluster.Network.Home);
        try
        {
            var exitCode = await silo.Process.WaitForExitAsync();
            scene.Require(exitCode == SteppedDown, $"{silo.Name} was cut off from Redis and ended with exit code {exitCode}.");
            await scene.WaitForAllAccountsAsync();
        }
        finally
        {
            await scene.Cluster.Network.HealAsync(silo.Host, scene.Cluster.Network.Home);
        }

        await scene.RestoreAsync();
    }

    /// <summary>It still reaches the store: only the fence stands between two owners.</summary>
    public static Task CutFromSilosAsync(Scene scene)
    {
        var silo = scene.ChooseSilo();
        scene.Strike(silo);
        return CutAsync(scene, silo.Host, scene.Cluster.Silos.Where(other => other != silo).Select(other => other.Host));
    }

    public static Task CutFromGatewaysAsync(Scene scene)
    {
        var silo = scene.ChooseSilo();
        scene.Strike(silo);
        return CutAsync(scene, silo.Host, scene.Cluster.Gateways.Select(gateway => gateway.Host));
    }

    public static async Task UnplugAsync(Scene scene)
    {
        var silo = scene.ChooseSilo();
        scene.Strike(silo);
        await scene.Cluster.Network.UnplugAsync(silo.Host);
        await scene.WaitForAllAccountsAsync();
        await Scene.PauseAsync(3);
        await scene.Cluster.Network.PlugInAsync(silo.Host);
        await scene.RestoreAsync();
    }

    private static async Task CutAsync(Scene scene, ClusterHost host, IEnumerable<ClusterHost> others)
    {
        var hosts = others.ToList();
        foreach (var other in hosts)
        {
            await scene.Cluster.Network.CutAsync(host, other);
        }

        await Scene.PauseAsync(CutSeconds);
        foreach (var other in hosts)
        {
            await scene.Cluster.Network.HealAsync(host, other);
        }

        await scene.RestoreAsync();
    }
}
