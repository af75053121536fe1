using Metering.Gateway;

namespace Metering.Standalone;

/// <summary>What a start says on the console: where the data is and what to open.</summary>
internal static class Welcome
{
    internal static string Text(WebApplication app)
    {
        var settings = app.Services.GetRequiredService<StandaloneSettings>();
        var endpoints = app.Services.GetRequiredService<GatewayEndpoints>();
        return $"""
            Metering is ready.
              Data       {Path.GetFullPath(settings.DataDirectory)}
              Durability {settings.Keeping.Durability}
              HTTP       {endpoints.Http}
              gRPC       {endpoints.Grpc}
              Reference  {endpoints.Http}/docs
              OpenAPI    {endpoints.Http}/openapi/v1.json
            Press Ctrl+C to stop.
            """;
    }
}
