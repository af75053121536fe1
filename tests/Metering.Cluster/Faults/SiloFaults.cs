using Metering.Cluster.Load;
using Metering.Cluster.Processes;

namespace Metering.Cluster.Faults;

/// <summary>What happens to silos.</summary>
internal static class SiloFaults
{
    private const int Kills = 3;

    /// <summary>Another cluster, by membership; the same journal, by the service's name.</summary>
    private static readonly Dictionary<string, string> Rival = new() { ["ClusterId"] = "rival" };

    /// <summary>Well beyond failure detection: the others have declared it dead by then, and its partitions have new owners.</summary>
    private const double LongPauseSeconds = 12;

    public static async Task KillAsync(Scene scene)
    {
        var silo = scene.ChooseSilo();
        scene.Strike(silo);
        await KillInMidAppendAsync(scene, silo);
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
            await KillInMidAppendAsync(scene, silo);
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

    /// <summary>
    /// Two clusters that know nothing of each other share every log: each of their silos is the owner of all it sees, by all it can know. Only the fence in the store stands between them.
    /// Callers go to the gateways of both.
    /// </summary>
    public static async Task OwnTwiceAsync(Scene scene)
    {
        using var timeout = new CancellationTokenSource(Scene.Patience);
        var silo = await scene.Cluster.AddSiloAsync(Rival);
        await silo.WaitReadyAsync(timeout.Token);
        var gateway = await scene.Cluster.AddGatewayAsync(Rival);
        await gateway.WaitReadyAsync(timeout.Token);
        scene.Strike(victim: null);
        scene.Callers.AddGateway(gateway.Http);
        await Scene.PauseAsync(8);
        await scene.Cluster.RemoveAsync(gateway);
        await scene.Cluster.RemoveAsync(silo);
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

    /// <summary>As an upgrade does it. Whoever uses the client library must not notice but by waiting.</summary>
    public static async Task RestartOneByOneAsync(Scene scene)
    {
        await using var customers = await LibraryCallers.BeginAsync(scene.Cluster, $"library{scene.Chance.Next():x}");
        scene.Strike(victim: null);
        foreach (var process in scene.Cluster.Silos.Select(silo => silo.Process).Concat(scene.Cluster.Gateways.Select(gateway => gateway.Process)).ToList())
        {
            await StopAsync(scene, process);
            await scene.RestoreAsync();
        }

        await customers.EndAsync();
        scene.Note(customers.ToString());
        scene.Require(customers.Failures.Count == 0, $"Of calls by the client library {customers.Failures.Count} failed: {string.Join("; ", customers.Failures.Distinct().Take(5))}");
        scene.Faults.AddRange(await customers.WrongAccountsAsync());
        scene.OthersUsage.AddRange(customers.Used);
    }

    /// <summary>As an autoscaler does it: two more at once, then one after the other goes, whichever, to one fewer than there were, and another comes.</summary>
    public static async Task ScaleOutAndInAsync(Scene scene)
    {
        scene.Strike(victim: null);
        var usual = scene.Cluster.Silos.Count;
        await AddSilosAsync(scene, 2);
        await Scene.PauseAsync(1);
        while (scene.Cluster.Silos.Count >= usual)
        {
            var silo = scene.ChooseSilo();
            await StopAsync(scene, silo.Process);
            await scene.Cluster.RemoveAsync(silo);
            await scene.PauseAsync(0, 1);
        }

        await AddSilosAsync(scene, 1);
    }

    private static async Task AddSilosAsync(Scene scene, int count)
    {
        using var timeout = new CancellationTokenSource(Scene.Patience);
        var joining = new List<SiloProcess>();
        for (var i = 0; i < count; i++)
        {
            joining.Add(await scene.Cluster.AddSiloAsync());
        }

        await Task.WhenAll(joining.Select(silo => silo.WaitReadyAsync(timeout.Token)));
    }

    private static async Task StopAsync(Scene scene, ServerProcess process)
    {
        var exitCode = await process.StopAsync();
        scene.Require(exitCode == 0, $"{process.Name} was asked to stop and ended with exit code {exitCode}.");
    }

    /// <summary>Redis stands still for a moment before, so that the silo dies with appends under way and answers that wait for them.</summary>
    private static async Task KillInMidAppendAsync(Scene scene, SiloProcess silo)
    {
        scene.Cluster.Redis.Process.Pause();
        await Scene.PauseAsync(0.03);
        await silo.Process.KillAsync();
        scene.Cluster.Redis.Process.Continue();
    }
}
