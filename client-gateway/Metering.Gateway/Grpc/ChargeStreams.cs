using Grpc.Core;
using Metering.Gateway.Health;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
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
        IAsyncStreamReader<V1.ChargeBatch> requests, IServerStreamWriter<V1.ChargeBatchReply> replies, CancellationToken cancellationToken)
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
                    await Write(new V1.ChargeBatchReply { Ending = true });
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

        async Task Answer(V1.ChargeBatch read)
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

        async Task Write(V1.ChargeBatchReply reply)
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

    private async Task<V1.ChargeBatchReply> Send(V1.ChargeBatch read)
    {
        var reply = new V1.ChargeBatchReply { Correlation = read.Correlation };
        var faults = new Faults();
        Shape.Count(faults, "charges", read.Charges.Count, 0, Limits.MaxChargesPerBatch);
        if (faults.Any)
        {
            reply.Refusal = Refusals.ToWire(faults.ToRefusal());
            return reply;
        }

        ChargeMessages.AddResults(reply.Results, await batch.Send([.. read.Charges.Select(ChargeMessages.ItemFromWire)]));
        return reply;
    }
}
