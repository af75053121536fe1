using Metering.Cluster;
using Metering.Cluster.Network;

namespace Metering.EndToEnd.Tests.Cluster;

/// <summary>One cluster for a class of tests, started by the first that needs it. Whatever a test left dead is started again for the next.</summary>
public abstract class ClusterFixture : IAsyncLifetime
{
    private static readonly TimeSpan RestartPatience = TimeSpan.FromSeconds(60);

    private readonly LedgerPlace _ledger;
    private LocalCluster? _cluster;
    private bool _keepEvidence;
    private int _rounds;

    private protected ClusterFixture(LedgerPlace ledger) => _ledger = ledger;

    /// <summary>Why links cannot be cut here; null when they can.</summary>
    public string? Uncut { get; private set; }

    public string NextName() => $"f{++_rounds}";

    public void KeepEvidence() => _keepEvidence = true;

    internal async Task<LocalCluster> GetAsync()
    {
        if (LocalCluster.WhyNot() is { } reason)
        {
            SkipOrFail(reason);
        }

        if (_cluster is null)
        {
            (_cluster, Uncut) = await TestCluster.StartAsync(mayCutLinks: true, mayKillAzurite: true, _ledger, TestCluster.Busy);
        }

        using var timeout = new CancellationTokenSource(RestartPatience);
        await _cluster.RestoreAsync(timeout.Token);
        return _cluster;
    }

    public static void SkipWithout(string reason) => SkipOrFail(reason);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_cluster is { } cluster)
        {
            await (_keepEvidence ? cluster.DisposeAsync() : cluster.DisposeWithFilesAsync());
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Without the tool there is nothing to try; where it is there and fails, a build machine has a mistake.</summary>
    public static void SkipWithoutLinks(string reason)
    {
        if (NamespaceNetwork.HasTool)
        {
            SkipOrFail(reason);
        }

        Assert.Skip(reason);
    }

    // On a build machine a test that cannot run is a mistake of that machine.
    private static void SkipOrFail(string reason)
    {
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", reason);
        Assert.Skip(reason);
    }
}

/// <summary>Its ledger is in a directory that all silos share: it costs the machine least, so every fault comes over this one.</summary>
public sealed class SharedFolderCluster() : ClusterFixture(LedgerPlace.Folder);

/// <summary>Its ledger is in Azure Blob Storage.</summary>
public sealed class BlobLedgerCluster() : ClusterFixture(LedgerPlace.Azure);
