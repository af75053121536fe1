using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Silo.Health;

/// <summary>
/// <c>GET /healthz/live</c>: 200 while the process runs. <c>GET /healthz/ready</c>: 200 when it serves, with status <c>ready</c> or <c>degraded</c>, 503 with status
/// <c>not_ready</c> when it does not; and the reasons. <c>GET /metrics</c>: for Prometheus.
/// </summary>
internal static class HealthEndpoints
{
    internal static IServiceCollection AddSiloHealth(this IServiceCollection services, SiloSettings settings)
    {
        services.AddSingleton<SiloHealth>().AddSingleton<HealthAddress>();
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Listen(MeteringCluster.ListeningAddress(settings), settings.HealthPort);
        });
        return services;
    }

    /// <summary>Probes are few; whoever else finds the port is to cost nothing.</summary>
    private const int MaxConnections = 64;

    internal static void Map(IApplicationBuilder app) => app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics").Run(static async context =>
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        switch (context.Request.Path.Value)
        {
            case "/healthz/live":
                await WriteAsync(context, StatusCodes.Status200OK, "live", []);
                break;
            case "/healthz/ready":
                var state = await context.RequestServices.GetRequiredService<SiloHealth>().LookAsync(context.RequestAborted);
                await WriteAsync(context, Status(state.Readiness), Name(state.Readiness), state.Reasons);
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    });

    private static async Task WriteAsync(HttpContext context, int status, string name, IReadOnlyList<string> reasons)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status", name);
        json.WriteStartArray("reasons");
        foreach (var reason in reasons)
        {
            json.WriteStringValue(reason);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }

    private static int Status(Readiness readiness) => readiness switch
    {
        Readiness.Ready or Readiness.Degraded => StatusCodes.Status200OK,
        Readiness.NotReady => StatusCodes.Status503ServiceUnavailable,
    };

    private static string Name(Readiness readiness) => readiness switch
    {
        Readiness.Ready => "ready",
        Readiness.Degraded => "degraded",
        Readiness.NotReady => "not_ready",
    };
}

/// <summary>Where health is listened for, once it is.</summary>
internal sealed class HealthAddress(IServer server)
{
    internal string Http => server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
}
