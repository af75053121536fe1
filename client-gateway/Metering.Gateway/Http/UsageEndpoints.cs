using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>Usage by window and group: of one account, and across all.</summary>
internal sealed class UsageEndpoints(GrainRouter router)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(UsageOperations.ReadOfAccount, ReadOfAccount);
        routes.Map(UsageOperations.Read, Read);
    }

    private async Task ReadOfAccount(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var request = UsageAddress.Read(context, faults, isOneAccount: true);
        if (!Caller.Of(context).MayReadUsage(request.Meter))
        {
            JsonResponse.WriteProblem(context, Caller.Forbidden);
            return;
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await router.ReadUsage(account, request), (json, reply) => UsageWriter.Write(json, request, reply));
    }

    private async Task Read(HttpContext context)
    {
        var faults = new Faults();
        var request = UsageAddress.Read(context, faults, isOneAccount: false);
        if (!Caller.Of(context).MayReadUsage(request.Meter))
        {
            JsonResponse.WriteProblem(context, Caller.Forbidden);
            return;
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await router.ReadUsage(request), (json, reply) => UsageWriter.Write(json, request, reply));
    }
}
