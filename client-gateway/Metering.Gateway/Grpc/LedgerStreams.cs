using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;

namespace Metering.Gateway.Grpc;

/// <summary>Streams of a whole ledger: a page is read when the caller has taken the one before, and no more than that is in memory.</summary>
internal sealed class LedgerStreams(GrainRouter router, Gatekeeper gatekeeper, TimeProvider time)
{
    public async Task Serve(string account, LedgerRequest request, IServerStreamWriter<V1.LedgerPage> pages, ServerCallContext context)
    {
        using var access = new AccessWatch(gatekeeper, context.GetHttpContext(), time);
        await foreach (var answer in router.ReadLedgerPages(account, request))
        {
            if ((access.Refusal ?? answer.Refusal) is { } refusal)
            {
                throw Refusals.ToException(refusal);
            }

            await pages.WriteAsync(LedgerMessages.ToWire(answer.Reply!), context.CancellationToken);
        }
    }
}
