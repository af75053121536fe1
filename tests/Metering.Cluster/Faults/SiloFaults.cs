namespace Metering.Cluster.Faults;

/// <summary>What happens to silos.</summary>
internal static class SiloFaults
{
    private const int Kills = 3;

    /// <summary>Well beyond failure detection: the others have declared it dead by then, and its partitions have new owners.</summary>
    private const double LongPauseSeconds = 12;

    public static async Task KillAsync(Scene scene)
    {
        var silo = scene.ChooseSilo();
        scene.Strike(silo);
        await silo.Process.KillAsync();
        await scene.WaitForAllAccountsAsync();
        await scene.RestoreAsync();
    }

    public static async Task KillAgainAndAgainAsync(Scene scene)
    {
        var silo = scene.ChooseSilo();
        scene.Strike(silo);
        for (var kill = 1; kill <= Kills; kill++)
        {
            // Sometimes while it is still starting, sometimes when it already has its partitions.
            await silo.Process.KillAsync();
            silo.Process.Restart();
            await scene.PauseAsync(0.2, 5);
        }

        await scene.RestoreAsync();
    }

    public static async Task KillAllAsync(Scene scene)
    {
        scene.Strike(victim: null);
        await Task.WhenAll(scene.Cluster.Silos.Select(silo => silo.Process.KillAsync()));
        await scene.PauseAsync(0, 1);
        await scene.RestoreAsync();
    }

    /// <summary>A process that wakes up does not know that it was declared dead: whatever it still wants to append must be refused by the store.</summary>
    public static async Task PauseAsync(Scene scene)
    {
        var silo = scene.ChooseSilo();
        scene.Strike(silo);
        silo.Process.Pause();
        await Scene.PauseAsync(LongPauseSeconds);
        silo.Process.Continue();

        // It finds itself declared dead and ends, to be started anew, or it joins again.
        await scene.RestoreAsync();
    }

    public static async Task RestartOneByOneAsync(Scene scene)
    {
        scene.Strike(victim: null);
        foreach (var process in scene.Cluster.Silos.Select(silo => silo.Process).Concat(scene.Cluster.Gateways.Select(gateway => gateway.Process)).ToList())
        {
            var exitCode = await process.StopAsync();
            scene.Require(exitCode == 0, $"{process.Name} was asked to stop and ended with exit code {exitCode}.");
            await scene.RestoreAsync();
        }
    }

    public static async Task JoinAndLeaveAsync(Scene scene)
    {
        scene.Strike(victim: null);
        var silo = await scene.Cluster.AddSiloAsync();
        using var timeout = new CancellationTokenSource(Scene.Patience);
        await silo.WaitReadyAsync(timeout.Token);
        await Scene.PauseAsync(2);
        var exitCode = await silo.Process.StopAsync();
        scene.Require(exitCode == 0, $"{silo.Name} was asked to leave and ended with exit code {exitCode}.");
        await scene.Cluster.RemoveAsync(silo);
    }
}
