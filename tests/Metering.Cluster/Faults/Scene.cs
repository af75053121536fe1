using Metering.Cluster.Checking;
using Metering.Cluster.Load;
using Metering.Cluster.Processes;

namespace Metering.Cluster.Faults;

/// <summary>A running cluster under load, into which a fault comes.</summary>
internal sealed class Scene(LocalCluster cluster, Callers callers, Random chance)
{
    /// <summary>A fault has not been survived when the service takes longer than this to come back. Far above what is promised: machines are busy at times.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan HealthPoll = TimeSpan.FromMilliseconds(100);

    public LocalCluster Cluster => cluster;

    public Callers Callers => callers;

    public Random Chance => chance;

    /// <summary>When the fault came, since the callers began.</summary>
    public TimeSpan StruckAt { get; private set; }

    /// <summary>When whatever had ended was started again; the latest of several times, and never while nothing was.</summary>
    public TimeSpan RestoredAt { get; private set; } = TimeSpan.MaxValue;

    /// <summary>The silo it came over, if it was one.</summary>
    public SiloProcess? Victim { get; private set; }

    /// <summary>Things that are not as promised, in words.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>What was measured besides, in words.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>What others than the callers of the round were told that they used.</summary>
    public List<UsageLine> OthersUsage { get; } = [];

    public SiloProcess ChooseSilo() => cluster.Silos[chance.Next(cluster.Silos.Count)];

    /// <summary>From here on waits count as the fault's.</summary>
    public void Strike(SiloProcess? victim)
    {
        StruckAt = callers.Now;
        Victim = victim;
    }

    /// <summary>Done when every account has answered something that was asked from now on.</summary>
    public async Task WaitForAllAccountsAsync()
    {
        if (await callers.AllAnsweredSinceAsync(callers.Now, Patience) >= Patience)
        {
            Faults.Add($"Some accounts had no answer for {Patience.TotalSeconds} s.");
        }
    }

    /// <summary>Done when every silo says of itself that it is so.</summary>
    /// <param name="status"><c>ready</c> or <c>degraded</c>.</param>
    /// <param name="reason">A part of its reasons.</param>
    public async Task WaitForHealthAsync(string status, string reason)
    {
        var began = callers.Now;
        foreach (var silo in cluster.Silos)
        {
            using var polls = new PeriodicTimer(HealthPoll);
            var last = await silo.ReadHealthAsync();
            while ((last.Status != status || !last.Reasons.Contains(reason, StringComparison.Ordinal)) && callers.Now - began < Patience)
            {
                await polls.WaitForNextTickAsync();
                last = await silo.ReadHealthAsync();
            }

            Require(
                last.Status == status && last.Reasons.Contains(reason, StringComparison.Ordinal),
                $"{silo.Name} should say that it is {status} ({reason}), and says after {Patience.TotalSeconds} s that it is {last.Status}: {last.Reasons}");
        }
    }

    public static Task PauseAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds));

    /// <summary>A moment that differs from run to run, and not from run to run with the same seed.</summary>
    public Task PauseAsync(double minSeconds, double maxSeconds) => PauseAsync(minSeconds + (chance.NextDouble() * (maxSeconds - minSeconds)));

    public void Note(string measured) => Notes.Add(measured);

    public void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            Faults.Add(otherwise);
        }
    }

    /// <summary>Starts again whatever has ended, and waits until all is well.</summary>
    public async Task RestoreAsync()
    {
        RestoredAt = callers.Now;
        using var timeout = new CancellationTokenSource(Patience);
        try
        {
            await cluster.RestoreAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Faults.Add($"The cluster was not whole again within {Patience.TotalSeconds} s.");
        }
    }
}
