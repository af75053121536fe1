using System.Globalization;
using Metering.Cluster.Load;

namespace Metering.Cluster.Faults;

/// <summary>What happens when there is more to do than can be done.</summary>
internal static class OverloadFaults
{
    private const int BusySeconds = 12;

    /// <summary>More than each gateway tries again at once, so that some must be refused.</summary>
    private const int CallersPerGateway = 3_000;
    private const int SlowTurns = 3;

    /// <summary>Far above what a silo needs for this load, and far below what it would take if its queues grew as long as callers came.</summary>
    private const long MaxSiloBytes = 2L << 30;

    private static readonly TimeSpan MaxRecovery = TimeSpan.FromSeconds(20);

    /// <summary>Threads that never wait, three for each processor: everybody is late, nobody is dead, and no silo may be taken for it.</summary>
    public static async Task KeepProcessorsBusyAsync(Scene scene)
    {
        scene.Strike(victim: null);
        var before = await Membership.ReadAsync(scene.Cluster.Redis.ConnectionString);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(BusySeconds));
        var threads = Enumerable.Range(0, 3 * Environment.ProcessorCount).Select(_ => new Thread(() => Spin(end.Token)) { IsBackground = true }).ToList();
        threads.ForEach(static thread => thread.Start());
        await Scene.PauseAsync(BusySeconds);
        threads.ForEach(static thread => thread.Join());
        var after = await Membership.ReadAsync(scene.Cluster.Redis.ConnectionString);
        scene.Require(
            before.Active.ToHashSet().SetEquals(after.Active),
            $"Silos were only busy, and some were declared dead or ended. Before: {string.Join(' ', before.Active)}. After: {string.Join(' ', after.Active)}.");
    }

    /// <summary>Redis answers for some milliseconds every other second, and thousands of callers do not care.</summary>
    public static async Task FloodSlowRedisAsync(Scene scene)
    {
        scene.Strike(victim: null);
        using var flood = await Flood.PrepareAsync(scene.Cluster, scene.Callers, $"flood{scene.Chance.Next():x}");
        flood.Begin(CallersPerGateway * scene.Cluster.Gateways.Count);
        var usual = await RateAsync(flood, TimeSpan.FromSeconds(2));
        var largest = 0L;
        for (var turn = 0; turn < SlowTurns; turn++)
        {
            scene.Cluster.Redis.Process.Pause();
            await Scene.PauseAsync(1.8);
            scene.Cluster.Redis.Process.Continue();
            await Scene.PauseAsync(0.02);
            largest = Math.Max(largest, scene.Cluster.Silos.Max(static silo => silo.Process.MemoryBytes));
        }

        var refused = flood.Refused;
        var recovery = await WaitForRateAsync(flood, usual / 2);
        await flood.EndAsync();
        var charges = await flood.ReadChargesAsync(scene.Callers);
        scene.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{usual:F0} charges/s before, {refused:N0} refused while Redis was slow, {largest >> 20} MB the largest silo, half of that rate again after {recovery.TotalSeconds:F1} s"));
        scene.Require(refused > 0, "Nobody was refused: this was no more load than a slow Redis takes.");
        scene.Require(flood.Surprises.Count == 0, $"The flood heard something else than an answer or a refusal with Retry-After: {string.Join("; ", flood.Surprises.Take(5))}");
        scene.Require(largest < MaxSiloBytes, $"A silo has grown to {largest >> 20} MB.");
        scene.Require(recovery < MaxRecovery, $"Redis was fast again, and {MaxRecovery.TotalSeconds} s later the cluster still was not half as fast as before.");
        scene.Require(charges.Count >= flood.Acknowledged && charges.Count <= flood.Sent, $"The flood sent {flood.Sent} charges, {flood.Acknowledged} were acknowledged, and the accounts have {charges.Count}.");
        scene.OthersUsage.AddRange(charges);
    }

    private static void Spin(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            Thread.SpinWait(1_000);
        }
    }

    private static async Task<double> RateAsync(Flood flood, TimeSpan during)
    {
        var (before, began) = (flood.Acknowledged, TimeProvider.System.GetTimestamp());
        await Task.Delay(during);
        return (flood.Acknowledged - before) / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<TimeSpan> WaitForRateAsync(Flood flood, double rate)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (await RateAsync(flood, TimeSpan.FromSeconds(0.5)) < rate && TimeProvider.System.GetElapsedTime(began) < MaxRecovery)
        {
        }

        return TimeProvider.System.GetElapsedTime(began);
    }
}
