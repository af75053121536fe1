using Grpc.Core;
using Metering.Client.Wire;

namespace Metering.Client.Sending;

/// <summary>
/// Watches an account over one stream after another: each goes on after the last sequence the one before brought, so nothing is told twice, and
/// what the gateway no longer has is told as skipped.
/// </summary>
internal sealed class AccountWatch(V1.Metering.MeteringClient calls, string account, long? after, MeteringClientOptions options, Backoff backoff) : IDisposable
{
    private long? _after = after;
    private AsyncServerStreamingCall<V1.AccountEvent>? _call;
    private Due? _due;
    private int _tried;

    /// <summary>The next event; <see cref="WatchRefused"/> is the last.</summary>
    public async Task<AccountEvent> Next(CancellationToken cancellationToken)
    {
        while (true)
        {
            var failure = (RpcException?)null;
            try
            {
                if (await Stream(cancellationToken) is { } stream && await stream.MoveNext(cancellationToken))
                {
                    var next = WatchMessages.FromWire(stream.Current);
                    _after = next.Sequence;
                    _tried = 0;
                    return next;
                }
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                failure = exception;
            }

            // Ended well means that the gateway stops: another goes on.
            Dispose();
            _call = null;
            if (await Refused(failure, cancellationToken) is { } refused)
            {
                return refused;
            }
        }
    }

    public void Dispose() => _call?.Dispose();

    // The gateway sends its headers as soon as it watches: from then on silence means that nothing happens.
    private async Task<IAsyncStreamReader<V1.AccountEvent>> Stream(CancellationToken cancellationToken)
    {
        if (_call is not null)
        {
            return _call.ResponseStream;
        }

        var request = new V1.WatchAccountRequest { Account = account };
        if (_after is { } sequence)
        {
            request.After = sequence;
        }

        _call = calls.WatchAccount(request, cancellationToken: cancellationToken);
        await _call.ResponseHeadersAsync;
        _due = null;
        return _call.ResponseStream;
    }

    private async Task<WatchRefused?> Refused(RpcException? failure, CancellationToken cancellationToken)
    {
        var refusal = failure is null ? null : RefusalMessages.Of(failure);
        var delay = backoff.Delay(++_tried, refusal?.RetryAfter);
        _due ??= new Due(options.Time, options.Deadline);
        if ((failure is null || Backoff.MayPass(failure, refusal)) && delay < _due.Value.Left)
        {
            await Task.Delay(delay, options.Time, cancellationToken);
            return null;
        }

        return refusal is not null
            ? new WatchRefused(_after ?? 0, refusal)
            : throw new MeteringException("The account could not be watched any longer. Go on after the last sequence you were told.", failure);
    }
}
