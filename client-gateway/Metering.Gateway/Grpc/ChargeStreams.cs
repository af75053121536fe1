using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Health;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Grpc;

/// <summary>
/// Streams of batches. So many batches of a stream are in work at once; while there are that many the stream is not read, and flow control
/// holds the client back: nothing is dropped. They are read and answered side by side, but sent on in the order in which they came:
/// an account that is awake gets its charges as the stream had them.
/// </summary>
/// <remarks>
/// When the host stops, the client is told and completes its side; then the stream ends, with everything answered. Ending it from here alone
/// would not do: HTTP/2 resets a stream that one side still writes, the connection closes right behind, and the client may take what
/// was a good end for a broken stream. A client that does not listen is cut off after a moment. In the same way a stream ends that has become old: where it
/// leads was decided when it was opened, and gateways that have come since would otherwise stand idle beside it.
/// </remarks>
internal sealed class ChargeStreams(ChargeBatch batch, ChargesInWork inWork, Gatekeeper gatekeeper, Drain drain, IOptions<GatewayOptions> options, TimeProvider time)
{
    /// <summary>What a client is given to complete its side, when the host stops and when the stream is old.</summary>
    private static readonly TimeSpan CompleteWithin = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan CompleteOldWithin = TimeSpan.FromSeconds(30);

    private readonly int _maxInFlight = options.Value.MaxBatchesInFlightPerStream;
    private readonly TimeSpan _maxAge = options.Value.MaxStreamAge;

    /// <summary>The last fifth of the age is chance: streams that were opened together do not all come back together.</summary>
    private TimeSpan Age => _maxAge * (1 - (Random.Shared.NextDouble() / 5));

    public async Task Serve(IAsyncStreamReader<BatchRequest> requests, IServerStreamWriter<BatchReply> replies, ServerCallContext call)
    {
        var (context, cancellationToken) = (call.GetHttpContext(), call.CancellationToken);
        using var places = new SemaphoreSlim(_maxInFlight);
        using var writing = new SemaphoreSlim(1);
        using var over = new CancellationTokenSource();
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        drain.EnterStream();
        var registration = drain.Stopping.Register(stopping.SetResult);
        var failure = (Exception?)null;
        try
        {
            // At once: clients may wait until they know that their stream has arrived before they write to it. See OpenStream of the client.
            await call.WriteResponseHeadersAsync([]);
            var isTold = false;
            Task ending = Task.WhenAny(stopping.Task, Task.Delay(Age, time, over.Token));
            var sentOn = Task.CompletedTask;
            var next = requests.MoveNext(cancellationToken);
            while (failure is null)
            {
                if (await Task.WhenAny(next, ending) == next)
                {
                    if (!await next)
                    {
                        break;
                    }

                    await places.WaitAsync(cancellationToken);
                    var (read, before) = (requests.Current, sentOn);
                    if (Refuse(read, await gatekeeper.Renew(context), out var taken) is { } refusal)
                    {
                        // Here and now: a refusal that waited for its turn behind what was taken would tell of an overload when it is over.
                        try
                        {
                            await Write(new BatchReply { Correlation = read.Correlation, Refusal = refusal });
                        }
                        finally
                        {
                            places.Release();
                        }
                    }
                    else
                    {
                        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                        sentOn = turn.Task;
                        _ = Task.Run(() => Answer(read.Correlation, taken, before, turn), CancellationToken.None);
                    }

                    next = requests.MoveNext(cancellationToken);
                }
                else if (!isTold)
                {
                    isTold = true;
                    await Write(BatchReply.OfEnding);
                    ending = MayComplete(stopping.Task, over.Token);
                }
                else
                {
                    Forget(next);
                    break;
                }
            }
        }
        finally
        {
            // Every place taken back is an answer written: only then may the stream end.
            for (var i = 0; i < _maxInFlight; i++)
            {
                await places.WaitAsync(CancellationToken.None);
            }

            await over.CancelAsync();
            await registration.DisposeAsync();
            drain.LeaveStream();
        }

        if (failure is not null)
        {
            throw new IOException("A reply could not be written.", failure);
        }

        async Task Answer(long correlation, BatchInWork taken, Task before, TaskCompletionSource turn)
        {
            try
            {
                await Write(new BatchReply { Correlation = correlation, Results = await Send(taken, before, turn) });
            }
            catch (Exception exception)
            {
                failure = exception;
            }
            finally
            {
                turn.TrySetResult();
                places.Release();
            }
        }

        async Task Write(BatchReply reply)
        {
            await writing.WaitAsync(cancellationToken);
            try
            {
                await replies.WriteAsync(reply, cancellationToken);
            }
            finally
            {
                writing.Release();
            }
        }
    }

    /// <summary>Completes when a client that was told has had time enough.</summary>
    private async Task MayComplete(Task stopping, CancellationToken over)
    {
        await Task.WhenAny(stopping, Task.Delay(CompleteOldWithin, time, over));
        if (stopping.IsCompleted)
        {
            await Task.Delay(CompleteWithin, time, over);
        }
    }

    // The read that is given up ends with the call; nobody waits for how.
    private static void Forget(Task next) => _ = next.ContinueWith(
        static given => given.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    /// <param name="read">A batch.</param>
    /// <param name="caller">Who sent it, as they are now: a key may end before its stream does.</param>
    /// <param name="taken">The batch, when it is taken in.</param>
    private Refusal? Refuse(BatchRequest read, Answer<Caller> caller, out BatchInWork taken)
    {
        taken = default;
        return read.Refusal ?? caller.Refusal ?? (inWork.TryEnter(caller.Reply!.Allowed(read.Items), out taken) ? null : ChargesInWork.Overloaded);
    }

    /// <param name="taken">The batch.</param>
    /// <param name="before">Completes when the batch before has been sent on.</param>
    /// <param name="turn">To be completed when this one has.</param>
    private async Task<Answer<ChargeReply>[]> Send(BatchInWork taken, Task before, TaskCompletionSource turn)
    {
        await before;
        var answering = batch.Send(taken);
        turn.SetResult();
        return await answering;
    }
}
