using Metering.Standalone;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Clients;

/// <summary>The whole server in this process, over a directory that outlives it, behind an address that stays.</summary>
internal sealed class RestartableServer : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-client-");
    private readonly BreakableProxy _proxy = new(target: null);
    private WebApplication? _app;

    public Uri Address => _proxy.Address;

    /// <summary>Past what breaks.</summary>
    public Uri DirectAddress => new(_app!.Services.GetRequiredService<GatewayEndpoints>().Grpc);

    public static async Task<RestartableServer> Start()
    {
        var server = new RestartableServer();
        await server.Open();
        return server;
    }

    /// <summary>Breaks every connection; callers reach the server again at once.</summary>
    public void Cut() => _proxy.Cut(DirectAddress);

    /// <summary>From now until the next cut the server hears, and is not heard.</summary>
    public void LoseAnswers() => _proxy.LoseAnswers();

    /// <summary>Breaks every connection, takes the server away, and brings it back over the same directory.</summary>
    public async Task Restart()
    {
        _proxy.Cut(target: null);
        await Close();
        await Open();
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await Close();
        _directory.Delete(recursive: true);
    }

    private async Task Open()
    {
        _app = StandaloneHost.Build(
            [$"--Metering:DataDirectory={_directory.FullName}", "--Metering:HttpPort=0", "--Metering:GrpcPort=0", "--Logging:LogLevel:Default=None"]);
        await _app.StartAsync(TestContext.Current.CancellationToken);
        Cut();
    }

    private async Task Close()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }
}
