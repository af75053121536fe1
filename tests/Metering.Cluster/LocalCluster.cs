using Metering.Cluster.Network;
using Metering.Cluster.Processes;
using Metering.TestServers;

namespace Metering.Cluster;

/// <summary>Redis, Azurite, silos and gateways, each a process of its own on this machine.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private static readonly Dictionary<string, string> NoMore = [];

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly ClusterOptions _options;
    private readonly List<SiloProcess> _silos = [];
    private readonly List<GatewayProcess> _gateways = [];
    private int _silosStarted;
    private int _gatewaysStarted;
    private bool _disposed;

    private LocalCluster(ClusterNetwork network, ClusterOptions options)
    {
        Network = network;
        _options = options;
        Redis = RedisProcess.Start(network.Home, options.Directory, options.AppendFsync, options.Launcher);
        Azurite = AzuriteProcess.Start(network.Home, options.Directory, options.IsAzuriteDurable, options.Launcher);
        Ledger = options.Ledger == LedgerPlace.Off ? null : new LedgerFiles(options.Ledger, options.Directory, Azurite.ConnectionString);
    }

    public ClusterNetwork Network { get; }

    public RedisProcess Redis { get; }

    public AzuriteProcess Azurite { get; }

    public IReadOnlyList<SiloProcess> Silos => _silos;

    public IReadOnlyList<GatewayProcess> Gateways => _gateways;

    /// <summary>Null when it keeps none.</summary>
    public LedgerFiles? Ledger { get; }

    public string Directory => _options.Directory;

    public string LogDirectory => Path.Combine(_options.Directory, "logs");

    /// <summary>Every process there is, those that have ended included.</summary>
    public IEnumerable<ServerProcess> Processes =>
        [Redis.Process, Azurite.Process, .. _silos.Select(silo => silo.Process), .. _gateways.Select(gateway => gateway.Process)];

    /// <summary>Why no cluster can be started here; null when it can.</summary>
    public static string? WhyNot() => RedisServer.Missing ?? AzuriteServer.Missing;

    /// <summary>Starts everything and waits until all of it is ready. The network goes with the cluster.</summary>
    public static async Task<LocalCluster> StartAsync(ClusterNetwork network, ClusterOptions options, CancellationToken cancellationToken)
    {
        var cluster = new LocalCluster(network, options);
        try
        {
            await cluster.Redis.WaitReadyAsync(cancellationToken);
            await cluster.Azurite.WaitReadyAsync(cancellationToken);
            for (var number = 1; number <= options.Silos; number++)
            {
                await cluster.AddSiloAsync();
            }

            for (var number = 1; number <= options.Gateways; number++)
            {
                await cluster.AddGatewayAsync();
            }

            await cluster.WaitReadyAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts another silo; it is not ready yet.</summary>
    public Task<SiloProcess> AddSiloAsync() => AddSiloAsync(NoMore);

    /// <summary>Starts another silo, with settings of its own; it is not ready yet.</summary>
    public async Task<SiloProcess> AddSiloAsync(IReadOnlyDictionary<string, string> more)
    {
        var name = $"silo{++_silosStarted}";
        var host = await Network.AddHostAsync(name);
        var silo = SiloProcess.Start(name, host, _options.Directory, With(SiloSettings(), more), _options.Launcher);
        _silos.Add(silo);
        return silo;
    }

    /// <summary>Starts another gateway; it is not ready yet.</summary>
    public Task<GatewayProcess> AddGatewayAsync() => AddGatewayAsync(NoMore);

    /// <summary>Starts another gateway, with settings of its own; it is not ready yet.</summary>
    public async Task<GatewayProcess> AddGatewayAsync(IReadOnlyDictionary<string, string> more)
    {
        var name = $"gateway{++_gatewaysStarted}";
        var host = await Network.AddHostAsync(name);
        var settings = new Dictionary<string, string>(_options.GatewaySettings) { ["Redis"] = Redis.ConnectionString };
        var gateway = GatewayProcess.Start(name, host, _options.Directory, With(settings, more), _options.Launcher);
        _gateways.Add(gateway);
        return gateway;
    }

    /// <summary>A silo that is to be gone for good: killed, if it still runs, and forgotten.</summary>
    public async Task RemoveAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        await silo.DisposeAsync();
    }

    /// <summary>A gateway that is to be gone for good: killed, if it still runs, and forgotten.</summary>
    public async Task RemoveAsync(GatewayProcess gateway)
    {
        _gateways.Remove(gateway);
        await gateway.DisposeAsync();
    }

    public async Task WaitReadyAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_silos.Select(silo => silo.WaitReadyAsync(cancellationToken)));
        await Task.WhenAll(_gateways.Select(gateway => gateway.WaitReadyAsync(cancellationToken)));
    }

    /// <summary>
    /// Starts again whatever has ended, as an orchestrator would, and waits until all is ready and every silo is a member. One that was declared dead does not
    /// know at once, and seems ready until it does and ends.
    /// </summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        using var polls = new PeriodicTimer(PollInterval);
        while (true)
        {
            foreach (var process in Processes.Where(process => process.HasExited))
            {
                process.Restart();
            }

            await Redis.WaitReadyAsync(cancellationToken);
            await Azurite.WaitReadyAsync(cancellationToken);
            if (await AreReadyAsync(cancellationToken))
            {
                var members = await Membership.ReadAsync(Redis.ConnectionString);
                if (_silos.All(silo => members.IsActive(silo.Address)))
                {
                    return;
                }
            }

            await polls.WaitForNextTickAsync(cancellationToken);
        }
    }

    // False when one of them ended meanwhile.
    private async Task<bool> AreReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WaitReadyAsync(cancellationToken);
            return true;
        }
        catch (InvalidOperationException) when (Processes.Any(process => process.HasExited))
        {
            return false;
        }
    }

    /// <summary>Ends everything, and leaves no file.</summary>
    public async ValueTask DisposeWithFilesAsync()
    {
        await DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Ends everything; logs and data stay. Again: nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        foreach (var process in Processes.Reverse())
        {
            await process.DisposeAsync();
        }

        await Network.DisposeAsync();
    }

    private static Dictionary<string, string> With(Dictionary<string, string> settings, IReadOnlyDictionary<string, string> more)
    {
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }

        return settings;
    }

    private Dictionary<string, string> SiloSettings() => With(
        new(_options.SiloSettings)
        {
            ["Redis"] = Redis.ConnectionString,
            ["AzureStorage"] = Azurite.ConnectionString,
        },
        Ledger?.SiloSettings ?? NoMore);
}
