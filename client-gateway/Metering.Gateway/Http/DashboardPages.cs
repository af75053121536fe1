using Metering.Gateway.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans.Dashboard;

namespace Metering.Gateway.Http;

/// <summary>The dashboard of Orleans, for administrators: silos, activations, and what calls take.</summary>
internal static class DashboardPages
{
    public const string Path = "/dashboard";

    /// <summary>
    /// What it has and is not served. <c>GrainState</c> calls methods of any grain by reflection, whatever they do, and would tell what keys are made of. <c>Trace</c> tells this gateway's whole log, for an hour.
    /// </summary>
    private static readonly string[] NotServed = ["/GrainState", "/Trace"];

    public static void MapDashboard(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapOrleansDashboard(Path);
        pages.WithAccess(AccessRule.AdministersByBrowser);
        pages.ExcludeFromDescription();
        ((IEndpointConventionBuilder)pages).Add(static endpoint =>
        {
            if (endpoint is RouteEndpointBuilder { RoutePattern.RawText: { } route } && NotServed.Any(left => route.EndsWith(left, StringComparison.OrdinalIgnoreCase)))
            {
                endpoint.RequestDelegate = static context =>
                {
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    return Task.CompletedTask;
                };
            }
        });
    }
}
