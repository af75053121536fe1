using System.Globalization;
using Metering.Cluster;
using Metering.Cluster.Faults;

namespace Metering.EndToEnd.Tests.Cluster;

/// <summary>
/// Everything that may happen to a cluster, once each, under load, on one cluster of real processes. <c>METERING_FAULT_SEED</c> repeats the choices of a run;
/// <c>./test --soak MINUTES</c> does the same at random for longer.
/// </summary>
public sealed class FaultTests(SharedFolderCluster fixture) : IClassFixture<SharedFolderCluster>
{
    /// <summary>Far above what is promised, for these machines are busy: it says that the service came back, not how fast.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    /// <summary>The one of Azure's storage comes over the cluster that has its ledger there as well: <see cref="BlobLedgerTests"/>.</summary>
    public static TheoryData<string> Faults { get; } = [.. Fault.All.Where(fault => fault != Fault.KillAzurite).Select(fault => fault.Name)];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Nothing_acknowledged_is_lost_or_doubled_when(string what)
    {
        var fault = Fault.All.Single(fault => fault.Name == what);
        if (fault.CutsLinks && await fixture.GetAsync() is not null && fixture.Uncut is { } reason)
        {
            ClusterFixture.SkipWithoutLinks(reason);
        }

        await SurviveAsync(fixture, fault);
    }

    /// <summary>Those after which partitions are elsewhere than before, and each silo adds up others than those it charged: then usage is compared too.</summary>
    private static readonly Fault[] MovingPartitions = [Fault.KillSilo, Fault.TwoOwners, Fault.RestartAll];

    /// <summary>Lets a fault come over a cluster, and compares its accounts and its ledger with what their callers were told.</summary>
    internal static async Task SurviveAsync(ClusterFixture fixture, Fault fault)
    {
        var cluster = await fixture.GetAsync();
        var seed = Environment.GetEnvironmentVariable("METERING_FAULT_SEED") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : Random.Shared.Next();
        var report = await new Round(cluster, fault, fixture.NextName(), seed, comparesUsage: MovingPartitions.Contains(fault)).RunAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{report} (METERING_FAULT_SEED={seed})");
        if (!report.Verdict.IsClean)
        {
            await Evidence.WriteAsync(cluster.Directory, report);
            fixture.KeepEvidence();
        }

        Assert.True(report.Verdict.IsClean, $"{report.Verdict}{Environment.NewLine}Logs and records: {cluster.Directory}");
        Assert.True(report.Waits.Longest < Patience, $"Somebody waited {report.Waits.Longest.TotalSeconds:F1} s for an answer.");
    }
}
