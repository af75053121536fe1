using Metering.Cluster.Network;

namespace Metering.Cluster;

/// <summary>The cluster that faults come over.</summary>
internal static class TestCluster
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(90);

    /// <summary>The defaults, but that a card published a moment ago is in effect.</summary>
    public static IReadOnlyDictionary<string, string> AsDelivered { get; } = new Dictionary<string, string> { ["LeadTime"] = "00:00:01" };

    /// <summary>For faults.</summary>
    public static IReadOnlyDictionary<string, string> Busy { get; } = new Dictionary<string, string>
    {
        // Everything acknowledged is asked for again at the end: no id may have made room for a newer one.
        ["MaxIds"] = "1000000",

        // Snapshots and trims must happen while faults do.
        ["CheckpointInterval"] = "00:00:05",
        ["ArchiveInterval"] = "00:00:03",
        ["LeadTime"] = "00:00:01",
    };

    /// <summary>For faults that go on for long: with an interval as short as above each hour would have tens of thousands of segments, and every question about usage reads those of its hours.</summary>
    public static IReadOnlyDictionary<string, string> BusyForLong { get; } = new Dictionary<string, string>(Busy) { ["ArchiveInterval"] = "00:00:20" };

    /// <summary>Three silos and two gateways in a new directory, the sample card published.</summary>
    /// <param name="mayCutLinks">Whether each host gets a network of its own, where that is possible.</param>
    /// <param name="mayKillAzurite">Whether Azurite must not lose what it acknowledged.</param>
    /// <param name="ledger">Where it keeps its ledger.</param>
    /// <param name="siloSettings">Of each silo.</param>
    /// <returns>The cluster, and why its links cannot be cut, if they cannot.</returns>
    public static async Task<(LocalCluster Cluster, string? Uncut)> StartAsync(
        bool mayCutLinks, bool mayKillAzurite, LedgerPlace ledger, IReadOnlyDictionary<string, string> siloSettings)
    {
        var (network, reason) = mayCutLinks ? await NamespaceNetwork.TryCreateAsync() : (null, "It was not asked for.");
        var options = new ClusterOptions
        {
            Directory = Directory.CreateTempSubdirectory("metering-cluster-").FullName,
            IsAzuriteDurable = mayKillAzurite,
            Ledger = ledger,
            SiloSettings = siloSettings,
        };
        using var timeout = new CancellationTokenSource(StartPatience);
        var cluster = await LocalCluster.StartAsync(network ?? (ClusterNetwork)new LoopbackNetwork(), options, timeout.Token);
        try
        {
            await SampleCard.PublishAsync(cluster.Gateways.Select(gateway => gateway.Http));
            return (cluster, network is null ? reason : null);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }
}
