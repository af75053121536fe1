using System.Net;
using System.Net.Sockets;
using Metering.Contracts.Settings;
using Metering.Gateway;
using Metering.Grains.Audit;
using Metering.Grains.Journal;
using Metering.Ledger.Segments;
using Metering.Silo;
using Metering.Silo.Ledger;
using Metering.Silo.Storage.Embedded;
using Orleans.Configuration;

namespace Metering.Standalone;

/// <summary>One process: silo and gateway over one data directory.</summary>
public static class StandaloneHost
{
    private const string ClusterName = "metering";

    /// <summary>In the data directory.</summary>
    internal const string LedgerFolder = "ledger";

    /// <summary>Addresses of grains that Orleans caches. They are all in this silo's own directory: a second copy of a million would only take their memory.</summary>
    private const int MaxCachedAddresses = 1_000;

    /// <summary>
    /// Snapshots under way, twice as many as a partition of a cluster has: here one partition has all accounts. Each waits for its commit and two writes; with 64 they fell behind charges
    /// that were spread evenly over 10,000 accounts, until the log was full and one in twelve was refused.
    /// </summary>
    private const int MaxConcurrentCheckpoints = 128;

    /// <summary>How long a stop may take to finish what was accepted and to write what changed.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Builds the host; nothing is opened or listened on before it starts.</summary>
    /// <exception cref="SettingsException">A setting cannot be used.</exception>
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var settings = StandaloneSettings.From(builder.Configuration);
        builder.Services.AddSingleton(settings);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        builder.Logging.AddFilter("Orleans", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Polly", LogLevel.Warning);

        // What Orleans says of a grain service is said in that service's name: its ranges, which mean nothing here.
        builder.Logging.AddFilter("Metering.Grains.Routing.ChargeRouterService", LogLevel.Warning);

        // A start that fails is told in one line by whoever called for it, not in a page here as well.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);

        // Its first round takes the machine's uptime for its own and reports a stall that was none.
        builder.Logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Host.UseOrleans(silo => (settings.Dashboard ? silo.AddMeteringDashboard() : silo)
            .UseLocalhostClustering(siloPort: FreePort(), gatewayPort: 0, serviceId: ClusterName, clusterId: ClusterName)
            .Configure<GrainDirectoryOptions>(static directory => directory.CacheSize = MaxCachedAddresses)
            .AddEmbeddedStore(new EmbeddedStoreOptions { DataDirectory = settings.DataDirectory })
            .AddLedger(settings)
            .AddMetering(
                settings.Keeping.Apply,
                journal =>
                {
                    settings.Keeping.Apply(journal);
                    settings.Archiving.Apply(journal);
                    journal.MaxConcurrentCheckpoints = MaxConcurrentCheckpoints;
                },
                rateCards => rateCards.LeadTime = TimeSpan.Zero));
        builder.Services.Configure<AuditOptions>(settings.Keeping.Apply);
        builder.AddMeteringGateway(gateway =>
        {
            gateway.Address = settings.Address;
            gateway.Access = settings.Access.ToOptions();
            gateway.Tls = settings.Tls.ToOptions();
            gateway.Dashboard = settings.Dashboard;
            gateway.HttpPort = settings.HttpPort;
            gateway.GrpcPort = settings.GrpcPort;
        });

        builder.Services.AddHealthChecks().AddCheck<LedgerHealthCheck>("ledger", tags: [GatewayHosting.Readiness]);

        // Last, so that the grains answer by the time it asks them.
        builder.Services.AddHostedService<SampleRateCard>();
        var app = builder.Build();
        app.MapMeteringGateway();
        return app;
    }

    /// <summary>Starts, says where everything is, and runs until it is told to stop.</summary>
    public static async Task RunStandaloneAsync(this WebApplication app)
    {
        await app.StartAsync();
        await Console.Out.WriteLineAsync(Welcome.Text(app));
        await app.WaitForShutdownAsync();
    }

    /// <summary>Whether a failed start is for whoever started it to mend (a setting, a directory, a port), and the line that tells how.</summary>
    public static bool IsOperatorsToMend(Exception failure, out string line) =>
        FailedStart.IsOperatorsToMend(failure, static cause => cause is JournalSettingsException or DataDirectoryException or JournalStoreException or LedgerStoreException, out line);

    private static ISiloBuilder AddLedger(this ISiloBuilder silo, StandaloneSettings settings) => settings.Ledger switch
    {
        LedgerPlace.Folder => silo.AddFolderLedger(Path.Combine(settings.DataDirectory, LedgerFolder)).AddLedgerUpkeep(settings.Archiving),
        LedgerPlace.Off => silo,
    };

    /// <summary>Orleans wants a port of its own even when there is nobody else to talk to.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
