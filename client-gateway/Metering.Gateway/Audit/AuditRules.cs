using System.Collections.Frozen;
using Grpc.AspNetCore.Server;
using Metering.Contracts;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Audit;

/// <summary>
/// Which operations are in the audit log, over HTTP by their id and over gRPC by their method, and which are usage: what callers do all day, and the ledger tells, or what changes nothing. One
/// that needs more than <see cref="Role.Read"/> and is neither stops the start. <see cref="Routing.Administration"/> writes the entries.
/// </summary>
internal static class AuditRules
{
    public static readonly FrozenDictionary<string, AuditOperation> Audited = new Dictionary<string, AuditOperation>
    {
        ["putAccount"] = AuditOperation.AccountPut,
        ["closeAccount"] = AuditOperation.AccountClose,
        ["addGrant"] = AuditOperation.GrantAdd,
        ["voidGrant"] = AuditOperation.GrantVoid,
        ["putBudget"] = AuditOperation.BudgetPut,
        ["deleteBudget"] = AuditOperation.BudgetDelete,
        ["putPolicy"] = AuditOperation.PolicyPut,
        ["publishRateCard"] = AuditOperation.RateCardPublish,

        // Operators' and administrators': with less it is usage.
        ["reverseCharge"] = AuditOperation.ChargeReverse,
        ["addKey"] = AuditOperation.KeyAdd,
        ["rotateKey"] = AuditOperation.KeyRotate,
        ["revokeKey"] = AuditOperation.KeyRevoke,
        ["makeToken"] = AuditOperation.TokenMake,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static readonly FrozenSet<string> Usage = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "charge", "chargeMany", "chargeStream", "publishEvents", "placeHold", "settleHold", "releaseHold", "quote", "simulateRateCard");

    /// <summary>Checks every endpoint there is.</summary>
    /// <exception cref="InvalidOperationException">One changes something and is not named here: a fault of ours, and nothing is served.</exception>
    public static void RefuseUnaudited(this IEndpointRouteBuilder routes)
    {
        foreach (var endpoint in routes.DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>())
        {
            if (NameOf(endpoint) is { } name && !Audited.ContainsKey(name) && !Usage.Contains(name))
            {
                throw new InvalidOperationException($"{endpoint.DisplayName} may change something, and {nameof(AuditRules)} says not whether that is audited.");
            }
        }
    }

    /// <summary>What an endpoint is called here; null when it changes nothing.</summary>
    public static string? NameOf(RouteEndpoint endpoint)
    {
        var operation = endpoint.Metadata.GetMetadata<Operation>();
        var isRead = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods && methods.All(HttpMethods.IsGet);
        var mayChange = !isRead && endpoint.Metadata.GetMetadata<AccessRule>() is { Role: > Role.Read };
        return mayChange ? operation?.Id ?? endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.Name ?? endpoint.RoutePattern.RawText : null;
    }
}
