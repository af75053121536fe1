using Metering.Gateway.Audit;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>Grants: credits put into an account, and taken back.</summary>
internal sealed class GrantEndpoints(GrainRouter router, Administration administration, PatternWarnings warnings, RequestBody body)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(GrantOperations.Add, Add);
        routes.Map(GrantOperations.List, List);
        routes.Map(GrantOperations.Void, Void);
    }

    private async Task Add(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var incoming = await body.ReadJson(context, faults, GrantReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var grant = incoming.Value!;
        JsonResponse.WriteAnswer(
            context, await warnings.Add(account, await administration.AddGrant(Actor.Of(context), account, grant), grant.Meters), AccountWriter.Write);
    }

    private async Task List(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await router.GetAccount(account), AccountWriter.WriteGrants);
    }

    private async Task Void(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var grant = Address.Name(context, "grant", faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await administration.VoidGrant(Actor.Of(context), account, grant), AccountWriter.Write);
    }
}
