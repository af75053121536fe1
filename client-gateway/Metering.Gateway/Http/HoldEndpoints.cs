using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>Holds: credits set aside, then settled or released.</summary>
internal sealed class HoldEndpoints(GrainRouter router, MeterLimits limits, RequestBody body)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(HoldOperations.Place, Place);
        routes.Map(HoldOperations.Settle, Settle);
        routes.Map(HoldOperations.Release, Release);
    }

    private async Task Place(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var incoming = await body.ReadJson(context, faults, HoldReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        if (!Caller.Of(context).MayHold(incoming.Value!))
        {
            JsonResponse.WriteProblem(context, Caller.Forbidden);
            return;
        }

        JsonResponse.WriteAnswer(context, await router.PlaceHold(account, incoming.Value!), HoldWriter.Write);
    }

    private async Task Settle(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var hold = Address.Name(context, "hold", faults);
        var incoming = await body.ReadJson(context, faults, HoldReader.ReadSettle);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        if (await limits.CheckHold(Caller.Of(context), account, hold) is { } refusal)
        {
            JsonResponse.WriteProblem(context, refusal);
            return;
        }

        JsonResponse.WriteAnswer(context, await router.Settle(account, incoming.Value! with { Hold = hold }), HoldWriter.Write);
    }

    private async Task Release(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var hold = Address.Name(context, "hold", faults);
        var incoming = await body.ReadJson(context, faults, HoldReader.ReadRelease);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        if (await limits.CheckHold(Caller.Of(context), account, hold) is { } refusal)
        {
            JsonResponse.WriteProblem(context, refusal);
            return;
        }

        JsonResponse.WriteAnswer(context, await router.Release(account, incoming.Value! with { Hold = hold }), HoldWriter.Write);
    }
}
