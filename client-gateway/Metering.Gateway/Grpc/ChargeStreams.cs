using Grpc.Core;
using Metering.Gateway.Health;
using Metering.Gateway.Routing;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Grpc;

/// <summary>
/// Streams of batches. So many batches of a stream are in work at once; while there are that many the stream is not read, and flow control
/// holds the client back: nothing is dropped.
/// </summary>
/// <remarks>
/// When the host stops, the client is told and completes its side; then the stream ends, with everything answered. Ending it from here alone
/// would not do: HTTP/2 resets a stream that one side still writes, the connection closes right behind, and the client may take what
/// was a good end for a broken stream. A client that does not listen is cut off after a moment.
/// </remarks>
internal sealed class ChargeStreams(ChargeBatch batch, Drain drain, IOptions<GatewayOptions> options)
{
    private static readonly TimeSpan CompleteWithin = TimeSpan.FromSeconds(2);

    private readonly int _maxInFlight = options.Value.MaxBatchesInFlightPerStream;

    public async Task Serve(
        IAsyncStreamReader<BatchRequest> requests, IServerStreamWriter<BatchReply> replies, CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(_maxInFlight);
        using var writing = new SemaphoreSlim(1);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        drain.EnterStream();
        var registration = drain.Stopping.Register(stopping.SetResult);
        var failure = (Exception?)null;
        try
        {
            var ending = stopping.Task;
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
                    _ = Answer(requests.Current);
                    next = requests.MoveNext(cancellationToken);
                }
                else if (ending == stopping.Task)
                {
                    await Write(BatchReply.OfEnding);
                    ending = Task.Delay(CompleteWithin, cancellationToken);
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

            await registration.DisposeAsync();
            drain.LeaveStream();
        }

        if (failure is not null)
        {
            throw new IOException("A reply could not be written.", failure);
        }

        async Task Answer(BatchRequest read)
        {
            try
            {
                await Write(await Send(read));
            }
            catch (Exception exception)
            {
                failure = exception;
            }
            finally
            {
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

    // The read that is given up ends with the call; nobody waits for how.
    private static void Forget(Task next) => _ = next.ContinueWith(
        static given => given.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private async Task<BatchReply> Send(BatchRequest read) => read.Refusal is { } refusal
        ? new BatchReply { Correlation = read.Correlation, Refusal = refusal }
        : new BatchReply { Correlation = read.Correlation, Results = await batch.Send(read.Items) };
}
