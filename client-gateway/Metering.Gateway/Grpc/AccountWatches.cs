using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Grpc;

/// <summary>
/// Streams of an account's changes. The headers go out at once, so that a client of a quiet account knows that it is watching. When the host
/// stops the stream ends well, and the client goes on elsewhere from the last sequence it heard of.
/// </summary>
internal sealed class AccountWatches(WatchHub hub, Gatekeeper gatekeeper, TimeProvider time)
{
    public async Task Serve(string account, long? after, IServerStreamWriter<V1.AccountEvent> events, ServerCallContext context)
    {
        var answer = await hub.Watch(account, after);
        using var watcher = answer.Reply ?? throw Refusals.ToException(answer.Refusal!);
        await context.WriteResponseHeadersAsync([]);
        if (watcher.Start is { } start)
        {
            await events.WriteAsync(ToWire(start), context.CancellationToken);
        }

        using var access = new AccessWatch(gatekeeper, context.GetHttpContext(), time);
        try
        {
            while (await watcher.Next(Timeout.InfiniteTimeSpan, access.Token) is { } watched)
            {
                if (watched.HasEnded)
                {
                    if (watched.Refusal is { } refusal)
                    {
                        throw Refusals.ToException(refusal);
                    }

                    return;
                }

                await Write(watched, events, context.CancellationToken);
            }
        }
        catch (OperationCanceledException) when (access.Refusal is not null)
        {
            throw Refusals.ToException(access.Refusal);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // The client has left: that is how a watch ends.
        }
    }

    private static async Task Write(Watched watched, IServerStreamWriter<V1.AccountEvent> events, CancellationToken cancellationToken)
    {
        if (watched.SkippedThrough is { } through)
        {
            await events.WriteAsync(new V1.AccountEvent { Skipped = new V1.ChangesSkipped { Through = through } }, cancellationToken);
        }

        foreach (var change in watched.Changes)
        {
            await events.WriteAsync(ToWire(change), cancellationToken);
        }
    }

    private static V1.AccountEvent ToWire(AccountView account) => new()
    {
        Account = new V1.AccountPosition
        {
            Sequence = account.Sequence,
            Balance = account.Balance.ToWire(),
            Available = account.Available.ToWire(),
        },
    };

    private static V1.AccountEvent ToWire(AccountChange change) => new()
    {
        Change = new V1.AccountChange
        {
            Sequence = change.Sequence,
            At = change.At.ToWire(),
            Kind = WireNames.Of(change.Kind),
            Subject = change.Subject ?? "",
            Credits = change.Credits.ToWire(),
            Balance = change.Balance.ToWire(),
            Available = change.Available.ToWire(),
        },
    };
}
