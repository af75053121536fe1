using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;

namespace Metering.Gateway.Grpc;

/// <summary>Streams of a whole ledger, no faster than the caller takes them.</summary>
internal sealed class LedgerStreams(LedgerPages ledgers, Gatekeeper gatekeeper, TimeProvider time)
{
    public async Task Serve(string account, LedgerRequest request, IServerStreamWriter<V1.LedgerPage> pages, ServerCallContext context)
    {
        using var access = new AccessWatch(gatekeeper, context.GetHttpContext(), time);
        await foreach (var answer in ledgers.Read(account, request))
        {
            if ((access.Refusal ?? answer.Refusal) is { } refusal)
            {
                throw Refusals.ToException(refusal);
            }

            await pages.WriteAsync(LedgerMessages.ToWire(answer.Reply!), context.CancellationToken);
        }
    }
}
