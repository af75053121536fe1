using Metering.Contracts;
using Metering.Gateway.Http;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Telemetry;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Metering.Gateway.Events;

/// <summary>CloudEvents 1.0 over HTTP. One event is answered as a charge, a batch as a batch of charges.</summary>
internal sealed class EventEndpoints(GrainRouter router, ChargeBatch batch, ChargesInWork inWork, RequestBody body)
{
    public const string StructuredContentType = "application/cloudevents+json";
    public const string BatchContentType = "application/cloudevents-batch+json";

    private const string VersionHeader = "ce-specversion";

    public void Map(IEndpointRouteBuilder routes) =>
        routes.Map(EventOperations.Publish, Publish);

    private Task Publish(HttpContext context)
    {
        var contentType = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var parsed) && RequestBody.IsUtf8(parsed)
            ? parsed.MediaType.ToString()
            : "";
        if (contentType.Equals(BatchContentType, StringComparison.OrdinalIgnoreCase))
        {
            return PublishBatch(context);
        }

        if (contentType.Equals(StructuredContentType, StringComparison.OrdinalIgnoreCase))
        {
            return PublishOne(context, static (bytes, _) => new Incoming<BatchItem>(EventReader.ReadStructured(bytes), null));
        }

        // Without the version's header it is no event in binary mode, unless it is JSON, which then learns what is missing.
        if (context.Request.Headers.ContainsKey(VersionHeader) || RequestBody.IsJson(context.Request.ContentType))
        {
            return PublishOne(context, static (bytes, request) =>
                new Incoming<BatchItem>(EventReader.ReadBinary(request.Headers, request.ContentType, bytes), null));
        }

        JsonResponse.WriteProblem(
            context,
            Problem.WrongContentType($"{StructuredContentType}, {BatchContentType}, or {JsonResponse.ContentType} with the attributes in ce- headers"));
        return Task.CompletedTask;
    }

    private async Task PublishOne(HttpContext context, ReadBytes<HttpRequest, BatchItem> read)
    {
        var incoming = await body.Read(context, context.Request, read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var item = incoming.Value;
        Answer<ChargeReply> answer = (item.Refusal ?? Caller.Of(context).Check(item)) is { } refusal ? refusal : await router.Charge(item.Account, item.Charge!);
        JsonResponse.WriteAnswer(context, ChargeMetrics.Counted(answer), ChargeWriter.Write);
    }

    private async Task PublishBatch(HttpContext context)
    {
        if (!inWork.HasRoomFor(1))
        {
            JsonResponse.WriteProblem(context, ChargesInWork.Overloaded);
            return;
        }

        var faults = new Faults();
        var incoming = await body.Read(context, faults, static (bytes, faults) =>
            new Incoming<List<BatchItem>>(EventReader.ReadBatch(bytes, faults), null));
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteResults(context, await batch.Send(Caller.Of(context).Allowed(incoming.Value!)));
    }
}
