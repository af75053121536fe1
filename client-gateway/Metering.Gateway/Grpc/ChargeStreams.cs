using Grpc.Core;
using Metering.Gateway.Health;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Grpc;

/// <summary>
/// Streams of batches. So many batches of a stream are in work at once; while there are that many the stream is not read, and flow control
/// holds the client back: nothing is dropped. When the host stops, what was read is answered and the stream ends well.
/// </summary>
internal sealed class ChargeStreams(ChargeBatch batch, Drain drain, IOptions<GatewayOptions> options)
{
    private readonly int _maxInFlight = options.Value.MaxBatchesInFlightPerStream;

    public async Task Serve(
        IAsyncStreamReader<V1.ChargeBatch> requests, IServerStreamWriter<V1.ChargeBatchReply> replies, CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(_maxInFlight);
        using var writing = new SemaphoreSlim(1);
        var stopping = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        drain.EnterStream();
        var registration = drain.Stopping.Register(() => stopping.TrySetResult(false));
        var failure = (Exception?)null;
        try
        {
            while (failure is null && await NextOrStopping(requests, stopping.Task, cancellationToken))
            {
                var read = requests.Current;
                await places.WaitAsync(cancellationToken);
                _ = Answer(read);
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
                var reply = await Send(read);
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
            catch (Exception exception)
            {
                failure = exception;
            }
            finally
            {
                places.Release();
            }
        }
    }

    private static async Task<bool> NextOrStopping(
        IAsyncStreamReader<V1.ChargeBatch> requests, Task<bool> stopping, CancellationToken cancellationToken)
    {
        var next = requests.MoveNext(cancellationToken);
        if (await Task.WhenAny(next, stopping) == next)
        {
            return await next;
        }

        // The read that is given up ends with the call; nobody waits for how.
        _ = next.ContinueWith(
            static given => given.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return false;
    }

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
