using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>A gateway on free ports of this machine, in front of fake grains.</summary>
internal sealed class GatewayHost : IHttpHost, IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private GatewayHost(WebApplication app, FakeGrains grains)
    {
        _app = app;
        Grains = grains;
        var endpoints = app.Services.GetRequiredService<GatewayEndpoints>();
        GrpcAddress = new Uri(endpoints.Grpc);
        Http = new HttpClient { BaseAddress = new Uri(endpoints.Http) };
        _channel = GrpcChannel.ForAddress(endpoints.Grpc, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        Client = new V1.Metering.MeteringClient(_channel);
    }

    public FakeGrains Grains { get; }

    public HttpClient Http { get; }

    public Uri GrpcAddress { get; }

    public GrpcChannel Channel => _channel;

    public V1.Metering.MeteringClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<GatewayHost> Start(Action<GatewayOptions>? configure = null, Action<FakeGrains>? prepare = null, ILoggerProvider? log = null)
    {
        var grains = new FakeGrains();
        prepare?.Invoke(grains);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Trace);
        }

        builder.Services.AddSingleton<IGrainFactory>(grains);
        builder.AddMeteringGateway(options =>
        {
            options.HttpPort = 0;
            options.GrpcPort = 0;
            configure?.Invoke(options);
        });
        var app = builder.Build();
        app.MapMeteringGateway();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new GatewayHost(app, grains);
    }

    public Task Stop() => _app.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _channel.Dispose();
        await _app.DisposeAsync();
    }
}
