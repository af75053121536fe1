using Grpc.AspNetCore.Server.Model;
using Metering.Gateway.Audit;
using Metering.Gateway.Events;
using Metering.Gateway.Grpc;
using Metering.Gateway.Health;
using Metering.Gateway.Http;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Scalar.AspNetCore;

namespace Metering.Gateway;

/// <summary>Puts a gateway into a host: <c>builder.AddMeteringGateway(…)</c>, then <c>app.MapMeteringGateway()</c>.</summary>
/// <remarks>It takes <see cref="IGrainFactory"/> from the host's services: an Orleans client, or a silo in the same process.</remarks>
public static class GatewayHosting
{
    /// <summary>The tag of health checks that <c>/healthz/ready</c> asks: unhealthy is 503, degraded is 200 with the reasons.</summary>
    public const string Readiness = SiloHealthCheck.Ready;

    // Kestrel counts what gRPC puts around a message too; the exact limit on bodies and messages is kept above it.
    private const int FramingBytes = 1_024;

    // A body that comes more slowly is given up: nobody may hold a place for long by sending next to nothing. Streams of gRPC may be silent.
    private const double MinBodyBytesPerSecond = 4 * 1_024;

    private static readonly TimeSpan BodyGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Adds the gateway's services and its two ports.</summary>
    public static WebApplicationBuilder AddMeteringGateway(this WebApplicationBuilder builder, Action<GatewayOptions> configure)
    {
        var services = builder.Services;

        // It tells every refused call, and a refusal is an ordinary answer.
        builder.Logging.AddFilter("Grpc", LogLevel.Warning);
        services.AddOptions<GatewayOptions>().Configure(configure).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<GatewayEndpoints>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelConfiguration>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ISilos, SiloInProcess>();
        services.AddSingleton<RetryBudget>().AddSingleton<FailureLog>().AddSingleton<AccountGrains>().AddSingleton<GrainCalls>().AddSingleton<GrainCharges>().AddSingleton<GrainRouter>().AddSingleton<ChargeBatch>().AddSingleton<AccountList>()
            .AddSingleton<WatchHub>().AddSingleton<PatternWarnings>();
        services.AddSingleton<KnownKeys>().AddHostedService(static provider => provider.GetRequiredService<KnownKeys>());
        services.AddSingleton<ServerCertificate>().AddHostedService(static provider => provider.GetRequiredService<ServerCertificate>());
        services.AddSingleton<JwtCallers>().AddSingleton<Gatekeeper>().AddSingleton<MeterLimits>().AddSingleton<KeyRingCalls>();
        services.AddSingleton<AuditLogCalls>().AddSingleton<AuditTrail>().AddSingleton<Administration>().AddSingleton<AuditEndpoints>();
        services.AddSingleton<Admission>().AddSingleton<ChargesInWork>().AddSingleton<RequestBody>().AddSingleton<BodyBytes>();
        services.AddSingleton<ChargeEndpoints>().AddSingleton<AccountEndpoints>().AddSingleton<GrantEndpoints>()
            .AddSingleton<HoldEndpoints>().AddSingleton<GovernanceEndpoints>().AddSingleton<WatchEndpoints>()
            .AddSingleton<LedgerEndpoints>().AddSingleton<LedgerFileResponse>().AddSingleton<UsageEndpoints>().AddSingleton<LedgerPages>().AddSingleton<Statements>().AddSingleton<StatementEndpoints>().AddSingleton<RateCardEndpoints>().AddSingleton<EventEndpoints>().AddSingleton<KeyEndpoints>().AddSingleton<HealthEndpoints>();
        services.AddHealthChecks().AddCheck<SiloHealthCheck>(SiloHealthCheck.Ready, tags: [SiloHealthCheck.Ready]);
        services.AddSingleton<SiloHealthCheck>().AddSingleton<Drain>();
        services.AddHostedService(static provider => provider.GetRequiredService<Drain>());
        services.AddMeteringOpenApi();
        services.AddGatewayTelemetry(builder.Configuration);
        AddGrpc(services);
        return builder;
    }

    /// <summary>Maps everything the gateway answers, and a problem for everything else.</summary>
    public static WebApplication MapMeteringGateway(this WebApplication app)
    {
        var services = app.Services;
        app.UseTrustedProxies(services.GetRequiredService<IOptions<GatewayOptions>>().Value.Access.TrustedProxies);
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<BodiesInWork>();
        app.UseMiddleware<AccessMiddleware>();
        app.UseMiddleware<PageHeaders>();
        app.MapMetrics();
        services.GetRequiredService<ChargeEndpoints>().Map(app);
        services.GetRequiredService<AccountEndpoints>().Map(app);
        services.GetRequiredService<GrantEndpoints>().Map(app);
        services.GetRequiredService<HoldEndpoints>().Map(app);
        services.GetRequiredService<GovernanceEndpoints>().Map(app);
        services.GetRequiredService<WatchEndpoints>().Map(app);
        services.GetRequiredService<LedgerEndpoints>().Map(app);
        services.GetRequiredService<UsageEndpoints>().Map(app);
        services.GetRequiredService<StatementEndpoints>().Map(app);
        services.GetRequiredService<RateCardEndpoints>().Map(app);
        services.GetRequiredService<EventEndpoints>().Map(app);
        services.GetRequiredService<KeyEndpoints>().Map(app);
        services.GetRequiredService<AuditEndpoints>().Map(app);
        services.GetRequiredService<HealthEndpoints>().Map(app);
        app.MapOpenApi(OpenApiDocuments.Route).WithAccess(AccessRule.Open);
        app.MapScalarApiReference("/docs", static options => options
            .WithTitle("Metering")
            .WithOpenApiRoutePattern(OpenApiDocuments.Route)
            .DisableDefaultFonts()
            .DisableTelemetry()
            .DisableAgent()
            .DisableMcp()).WithAccess(AccessRule.Open);
        if (services.GetRequiredService<IOptions<GatewayOptions>>().Value.Dashboard)
        {
            app.MapDashboard();
        }

        app.MapGrpcService<MeteringService>();
        app.MapGrpcHealthChecksService().WithAccess(AccessRule.Open);
        app.MapGrpcReflectionService().WithAccess(AccessRule.Open);
        app.RefuseMissing();
        app.RefuseUnaudited();
        return app;
    }

    private static void AddGrpc(IServiceCollection services)
    {
        services.AddSingleton<MeteringService>().AddSingleton<ChargeStreams>().AddSingleton<AccountWatches>().AddSingleton<LedgerStreams>().AddSingleton<GuardInterceptor>();
        services.AddSingleton<IServiceMethodProvider<MeteringService>, MeteringMethods>();
        services.AddGrpc().AddServiceOptions<MeteringService>(static grpc => grpc.Interceptors.Add<GuardInterceptor>());
        services.AddOptions<global::Grpc.AspNetCore.Server.GrpcServiceOptions>().Configure<IOptions<GatewayOptions>>(static (grpc, gateway) =>
        {
            grpc.MaxReceiveMessageSize = (int)gateway.Value.MaxBodyBytes;
            grpc.MaxSendMessageSize = null;

            // The answer to unknown services claims every address of two parts, and with it HTTP's 405 for those; clients
            // take the plain 404 for UNIMPLEMENTED too.
            grpc.IgnoreUnknownServices = true;
        });
        services.AddGrpcHealthChecks(static health =>
        {
            health.Services.Map(V1.Metering.Descriptor.FullName, static check => check.Tags.Contains(SiloHealthCheck.Ready));
        });
        services.AddGrpcReflection();
    }

    /// <summary>Two ports, and a bound on everything a connection may hold or delay.</summary>
    private sealed class KestrelConfiguration(IOptions<GatewayOptions> gateway, GatewayEndpoints endpoints, ServerCertificate certificate) : IConfigureOptions<KestrelServerOptions>
    {
        public void Configure(KestrelServerOptions options)
        {
            var limits = gateway.Value;
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = limits.MaxConnections;
            options.Limits.MaxConcurrentUpgradedConnections = 0;
            options.Limits.MaxRequestBodySize = limits.MaxBodyBytes + FramingBytes;
            options.Limits.MinRequestBodyDataRate = new MinDataRate(MinBodyBytesPerSecond, BodyGrace);
            options.Limits.RequestHeadersTimeout = HeadersTimeout;
            options.Limits.KeepAliveTimeout = KeepAliveTimeout;
            var handshakes = limits.Tls is null ? null : certificate.Handshakes;
            options.Listen(limits.Address, limits.HttpPort, listen => endpoints.ListenHttp(listen, handshakes));
            options.Listen(limits.Address, limits.GrpcPort, listen => endpoints.ListenGrpc(listen, handshakes));
            if (limits.Access.MetricsPort != 0)
            {
                options.Listen(limits.Address, limits.Access.MetricsPort, static listen => listen.Protocols = HttpProtocols.Http1);
            }
        }
    }
}
