using Metering.Cluster;
using Metering.Cluster.Faults;

namespace Metering.EndToEnd.Tests.Cluster;

/// <summary>
/// Law 8, with force: two clusters that know nothing of each other, for their memberships differ, but share every log of the journal. Each silo is the
/// owner of every partition by all it can see; only the fence in the store tells them apart.
/// </summary>
public sealed class TwoOwnersTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private static readonly Dictionary<string, string> Rival = new() { ["ClusterId"] = "rival" };

    [Fact]
    public async Task Of_two_silos_that_both_own_a_partition_the_fence_lets_one_append_at_a_time()
    {
        var cluster = await fixture.GetAsync();
        using var timeout = new CancellationTokenSource(Scene.Patience);
        var silo = await cluster.AddSiloAsync(Rival);
        await silo.WaitReadyAsync(timeout.Token);
        var gateway = await cluster.AddGatewayAsync(Rival);
        await gateway.WaitReadyAsync(timeout.Token);

        // Callers go to the gateways of both.
        var fault = new Fault("two silos own the same partitions", CutsLinks: false, async scene =>
        {
            scene.Strike(victim: null);
            await Scene.PauseAsync(10);

            // In peace again, so that everybody is answered.
            await silo.Process.KillAsync();
            await gateway.Process.KillAsync();
        });
        var report = await new Round(cluster, fault, fixture.NextName(), seed: 1).RunAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{report}");
        if (!report.Verdict.IsClean)
        {
            await Evidence.WriteAsync(cluster.Directory, report);
            fixture.KeepEvidence();
        }

        Assert.True(report.Verdict.IsClean, $"{report.Verdict}{Environment.NewLine}Logs and records: {cluster.Directory}");
    }
}
