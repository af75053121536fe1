using Grpc.AspNetCore.Server;
using Metering.Contracts;
using Metering.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Security;

/// <summary>
/// Lets HTTP requests in by the rule of their endpoint, before anything of them but the address is read. gRPC methods are asked in the same way where their calls are counted
/// (<see cref="Grpc.GuardInterceptor"/>), which answers as gRPC does.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, Gatekeeper gatekeeper, IOptions<GatewayOptions> options)
{
    private const string Account = "account";

    /// <summary>A browser asks its user: any name, and a key as the password.</summary>
    private const string AskBrowser = "Basic realm=\"Metering: an admin key as the password\", charset=\"UTF-8\"";

    private static readonly Problem Nothing = Problem.Invalid(StatusCodes.Status404NotFound, "There is nothing at this address.");

    private readonly int _metricsPort = options.Value.Access.MetricsPort;

    public Task InvokeAsync(HttpContext context)
    {
        // What routing found nothing for, or only another method, it answers by itself.
        if (context.GetEndpoint() is not RouteEndpoint endpoint)
        {
            return next(context);
        }

        var rule = endpoint.Metadata.GetMetadata<AccessRule>();
        if (_metricsPort != 0 && context.Connection.LocalPort == _metricsPort)
        {
            if (rule?.IsOpenAtMetricsPort == true)
            {
                return next(context);
            }

            JsonResponse.WriteProblem(context, Nothing);
            return Task.CompletedTask;
        }

        // By what the endpoint is, not by what the request says it is.
        if (rule?.Role is null || endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is not null)
        {
            return rule is null ? throw new InvalidOperationException($"{endpoint.DisplayName} says not who may call it.") : next(context);
        }

        return Admit(context, rule);
    }

    private async Task Admit(HttpContext context, AccessRule rule)
    {
        var answer = await gatekeeper.Admit(context, rule);
        if (answer.Reply is not { } caller)
        {
            JsonResponse.WriteProblem(context, answer.Refusal!);
            if (rule.IsForBrowsers && answer.Refusal!.Code == Code.Unauthenticated)
            {
                context.Response.Headers.WWWAuthenticate = AskBrowser;
            }
        }
        else if (rule.Scope == AccessScope.Account && !caller.MayReach((string)context.Request.RouteValues[Account]!))
        {
            JsonResponse.WriteProblem(context, Caller.Forbidden);
        }
        else
        {
            await next(context);
        }
    }
}
