using Grpc.Core;
using Metering.Client.Wire;

namespace Metering.Client.Sending;

/// <summary>A ledger's pages over one stream after another: each goes on where the last page of the one before ended, so no entry is missing or told twice.</summary>
/// <param name="calls">The gateway.</param>
/// <param name="request">Where to begin; it is ours, and changed.</param>
/// <param name="maxSilence">A page takes no longer: a stream that is silent for so long is broken.</param>
/// <param name="options">How long is tried.</param>
/// <param name="backoff">How long to wait in between.</param>
internal sealed class LedgerStream(V1.Metering.MeteringClient calls, V1.ReadLedgerRequest request, TimeSpan maxSilence, MeteringClientOptions options, Backoff backoff) : IDisposable
{
    private AsyncServerStreamingCall<V1.LedgerPage>? _call;
    private Due? _due;
    private int _tried;

    /// <summary>The next page; the last has no cursor. A refusal is the last too.</summary>
    /// <exception cref="MeteringException">There was none in time.</exception>
    public async Task<Answer<LedgerPage>> Next(CancellationToken cancellationToken)
    {
        while (true)
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            silence.CancelAfter(maxSilence);
            var failure = (RpcException?)null;
            try
            {
                _call ??= calls.StreamLedger(request, cancellationToken: cancellationToken);
                if (await _call.ResponseStream.MoveNext(silence.Token))
                {
                    request.Cursor = _call.ResponseStream.Current.Cursor;
                    (_due, _tried) = (null, 0);
                    return new Answer<LedgerPage>(LedgerMessages.FromWire(_call.ResponseStream.Current), null);
                }
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                failure = exception;
            }

            Dispose();
            _call = null;
            if (await Refused(failure, cancellationToken) is { } refused)
            {
                return new Answer<LedgerPage>(null, refused);
            }
        }
    }

    public void Dispose() => _call?.Dispose();

    // Ended well before the last page means that the gateway stops: another goes on.
    private async Task<Refusal?> Refused(RpcException? failure, CancellationToken cancellationToken)
    {
        var refusal = failure is null ? null : RefusalMessages.Of(failure);
        var delay = backoff.Delay(++_tried, refusal?.RetryAfter);
        _due ??= new Due(options.Time, options.Deadline);
        if ((failure is null || Backoff.MayPass(failure, refusal)) && delay < _due.Value.Left)
        {
            await Task.Delay(delay, options.Time, cancellationToken);
            return null;
        }

        return refusal ?? throw new MeteringException("The ledger could not be read any further. Go on from the cursor of the last page.", failure);
    }
}
