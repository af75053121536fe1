using System.Diagnostics;
using System.Threading.Channels;
using Grpc.Core;

namespace Metering.LoadTest.Run;

/// <summary>
/// A stream with a number of batches under way. One task writes and one reads; a call goes from the one to the other and back, without a task of
/// its own. When a stream breaks, or the gateway asks for its end, the next is opened and what had no answer goes again.
/// </summary>
internal sealed class StreamSender(GrpcConnection connection, int callsInFlight, SenderContext context) : Sender(context)
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PauseBetweenStreams = TimeSpan.FromMilliseconds(20);

    // Calls to be filled or sent again. Each call is in here, under way or pausing: no more than there are.
    private readonly Channel<ChargeCall> _ready = Channel.CreateBounded<ChargeCall>(callsInFlight);
    private readonly ChargeCall?[] _underWay = new ChargeCall?[callsInFlight];
    private readonly long[] _sentAt = new long[callsInFlight];
    private int _working;

    private bool IsDone => Volatile.Read(ref _working) == 0;

    public override async Task RunAsync()
    {
        _working = _underWay.Length;
        for (var number = 0; number < _underWay.Length; number++)
        {
            _ready.Writer.TryWrite(new ChargeCall(Context.ChargesPerCall, number));
        }

        var draw = Context.Source.NewDraw();
        while (!IsDone)
        {
            using var broken = new CancellationTokenSource();
            using var stream = connection.OpenStream(broken.Token);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(broken.Token);
            var watching = WatchAsync(broken);
            var writing = WriteAsync(stream.RequestStream, draw, broken, ending.Token);
            await ReadAsync(stream.ResponseStream, ending);
            await ending.CancelAsync();
            await broken.CancelAsync();
            await Task.WhenAll(writing, watching);
            foreach (var call in _underWay)
            {
                if (call is not null)
                {
                    call.EndAll(Outcome.Unknown);
                    Return(call);
                }
            }

            if (!IsDone)
            {
                // A server that is away must not be asked for a stream as fast as it can be missed.
                await Task.Delay(PauseBetweenStreams);
            }
        }
    }

    private async Task WriteAsync(
        IClientStreamWriter<ByteBuffer> stream, ChargeDraw draw, CancellationTokenSource broken, CancellationToken ending)
    {
        try
        {
            while (await _ready.Reader.WaitToReadAsync(ending))
            {
                while (!ending.IsCancellationRequested && _ready.Reader.TryRead(out var call))
                {
                    if (await PrepareAsync(call, draw))
                    {
                        await stream.WriteAsync(call.Payload, CancellationToken.None);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The stream is at its end, for good or for bad.
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            await broken.CancelAsync();
            return;
        }

        try
        {
            await stream.CompleteAsync();
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            await broken.CancelAsync();
        }
    }

    /// <summary>Fills a call that has been answered; false when there is nothing more to send.</summary>
    private async ValueTask<bool> PrepareAsync(ChargeCall call, ChargeDraw draw)
    {
        if (call.IsAnswered)
        {
            var dueAt = await Context.Pacer.WaitAsync();
            if (dueAt == Pacer.Over)
            {
                Retire();
                return false;
            }

            call.Fill(draw, dueAt);
        }

        Context.Format.Write(call);
        call.Send();
        Volatile.Write(ref _sentAt[call.Number], call.SentAt);
        _underWay[call.Number] = call;
        return true;
    }

    private async Task ReadAsync(IAsyncStreamReader<ByteBuffer> stream, CancellationTokenSource ending)
    {
        try
        {
            while (await stream.MoveNext(CancellationToken.None))
            {
                var answer = stream.Current;
                if (ProtoCharges.CorrelationOf(answer.Written) is not { } correlation)
                {
                    await ending.CancelAsync();
                    continue;
                }

                var call = _underWay[correlation] ?? throw new LoadException($"The server answered the batch {correlation}, which is not under way.");
                Context.Format.Read(answer.Written, call.Outcomes);
                Return(call);
            }
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            // What was under way is sent again on the next stream.
        }
    }

    /// <summary>A call comes back, with or without an answer.</summary>
    private void Return(ChargeCall call)
    {
        _underWay[call.Number] = null;
        if (!Settle(call))
        {
            _ = PauseAndRetryAsync(call);
        }
        else if (call.Refused > 0)
        {
            _ = YieldAndReturnAsync(call);
        }
        else
        {
            _ready.Writer.TryWrite(call);
        }
    }

    private async Task YieldAndReturnAsync(ChargeCall call)
    {
        await YieldAsync(call);
        _ready.Writer.TryWrite(call);
    }

    private async Task PauseAndRetryAsync(ChargeCall call)
    {
        if (await PauseAsync(call))
        {
            _ready.Writer.TryWrite(call);
        }
        else
        {
            Retire();
        }
    }

    private void Retire()
    {
        if (Interlocked.Decrement(ref _working) == 0)
        {
            _ready.Writer.Complete();
        }
    }

    /// <summary>A connection to a host that vanished says nothing: only the time that passes does.</summary>
    private async Task WatchAsync(CancellationTokenSource broken)
    {
        using var timer = new PeriodicTimer(WatchInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(broken.Token))
            {
                for (var number = 0; number < _underWay.Length; number++)
                {
                    if (_underWay[number] is not null && Stopwatch.GetElapsedTime(Volatile.Read(ref _sentAt[number])) > AnswerTimeout)
                    {
                        await broken.CancelAsync();
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The stream has ended.
        }
    }

    private static bool IsBroken(Exception exception) =>
        exception is RpcException or IOException or InvalidOperationException or OperationCanceledException or HttpRequestException;
}
