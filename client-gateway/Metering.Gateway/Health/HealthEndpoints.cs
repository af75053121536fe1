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
        if (report.Status == HealthStatus.Healthy)
        {
            WriteStatus(context, "ready");
            return;
        }

        var reason = report.Entries.Values.FirstOrDefault(entry => entry.Status != HealthStatus.Healthy).Description;
        JsonResponse.WriteProblem(context, new Refusal { Code = Code.Unavailable, Detail = reason ?? "Not ready." });
    }

    private static void WriteStatus(HttpContext context, string status) =>
        JsonResponse.Write(context, StatusCodes.Status200OK, JsonResponse.ContentType, status, static (json, status) =>
        {
            json.WriteStartObject();
            json.WriteString("status"u8, status);
            json.WriteEndObject();
        });
}
