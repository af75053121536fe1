using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Security;

/// <summary>Denies by default: what has no rule is not served at all.</summary>
internal static class AccessRules
{
    private const string Account = "account";

    public static TBuilder WithAccess<TBuilder>(this TBuilder endpoint, AccessRule rule)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(rule);

    /// <summary>Checks every endpoint there is.</summary>
    /// <exception cref="InvalidOperationException">One has no rule, or one that asks for an account which its address does not name: a fault of ours, and nothing is served.</exception>
    public static void RefuseMissing(this IEndpointRouteBuilder routes)
    {
        foreach (var endpoint in routes.DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>())
        {
            var rule = endpoint.Metadata.GetMetadata<AccessRule>() ?? throw new InvalidOperationException($"{endpoint.DisplayName} says not who may call it.");
            if (rule.Scope == AccessScope.Account && endpoint.RoutePattern.GetParameter(Account) is null && endpoint.Metadata.GetMetadata<AccountField>() is null)
            {
                throw new InvalidOperationException($"{endpoint.DisplayName} is about an account and does not name it.");
            }
        }
    }
}
