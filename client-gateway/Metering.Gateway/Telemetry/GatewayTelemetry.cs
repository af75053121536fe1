using System.Diagnostics.Metrics;
using Metering.Gateway.Health;
using Metering.Gateway.Http;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Metering.Gateway.Telemetry;

/// <summary>
/// Metrics for Prometheus at <c>/metrics</c>; over OTLP too, and traces of requests, where the standard <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to.
/// </summary>
internal static class GatewayTelemetry
{
    public const string MetricsPath = "/metrics";

    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Sampler = "OTEL_TRACES_SAMPLER";

    /// <summary>Of the requests that nobody has decided about yet, so many are traced unless the standard <c>OTEL_TRACES_SAMPLER</c> says otherwise: all of them would cost more than the charges.</summary>
    private const double TracedShare = 0.001;

    /// <summary>Of the runtime three whose names end as Prometheus' own parts of histograms do; of the server one that is written twice for each request and says what another does.</summary>
    private static readonly HashSet<string> Unheard = ["dotnet.assembly.count", "dotnet.process.cpu.count", "dotnet.timer.count", "http.server.active_requests"];

    /// <summary>The latency by edge. Each label is paid for with every request, so it has those that tell something.</summary>
    private static readonly MetricStreamConfiguration RequestDuration = new ExplicitBucketHistogramConfiguration
    {
        TagKeys = ["http.route", "http.response.status_code"],
        Boundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    public static IServiceCollection AddGatewayTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddHostedService<GatewayMetrics>();
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(static resource => resource.AddService("metering-gateway"))
            .WithMetrics(static metrics => metrics
                .AddMeter("Metering.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddView(static instrument => Unheard.Contains(instrument.Name) ? MetricStreamConfiguration.Drop : instrument.Name == "http.server.request.duration" ? RequestDuration : null)
                .AddPrometheusExporter());
        if (configuration[OtlpEndpoint] is { Length: > 0 })
        {
            telemetry.WithMetrics(static metrics => metrics.AddOtlpExporter()).WithTracing(traces =>
            {
                traces.AddSource("Microsoft.AspNetCore").AddOtlpExporter();
                if (configuration[Sampler] is not { Length: > 0 })
                {
                    traces.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(TracedShare)));
                }
            });
        }

        return services;
    }

    public static void MapMetrics(this IEndpointRouteBuilder routes) => routes.MapPrometheusScrapingEndpoint(MetricsPath).WithAccess(AccessRule.ReadsMetrics);

    /// <summary>How the gateway stands, told whenever somebody looks.</summary>
    private sealed class GatewayMetrics(IMeterFactory meters, Admission admission, ChargesInWork charges, BodyBytes bodies, RetryBudget retries, SiloHealthCheck health) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            var meter = meters.Create("Metering.Gateway");
            meter.CreateObservableUpDownCounter("metering.gateway.requests.active", () => admission.InWork, "{request}", "Requests in work; a stream is one.");
            meter.CreateObservableUpDownCounter("metering.gateway.charges.active", () => charges.Count, "{charge}", "Charges of batches in work.");
            meter.CreateObservableCounter("metering.gateway.charges.refused", () => charges.Refused, "{charge}", "Charges of batches refused because there were as many in work as the gateway takes; 1 for a batch that was not read.");
            meter.CreateObservableUpDownCounter("metering.gateway.bodies.size", () => bodies.Held, "By", "Bytes of large bodies and messages that have come and are not read yet.");
            meter.CreateObservableUpDownCounter("metering.gateway.retries.active", () => retries.Retrying, "{request}", "Calls that are being sent to silos again.");
            meter.CreateObservableGauge("metering.gateway.ready", () => health.WasReady ? 1 : 0, "1", "1 while a silo answered when it was last asked.");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
