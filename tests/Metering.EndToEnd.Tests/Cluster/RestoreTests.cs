using Metering.Cluster;

namespace Metering.EndToEnd.Tests.Cluster;

/// <summary>A cluster that goes back to copies of its stores: Storage first, Redis after, within the time that the journal is kept for it.</summary>
public sealed class RestoreTests : CallerTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static readonly Dictionary<string, string> Keeping = new(TestCluster.Busy) { ["CheckpointInterval"] = "00:00:01", ["TrimDelay"] = "00:05:00", ["Partitions"] = "8" };

    [Fact]
    public async Task A_cluster_restored_from_copies_of_different_moments_is_as_it_was_at_the_later_one()
    {
        if (LocalCluster.WhyNot() is { } reason)
        {
            ClusterFixture.SkipWithout(reason);
        }

        var (cluster, _) = await TestCluster.StartAsync(mayCutLinks: false, mayKillAzurite: true, LedgerPlace.Off, Keeping);
        await using var ending = cluster;
        using var api = Call(cluster);
        await CreateAccountsAsync(api);
        await TopUpAsync(api, "start");
        var callers = new Callers(Accounts, "restore", seed: 1);
        var acknowledged = new HashSet<string>();
        var (storage, journal) = ("", "");
        await CallUntilAsync(callers, api, callers.AnsweredAsync(500), async () =>
        {
            // Nothing moves in Storage while it is copied: it is of one moment.
            cluster.Azurite.Process.Pause();
            storage = cluster.Azurite.Files.Copy();
            cluster.Azurite.Process.Continue();
            await callers.AnsweredAfterAsync(callers.Elapsed + TimeSpan.FromSeconds(3));
            acknowledged = [.. callers.RecordsSoFar().Where(static record => record.Fate == ChargeFate.Charged).Select(static record => record.Id)];
            journal = cluster.Redis.Files.Copy();
            await callers.AnsweredAfterAsync(callers.Elapsed + TimeSpan.FromSeconds(1));
            await StopAllAsync(cluster);
        });

        await RestoreAsync(cluster, storage, journal);
        using var restored = Call(cluster);
        var missing = (await new Settlement(restored, Cancellation).ReadBackAsync(callers.Records)).Missing;
        var lost = missing.Where(record => acknowledged.Contains(record.Id)).Take(5).ToList();
        Assert.True(lost.Count == 0, $"Acknowledged before Redis was copied, and gone: {string.Join("; ", lost)}");
        Say($"{acknowledged.Count} charges before the copy of Redis, {missing.Count} gone with what came after it, {callers.Records.Count} in all");
        foreach (var record in missing)
        {
            record.Lose();
        }

        await SettleAsync(restored, callers.Records);
    }

    private static MeteringApi Call(LocalCluster cluster) => new(cluster.Gateways[^1].Http, maxConnections: 128, TimeSpan.FromSeconds(30), key: null);

    private static async Task StopAllAsync(LocalCluster cluster)
    {
        foreach (var gateway in cluster.Gateways.ToList())
        {
            await cluster.RemoveAsync(gateway);
        }

        foreach (var silo in cluster.Silos.ToList())
        {
            await cluster.RemoveAsync(silo);
        }

        await cluster.Redis.Process.KillAsync();
        await cluster.Azurite.Process.KillAsync();
    }

    private static async Task RestoreAsync(LocalCluster cluster, string storage, string journal)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        timeout.CancelAfter(Patience);
        cluster.Azurite.Files.PutBack(storage);
        cluster.Redis.Files.PutBack(journal);
        cluster.Azurite.Process.Restart();
        cluster.Redis.Process.Restart();
        await cluster.Azurite.WaitReadyAsync(timeout.Token);
        await cluster.Redis.WaitReadyAsync(timeout.Token);
        var restore = await Tool.RunAsync(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Metering.Silo.dll"), "restore", $"--Metering:Redis={cluster.Redis.ConnectionString}", $"--Metering:AzureStorage={cluster.Azurite.ConnectionString}",
                "--Metering:AdvertisedAddress=127.0.0.1", "--Metering:Partitions=8",
            ],
            AppContext.BaseDirectory,
            timeout.Token);
        Assert.True(restore.ExitCode == 0, $"{restore}");
        Say(restore.Output.TrimEnd());
        await cluster.AddSiloAsync();
        await cluster.AddSiloAsync();
        await cluster.AddGatewayAsync();
        await cluster.WaitReadyAsync(timeout.Token);
    }
}
