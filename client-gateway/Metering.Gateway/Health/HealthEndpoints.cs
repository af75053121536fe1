using Metering.Contracts;
using Metering.Gateway.Http;
using Metering.Gateway.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Metering.Gateway.Health;

/// <summary>Live: the process answers. Ready: it can take charges.</summary>
internal sealed class HealthEndpoints(HealthCheckService health)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(HealthOperations.Live, Live);
        routes.Map(HealthOperations.Ready, Ready);
    }

    private static Task Live(HttpContext context)
    {
        WriteStatus(context, "live");
        return Task.CompletedTask;
    }

    private async Task Ready(HttpContext context)
    {
        var report = await health.CheckHealthAsync(static check => check.Tags.Contains(SiloHealthCheck.Ready), context.RequestAborted);
        var reasons = report.Entries.Values.Where(entry => entry.Status == report.Status).Select(static entry => entry.Description ?? "Not ready.");
        switch (report.Status)
        {
            case HealthStatus.Healthy:
                WriteStatus(context, "ready");
                break;
            case HealthStatus.Degraded:
                WriteStatus(context, "degraded", [.. reasons]);
                break;
            case HealthStatus.Unhealthy:
                JsonResponse.WriteProblem(context, new Refusal { Code = Code.Unavailable, Detail = string.Join(' ', reasons) });
                break;
        }
    }

    private static void WriteStatus(HttpContext context, string status, params string[] reasons) =>
        JsonResponse.Write(context, StatusCodes.Status200OK, JsonResponse.ContentType, (status, reasons), static (json, it) =>
        {
            json.WriteStartObject();
            json.WriteString("status"u8, it.status);
            if (it.reasons.Length > 0)
            {
                json.WriteStartArray("reasons"u8);
                foreach (var reason in it.reasons)
                {
                    json.WriteStringValue(reason);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        });
}
