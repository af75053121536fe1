using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Metering.Silo.Telemetry;

/// <summary>
/// A silo's metrics, for Prometheus at <c>/metrics</c> of the health port, and over OTLP where the standard <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to. No traces: they would put a filter
/// around every call of a grain.
/// </summary>
internal static class SiloTelemetry
{
    internal const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Of Orleans' own instruments those that tell of trouble, and what: they have no words of their own. The others count each message and are not listened to.</summary>
    private static readonly Dictionary<string, string> OfOrleans = new()
    {
        ["orleans-messaging-rejected"] = "Messages refused: to a silo that is gone or leaving, or by a full queue.",
        ["orleans-messaging-expired"] = "Messages dropped because nobody waits for their answer any more.",
        ["orleans-messaging-rerouted"] = "Messages that found their grain somewhere else.",
        ["orleans-scheduler-long-running-turns"] = "Turns of a grain that held a thread for long.",
        ["orleans-gateway-load-shedding"] = "Messages of gateways that were shed.",
    };

    /// <summary>Their names end as Prometheus' own parts of histograms do, and nobody needs them.</summary>
    private static readonly HashSet<string> Misnamed = ["dotnet.assembly.count", "dotnet.process.cpu.count", "dotnet.timer.count"];

    internal static IServiceCollection AddSiloTelemetry(this IServiceCollection services, IConfiguration configuration, string instance)
    {
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("metering-silo", serviceInstanceId: instance))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter("Metering.*", "Microsoft.Orleans", "System.Runtime")
                    .AddView(static instrument => instrument.Meter.Name != "Microsoft.Orleans" ? null
                        : OfOrleans.TryGetValue(instrument.Name, out var description) ? new MetricStreamConfiguration { Description = description } : MetricStreamConfiguration.Drop)
                    .AddView(static instrument => Misnamed.Contains(instrument.Name) ? MetricStreamConfiguration.Drop : null)
                    .AddPrometheusExporter();
                if (configuration[OtlpEndpoint] is { Length: > 0 })
                {
                    metrics.AddOtlpExporter();
                }
            });
        return services;
    }
}
