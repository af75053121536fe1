using System.Diagnostics.CodeAnalysis;
using Google.Protobuf.Collections;
using Grpc.Core;
using Metering.Client.Wire;

namespace Metering.Client.Sending;

/// <summary>
/// One stream of charges, from its opening to its end. While a batch is being written the next one gathers, so a lone charge goes at once and
/// a busy client sends hundreds at a time, without any waiting for company. Only so many batches are on the way at once.
/// </summary>
/// <remarks>
/// Nothing is written before the gateway has said that the stream has arrived. A stream that is opened on a connection which the gateway closes at that moment is opened by the runtime on another one,
/// by itself; but what had been written to it is not written again. The gateway would wait for the first batch, and the client for its answer, until the attempt's time is over.
/// </remarks>
internal sealed class OpenStream : IDisposable
{
    private static readonly TimeSpan ReadTheRest = TimeSpan.FromSeconds(1);

    /// <summary>After it is written all the same: gateways of earlier versions say nothing before their first answer.</summary>
    private static readonly TimeSpan ArriveWithin = TimeSpan.FromSeconds(1);

    private readonly MeteringClientOptions _options;
    private readonly ChargeBacklog _backlog;
    private readonly Dictionary<long, List<PendingCharge>> _inFlight = [];
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _over;
    private readonly CancellationToken _overToken;
    private readonly CancellationTokenSource _ending;
    private readonly AsyncDuplexStreamingCall<V1.ChargeBatch, V1.ChargeBatchReply> _call;
    private long _correlation;

    public OpenStream(V1.Metering.MeteringClient calls, ChargeBacklog backlog, MeteringClientOptions options, CancellationToken stopping)
    {
        _options = options;
        _backlog = backlog;
        _places = new SemaphoreSlim(options.MaxBatchesInFlight);

        // Half a connection can last for long: who owes answers and brings none is taken for dead.
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, options.Time);
        _over = CancellationTokenSource.CreateLinkedTokenSource(stopping, _silence.Token);
        _overToken = _over.Token;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(_overToken);
        _call = calls.ChargeStream(cancellationToken: _overToken);
    }

    /// <summary>Whether any answer came through it.</summary>
    public bool HasAnswered { get; private set; }

    /// <summary>Sends and receives until the stream is over; what was not answered goes back to the backlog.</summary>
    /// <returns>What it broke with; null when it ended well.</returns>
    public async Task<Exception?> Serve()
    {
        var writing = Write();
        var broke = await Read();
        var failed = await writing;
        _backlog.TakeBack(_inFlight.OrderBy(static batch => batch.Key).SelectMany(static batch => batch.Value));
        return broke is RpcException { StatusCode: StatusCode.Cancelled } ? failed ?? broke : broke;
    }

    public void Dispose()
    {
        _call.Dispose();
        _ending.Dispose();
        _over.Dispose();
        _silence.Dispose();
        _places.Dispose();
    }

    /// <returns>What could not be written, when it was the first to fail.</returns>
    private async Task<Exception?> Write()
    {
        var young = new Due(_options.Time, _options.MaxStreamAge);
        try
        {
            await Arrived();
            while (young.Left > TimeSpan.Zero && await MayWrite())
            {
                if (!await Write(_backlog.TakeBatch()))
                {
                    _places.Release();
                }
            }

            await _call.RequestStream.CompleteAsync();
            return null;
        }
        catch (Exception exception)
        {
            // The gateway may have ended the stream while this was being written: what it answered before is still to be read.
            _silence.CancelAfter(ReadTheRest);
            return _overToken.IsCancellationRequested ? null : exception;
        }
    }

    private async Task Arrived()
    {
        try
        {
            await _call.ResponseHeadersAsync.WaitAsync(ArriveWithin, _options.Time, _overToken);
        }
        catch (TimeoutException)
        {
            // Written all the same.
        }
    }

    /// <summary>Waits for a place and for a charge; false when the gateway asks for no more.</summary>
    private async Task<bool> MayWrite()
    {
        try
        {
            await _places.WaitAsync(_ending.Token);
            await _backlog.WaitAsync(_ending.Token);
            return true;
        }
        catch (OperationCanceledException) when (!_overToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<bool> Write(List<PendingCharge> charges)
    {
        if (charges.Count == 0)
        {
            return false;
        }

        var batch = new V1.ChargeBatch { Correlation = ++_correlation };
        batch.Charges.Add(charges.Select(static charge => charge.Send()));
        lock (_inFlight)
        {
            _inFlight.Add(batch.Correlation, charges);
            if (_inFlight.Count == 1)
            {
                _silence.CancelAfter(_options.AttemptTimeout);
            }
        }

        await _call.RequestStream.WriteAsync(batch, _overToken);
        return true;
    }

    private async Task<Exception?> Read()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(_overToken))
            {
                if (_call.ResponseStream.Current is { Ending: false } reply)
                {
                    Take(reply);
                }
                else
                {
                    // The gateway stops: what was sent is answered, and what comes now goes to the next one.
                    await _ending.CancelAsync();
                }
            }

            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
        finally
        {
            // Nothing more can be answered, so nothing more is to be written.
            await _over.CancelAsync();
        }
    }

    private void Take(V1.ChargeBatchReply reply)
    {
        if (!TryTake(reply.Correlation, out var charges))
        {
            throw new InvalidDataException($"A batch was answered that is not on the way: {reply.Correlation}.");
        }

        _places.Release();
        HasAnswered = true;
        if (reply.Refusal is { } wire)
        {
            var refusal = RefusalMessages.FromWire(wire);
            charges.ForEach(charge => charge.Complete(new Answer<ChargeReply>(null, refusal)));
            return;
        }

        Complete(charges, reply.Results);
    }

    private static void Complete(List<PendingCharge> charges, RepeatedField<V1.ChargeResult> results)
    {
        if (results.Count != charges.Count)
        {
            var exception = new MeteringException($"{charges.Count} charges got {results.Count} answers. Send them again with the same ids.", null);
            charges.ForEach(charge => charge.Fail(exception));
            return;
        }

        for (var i = 0; i < charges.Count; i++)
        {
            charges[i].Complete(ChargeMessages.FromWire(results[i]));
        }
    }

    private bool TryTake(long correlation, [NotNullWhen(true)] out List<PendingCharge>? charges)
    {
        lock (_inFlight)
        {
            if (!_inFlight.Remove(correlation, out charges))
            {
                return false;
            }

            _silence.CancelAfter(_inFlight.Count > 0 ? _options.AttemptTimeout : Timeout.InfiniteTimeSpan);
            return true;
        }
    }
}
