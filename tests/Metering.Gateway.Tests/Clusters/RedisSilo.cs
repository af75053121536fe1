using Metering.Silo;
using Metering.Silo.Storage.Embedded;
using Metering.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using StackExchange.Redis;

namespace Metering.Gateway.Tests.Clusters;

/// <summary>A cluster of one silo, found through Redis, with its data in a directory: whoever starts it again goes on where it was.</summary>
internal sealed class RedisSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private RedisSilo(IHost host) => _host = host;

    /// <summary>Starts it on free ports: another address than any silo before.</summary>
    public static Task<RedisSilo> Start(string redis, DirectoryInfo directory) => Start(redis, directory, FreePort.Next(), FreePort.Next());

    public static Task<RedisSilo> Start(string redis, DirectoryInfo directory, int siloPort, int clientPort) => Start(redis, directory, siloPort, clientPort, static _ => { });

    public static Task<RedisSilo> StartWithDashboard(string redis, DirectoryInfo directory) =>
        Start(redis, directory, FreePort.Next(), FreePort.Next(), static silo => silo.AddMeteringDashboard());

    private static async Task<RedisSilo> Start(string redis, DirectoryInfo directory, int siloPort, int clientPort, Action<ISiloBuilder> configure)
    {
        var host = new HostBuilder()
            .ConfigureLogging(logging => logging.ClearProviders())
            .UseOrleans(silo => Configured(silo, configure)
                .UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse(redis))
                .Configure<ClusterOptions>(cluster => cluster.ServiceId = cluster.ClusterId = "metering")
                .ConfigureEndpoints("127.0.0.1", siloPort, clientPort)
                .AddEmbeddedStore(new EmbeddedStoreOptions { DataDirectory = directory.FullName })
                .AddMetering(_ => { }, _ => { }, rateCards => rateCards.LeadTime = TimeSpan.Zero))
            .Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        return new RedisSilo(host);
    }

    private static ISiloBuilder Configured(ISiloBuilder silo, Action<ISiloBuilder> configure)
    {
        configure(silo);
        return silo;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
