using Metering.Gateway.Audit;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Telemetry;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>Charges, one and many, and quotes.</summary>
internal sealed class ChargeEndpoints(GrainRouter router, Administration administration, ChargeBatch batch, ChargesInWork inWork, MeterLimits limits, RequestBody body)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(ChargeOperations.Charge, Charge);
        routes.Map(ChargeOperations.Get, Get);
        routes.Map(ChargeOperations.Reverse, Reverse);
        routes.Map(ChargeOperations.ChargeMany, ChargeMany);
        routes.Map(ChargeOperations.Quote, Quote);
    }

    private async Task Charge(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var incoming = await body.ReadJson(context, faults, ChargeReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var refusal = Caller.Of(context).Check(incoming.Value.Charge);
        JsonResponse.WriteAnswer(context, ChargeMetrics.Counted(refusal ?? await router.Charge(account, incoming.Value.Charge)), ChargeWriter.Write);
    }

    private async Task ChargeMany(HttpContext context)
    {
        if (!inWork.HasRoomFor(1))
        {
            JsonResponse.WriteProblem(context, ChargesInWork.Overloaded);
            return;
        }

        var incoming = await body.ReadJson(context, new Faults(), BatchReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        JsonResponse.WriteResults(context, await batch.Send(Caller.Of(context).Allowed(incoming.Value!)));
    }

    private async Task Get(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var id = Address.Name(context, "id", faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, Caller.Of(context).Seen(await router.GetCharge(account, id)), ChargeWriter.Write);
    }

    private async Task Reverse(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);

        // The body has an id too: the reversal's own.
        var charge = Address.Name(context, "charge", faults);
        var incoming = await body.ReadJson(context, faults, HoldReader.ReadReversal);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        if (await limits.CheckCharge(Caller.Of(context), account, charge) is { } refusal)
        {
            JsonResponse.WriteProblem(context, refusal);
            return;
        }

        JsonResponse.WriteAnswer(context, await administration.Reverse(Actor.Of(context), Caller.Of(context).Role, account, incoming.Value! with { Charge = charge }), HoldWriter.Write);
    }

    private async Task Quote(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var incoming = await body.ReadJson(context, faults, ChargeReader.ReadQuote);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var quote = incoming.Value;
        if (!Caller.Of(context).MayCharge(quote.Charge))
        {
            JsonResponse.WriteProblem(context, Caller.Forbidden);
            return;
        }

        JsonResponse.WriteAnswer(context, await router.Quote(account, quote.Charge, quote.RateCard), ChargeWriter.Write);
    }
}
