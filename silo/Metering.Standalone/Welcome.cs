using Metering.Gateway;
using Metering.Gateway.Security;

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
              Access     {AccessOf(settings)}
            Press Ctrl+C to stop.
            """;
    }

    private static string AccessOf(StandaloneSettings settings) => settings.Access.Access switch
    {
        Access.Open => "anyone on this machine, until the first key is made (POST /v1/keys)",
        Access.Keys => "with a key",
    };
}
