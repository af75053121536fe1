using System.Net;
using System.Net.Sockets;
using Metering.Contracts.Settings;
using Metering.Grains.Journal;
using Metering.Ledger.Segments;
using Metering.Silo.Health;
using Metering.Silo.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Silo;

/// <summary>A silo in a process of its own, or in a host that adds something to it.</summary>
public static class SiloProcess
{
    /// <summary>Builds the host; nothing is connected to or listened on before it starts.</summary>
    /// <exception cref="SettingsException">A setting cannot be used.</exception>
    public static IHost Build(string[] args) => Build(args, static (silo, settings) =>
    {
        if (settings.Snapshots == SnapshotPlace.Custom)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(SiloSettings.Snapshots))} is {SnapshotPlace.Custom}; that is for a host of your own that adds a grain storage named '{AccountStorage.ProviderName}'. Set {SnapshotPlace.Azure} or {SnapshotPlace.Redis}.");
        }

        return silo;
    });

    /// <summary>Builds a host that adds something of its own, a grain storage named <see cref="AccountStorage.ProviderName"/> for one.</summary>
    /// <exception cref="SettingsException">A setting cannot be used.</exception>
    public static IHost Build(string[] args, Func<ISiloBuilder, SiloSettings, ISiloBuilder> add)
    {
        // Health is listened for before the silo starts and until it has stopped: services start in this order and stop in the other.
        var host = Host.CreateDefaultBuilder(args).UseContentRoot(AppContext.BaseDirectory);
        host.ConfigureLogging(AddLogging);
        host.ConfigureWebHost(static web => web.UseKestrelCore().Configure(HealthEndpoints.Map));
        host.UseOrleans((context, silo) =>
        {
            var settings = SiloSettings.From(context.Configuration);
            silo.Services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.ShutdownTimeout);
            silo.Services.AddSiloHealth(settings);
            silo.Services.AddSiloTelemetry(context.Configuration, new IPEndPoint(settings.AdvertisedAddress, settings.SiloPort).ToString());
            add(silo.AddMeteringCluster(settings), settings);
        });
        return host.Build();
    }

    /// <summary>Starts, says so once the silo is active, and runs until it is told to stop.</summary>
    public static async Task RunSiloAsync(this IHost silo)
    {
        var settings = silo.Services.GetRequiredService<SiloSettings>();
        try
        {
            await silo.StartAsync();
        }
        catch (Exception refused) when (refused is SocketException or AddressInUseException)
        {
            // What the system says does not name the address.
            throw new SettingsException(
                $"it cannot listen on {MeteringCluster.ListeningAddress(settings)}, port {settings.SiloPort} or {settings.ClientPort}: {refused.Message}.");
        }

        var endpoint = new IPEndPoint(settings.AdvertisedAddress, settings.SiloPort);
        await Console.Out.WriteLineAsync(
            $"Metering silo ready: silo {endpoint}, clients {settings.ClientPort}, health {silo.Services.GetRequiredService<HealthAddress>().Http}");
        await silo.WaitForShutdownAsync();
    }

    /// <summary>Whether a failed start is for whoever started it to mend (a setting, a store, a port), and the line that tells how.</summary>
    public static bool IsOperatorsToMend(Exception failure, out string line) => FailedStart.IsOperatorsToMend(
        failure,
        static cause => cause is JournalSettingsException or JournalStoreException or JournalUnavailableException or LedgerStoreException or OrleansConfigurationException,
        out line);

    private static void AddLogging(ILoggingBuilder logging)
    {
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Azure", LogLevel.Warning);
        logging.AddFilter("Polly", LogLevel.Warning);

        // What Orleans says of a grain service is said in that service's name: its ranges, which mean nothing here.
        logging.AddFilter("Metering.Grains.Routing.ChargeRouterService", LogLevel.Warning);

        // A start that fails is told in one line by whoever called for it, not in pages here as well.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        logging.AddFilter("Orleans.Runtime.SiloLifecycleSubject", LogLevel.Critical);
        logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Critical);

        // Its first round takes the machine's uptime for its own and reports a stall that was none.
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
    }
}
