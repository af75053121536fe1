using Metering.Gateway.Audit;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>Rate cards: drafts in, versions out; and what a draft would have made of stored usage.</summary>
internal sealed class RateCardEndpoints(GrainRouter router, Administration administration, RequestBody body)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(RateCardOperations.Publish, Publish);
        routes.Map(RateCardOperations.Get, Get);
        routes.Map(RateCardOperations.Simulate, Simulate);
    }

    private async Task Publish(HttpContext context)
    {
        var faults = new Faults();
        var card = Address.Name(context, "card", faults);
        var incoming = await body.ReadJson(context, faults, RateCardReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        JsonResponse.WriteAnswer(context, await administration.Publish(Actor.Of(context), card, incoming.Value!), RateCardWriter.Write);
    }

    private async Task Simulate(HttpContext context)
    {
        var faults = new Faults();
        var card = Address.Name(context, "card", faults);
        var incoming = await body.ReadJson(context, faults, SimulationReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        JsonResponse.WriteAnswer(context, await router.Simulate(card, incoming.Value), SimulationWriter.Write);
    }

    private async Task Get(HttpContext context)
    {
        var faults = new Faults();
        var card = Address.Name(context, "card", faults);
        Address.CheckQuery(context, faults, "version");
        var version = Address.WholeNumber(context, "version", faults);
        RateCardRules.CheckVersion(version, faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await router.GetRateCard(card, version), RateCardWriter.Write);
    }
}
