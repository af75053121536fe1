using Metering.Standalone;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>The whole server in this process: gateway, silo, grains, and a store in a directory of its own.</summary>
internal sealed class WholeHost : IHttpHost, IAsyncDisposable
{
    private readonly string[] _settings;
    private WebApplication _app;
    private readonly DirectoryInfo _directory;

    private WholeHost(WebApplication app, DirectoryInfo directory, string[] settings)
    {
        _app = app;
        _settings = settings;
        _directory = directory;
        var endpoints = app.Services.GetRequiredService<GatewayEndpoints>();
        Http = new HttpClient { BaseAddress = new Uri(endpoints.Http) };
        GrpcAddress = new Uri(endpoints.Grpc);
    }

    public HttpClient Http { get; private set; }

    public string DataDirectory => _directory.FullName;

    public Uri GrpcAddress { get; private set; }

    public IServiceProvider Services => _app.Services;

    public static async Task<WholeHost> Start(params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("metering-gateway-");
        return new WholeHost(await StartApp(directory, settings), directory, settings);
    }

    /// <summary>Stops it, and starts it on the same directory, at other ports.</summary>
    public Task Restart() => RestartWith(_settings);

    /// <summary>The same with other settings.</summary>
    public async Task RestartWith(params string[] settings)
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _app = await StartApp(_directory, settings);
        var endpoints = _app.Services.GetRequiredService<GatewayEndpoints>();
        Http.Dispose();
        Http = new HttpClient { BaseAddress = new Uri(endpoints.Http) };
        GrpcAddress = new Uri(endpoints.Grpc);
    }

    private static async Task<WebApplication> StartApp(DirectoryInfo directory, string[] settings)
    {
        var app = StandaloneHost.Build([$"--Metering:DataDirectory={directory.FullName}", "--Metering:HttpPort=0", "--Metering:GrpcPort=0", "--Logging:LogLevel:Default=Error", .. settings]);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
