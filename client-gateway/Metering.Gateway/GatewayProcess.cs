using System.Net.Sockets;
using Metering.Contracts;
using Metering.Contracts.Settings;
using Metering.Gateway.Routing;
using Metering.Gateway.Routing.Lanes;
using Metering.Gateway.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace Metering.Gateway;

/// <summary>A gateway in a process of its own: a client of the silos that Redis names.</summary>
public static class GatewayProcess
{
    /// <summary>
    /// Two for each silo: one is written by one thread at a time, which is not enough for all the processors of a busy gateway; more only make smaller writes.
    /// </summary>
    private const int ConnectionsPerSilo = 2;

    /// <summary>
    /// A quarter of the requests it takes at once (<see cref="GatewayOptions.MaxConcurrentRequests"/>): however many callers wait for silos that are away, most
    /// places are left to those whose silos are well.
    /// </summary>
    private const int MaxConcurrentRetries = 2_048;

    /// <summary>
    /// How soon it hears of silos that came or went. One small read of Redis each time. A silo that hangs is left only when it is off the list, for its
    /// connections look well.
    /// </summary>
    private static readonly TimeSpan MembershipRefresh = TimeSpan.FromSeconds(1);

    /// <summary>Silos are near: one that has not taken a connection by then has vanished, and what waits for it goes elsewhere.</summary>
    private static readonly TimeSpan OpenConnectionTimeout = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>Builds the host; nothing is connected to or listened on before it starts.</summary>
    /// <exception cref="SettingsException">A setting cannot be used.</exception>
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var settings = GatewaySettings.From(builder.Configuration);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.ShutdownTimeout);
        builder.Services.AddSingleton(settings);
        AddLogging(builder.Logging);
        AddSilos(builder, settings);
        builder.AddMeteringGateway(gateway =>
        {
            gateway.Address = settings.Address;
            gateway.Access = settings.Access.ToOptions();
            gateway.Tls = settings.Tls.ToOptions();
            gateway.Dashboard = settings.Dashboard;
            gateway.HttpPort = settings.HttpPort;
            gateway.GrpcPort = settings.GrpcPort;
            gateway.SiloTimeout = settings.SiloTimeout;
            gateway.RequestTimeout = settings.RequestTimeout;
            gateway.MaxConcurrentRetries = MaxConcurrentRetries;
        });
        var app = builder.Build();
        app.MapMeteringGateway();
        return app;
    }

    /// <summary>Starts, says where it listens (whether or not there is a silo yet), and runs until it is told to stop.</summary>
    public static async Task RunGatewayAsync(this WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch (SocketException refused)
        {
            // What the system says does not name the address.
            throw new SettingsException($"it cannot listen on {app.Services.GetRequiredService<GatewaySettings>().Address}: {refused.Message}.");
        }

        var endpoints = app.Services.GetRequiredService<GatewayEndpoints>();
        await Console.Out.WriteLineAsync($"""
            Metering gateway listens; it is ready when it has found the silos.
              HTTP       {endpoints.Http}
              gRPC       {endpoints.Grpc}
              Reference  {endpoints.Http}/docs
              OpenAPI    {endpoints.Http}/openapi/v1.json
              Health     {endpoints.Http}/healthz/ready
              Access     {AccessOf(app.Services.GetRequiredService<GatewaySettings>())}
            Press Ctrl+C to stop.
            """);
        await app.WaitForShutdownAsync();
    }

    /// <summary>Whether a failed start is for whoever started it to mend (a setting, an address, a port), and the line that tells how.</summary>
    public static bool IsOperatorsToMend(Exception failure, out string line) => FailedStart.IsOperatorsToMend(failure, static _ => false, out line);

    private static string AccessOf(GatewaySettings settings) => settings.Access.Access switch
    {
        Access.Open => "anyone on this machine, until the first key is made (POST /v1/keys)",
        Access.Keys => "with a key",
    };

    private static void AddSilos(WebApplicationBuilder builder, GatewaySettings settings)
    {
        var services = builder.Services;
        var before = services.ToHashSet();
        builder.UseOrleansClient(client => (settings.Dashboard ? client.AddDashboard() : client)
            .UseRedisClustering(redis => redis.ConfigurationOptions = settings.Membership)
            .Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = settings.Cluster.ClusterId;
                cluster.ServiceId = settings.Cluster.ServiceId;
            })
            .Configure<Orleans.Configuration.GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = MembershipRefresh)
            .Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = settings.SiloTimeout)
            .Configure<ConnectionOptions>(connections =>
            {
                connections.ConnectionsPerEndpoint = ConnectionsPerSilo;
                connections.OpenConnectionTimeout = OpenConnectionTimeout;
                connections.ConnectionRetryDelay = ReconnectDelay;
            }));

        // Started by the host, the client would hold up everything until there is a silo. The gateway listens meanwhile and says what is missing.
        foreach (var started in services.Where(service => service.ServiceType == typeof(IHostedService) && !before.Contains(service)).ToList())
        {
            services.Remove(started);
        }

        SiloConnections.AddTo(services);
        services.AddSingleton<ClusterSilos>();
        services.AddSingleton<ISilos>(static provider => provider.GetRequiredService<ClusterSilos>());
        services.AddSingleton<IClientConnectionRetryFilter>(static provider => provider.GetRequiredService<ClusterSilos>());
        services.AddHostedService(static provider => provider.GetRequiredService<ClusterSilos>());
        services.AddSingleton<RouterAt>(static provider =>
        {
            var grains = provider.GetRequiredService<IGrainFactory>();
            return address => grains.GetGrain<IChargeRouterService>(ChargeRouting.At(address));
        });
        services.AddSingleton<ChargeLanes>().AddHostedService<ClusterMapRefresh>();
    }

    private static void AddLogging(ILoggingBuilder logging)
    {
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // A start that fails is told in one line by whoever called for it, not in a page here as well.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);

        // They tell every call that a silo did not answer, and every attempt to find one: the gateway says both itself, and less often.
        logging.AddFilter("Orleans.Runtime.CallbackData", LogLevel.Error);
        logging.AddFilter("Orleans.Runtime.Messaging.ConnectionManager", LogLevel.Error);
        logging.AddFilter("Orleans.Messaging", LogLevel.Error);

        // Every probe would hear of it again.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical);
    }
}
