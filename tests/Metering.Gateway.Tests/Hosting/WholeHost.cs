using Metering.Standalone;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>The whole server in this process: gateway, silo, grains, and a store in a directory of its own.</summary>
internal sealed class WholeHost : IHttpHost, IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _directory;

    private WholeHost(WebApplication app, DirectoryInfo directory)
    {
        _app = app;
        _directory = directory;
        var endpoints = app.Services.GetRequiredService<GatewayEndpoints>();
        Http = new HttpClient { BaseAddress = new Uri(endpoints.Http) };
        GrpcAddress = new Uri(endpoints.Grpc);
    }

    public HttpClient Http { get; }

    public string DataDirectory => _directory.FullName;

    public Uri GrpcAddress { get; }

    public static async Task<WholeHost> Start(params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("metering-gateway-");
        var app = StandaloneHost.Build([$"--Metering:DataDirectory={directory.FullName}", "--Metering:HttpPort=0", "--Metering:GrpcPort=0", "--Logging:LogLevel:Default=Error", .. settings]);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new WholeHost(app, directory);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
