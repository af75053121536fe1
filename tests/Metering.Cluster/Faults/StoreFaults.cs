namespace Metering.Cluster.Faults;

/// <summary>What happens to the stores, and to gateways.</summary>
internal static class StoreFaults
{
    private const int SlowTurns = 20;

    public static async Task KillGatewayAsync(Scene scene)
    {
        var gateway = scene.Cluster.Gateways[scene.Chance.Next(scene.Cluster.Gateways.Count)];
        scene.Strike(victim: null);
        await gateway.Process.KillAsync();
        await scene.WaitForAllAccountsAsync();
        await scene.RestoreAsync();
    }

    public static async Task KillRedisAsync(Scene scene)
    {
        scene.Strike(victim: null);
        await scene.Cluster.Redis.Process.KillAsync();
        await scene.PauseAsync(0, 3);
        await scene.RestoreAsync();
    }

    /// <summary>
    /// As when Redis' machine dies with <c>everysec</c>: it comes back with its file as it was a second before. The owners of the partitions are alive
    /// and still know what is missing.
    /// </summary>
    public static async Task LoseLastSecondAsync(Scene scene)
    {
        var redis = scene.Cluster.Redis;
        var before = redis.Files.Copy();
        await Scene.PauseAsync(1);
        scene.Strike(victim: null);
        await redis.Process.KillAsync();
        redis.Files.PutBack(before);
        await scene.PauseAsync(0, 0.5);
        await scene.RestoreAsync();
    }

    /// <summary>Redis stands still nine tenths of the time: every reply is late, and queues fill.</summary>
    public static async Task SlowRedisAsync(Scene scene)
    {
        scene.Strike(victim: null);
        for (var turn = 0; turn < SlowTurns; turn++)
        {
            scene.Cluster.Redis.Process.Pause();
            await Scene.PauseAsync(0.27);
            scene.Cluster.Redis.Process.Continue();
            await Scene.PauseAsync(0.03);
        }
    }

    /// <summary>Snapshots cannot be written; charging goes on from the journal alone, and silos say that they are degraded, and why, until snapshots can be written again.</summary>
    public static async Task KillAzuriteAsync(Scene scene)
    {
        scene.Strike(victim: null);
        await scene.Cluster.Azurite.Process.KillAsync();
        await Scene.PauseAsync(3);
        await scene.WaitForAllAccountsAsync();
        await scene.WaitForHealthAsync("degraded", "Azure Storage fails for the snapshots");
        await scene.WaitForAllAccountsAsync();
        await scene.RestoreAsync();
        await scene.WaitForHealthAsync("ready", "");
    }
}
