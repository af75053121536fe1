using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Http;

/// <summary>
/// Every change of an account as server-sent events, whose ids are sequences: a client that was cut off sends the last one back, as browsers
/// do by themselves, and hears what it missed.
/// </summary>
internal sealed class WatchEndpoints(WatchHub hub, Gatekeeper gatekeeper, IOptions<GatewayOptions> options, TimeProvider time)
{
    private const string LastEventId = "Last-Event-ID";

    private readonly TimeSpan _heartbeat = options.Value.WatchHeartbeat;

    public void Map(IEndpointRouteBuilder routes) => routes.Map(WatchOperations.Watch, Watch);

    private async Task Watch(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        Address.CheckQuery(context, faults, "after");
        var after = Address.LongNumber("after", Address.Text(context, "after"), faults);
        WatchRules.Check(after, faults);

        // A client that comes back says what it saw last, though its address still says where it began.
        var seen = Address.LongNumber(LastEventId, context.Request.Headers[LastEventId].ToString(), faults);
        if (seen < 0)
        {
            faults.Add(LastEventId, FaultCodes.OutOfRange, "It must be the id of an event.");
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        var answer = await hub.Watch(account, seen ?? after);
        if (answer.Reply is not { } begun)
        {
            JsonResponse.WriteProblem(context, answer.Refusal!);
            return;
        }

        using var watcher = begun;
        using var events = new EventStream(context.Response);
        using var access = new AccessWatch(gatekeeper, context, time);
        try
        {
            await Send(watcher, events, access.Token);
        }
        catch (OperationCanceledException) when (access.Refusal is not null)
        {
            events.Add("problem", access.Refusal, ProblemWriter.Write);
            await events.Flush(context.RequestAborted);
        }
    }

    private async Task Send(AccountWatcher watcher, EventStream events, CancellationToken aborted)
    {
        if (watcher.Start is { } account)
        {
            events.Add(account.Sequence, "account", account, WatchWriter.WriteStart);
        }

        // With nothing to tell yet, the headers alone tell the caller that it is being served.
        await events.Flush(aborted);
        var heard = await watcher.Next(_heartbeat, aborted);
        for (; !heard.HasEnded; heard = await watcher.Next(_heartbeat, aborted))
        {
            if (heard.SkippedThrough is { } through)
            {
                events.Add(through, "skipped", through, WatchWriter.WriteSkipped);
            }

            foreach (var change in heard.Changes)
            {
                events.Add(change.Sequence, Wire.WireNames.Of(change.Kind), change, WatchWriter.Write);
            }

            if (heard is { SkippedThrough: null, Changes.Count: 0 })
            {
                events.AddHeartbeat();
            }

            await events.Flush(aborted);
        }

        if (heard.Refusal is { } refusal)
        {
            events.Add("problem", refusal, ProblemWriter.Write);
            await events.Flush(aborted);
        }
    }
}
