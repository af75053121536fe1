using Metering.Contracts;
using Metering.Gateway.Telemetry;

namespace Metering.Gateway.Routing.Lanes;

/// <summary>
/// One of the queues for a silo, with one message under way at a time. What is added while there is none goes at once; what is added meanwhile becomes the next
/// message. So an idle gateway waits for nothing, and the busier it is, the more charges share a message, without any timer.
/// </summary>
/// <remarks>
/// The accounts of a partition are always in the same lane, and so charges of an account reach it in the order in which they were added, from whichever callers. When a message
/// fails, its charges and all that wait behind it are <see cref="Code.Unavailable"/>, and their callers may add them again: in a lane that leads nowhere nobody waits for his turn.
/// </remarks>
internal sealed class ChargeLane(SiloRoute route, TimeSpan attempt, FailureLog failures, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Queue<BatchPart> _waiting = new();
    private int _waitingBytes;
    private bool _isSending;

    /// <summary>Takes a part of a batch; it is told when it is done.</summary>
    public void Add(BatchPart part)
    {
        lock (_lock)
        {
            if (_waiting.Count > 0 && _waitingBytes + part.Bytes > LaneLimits.MaxBytesWith(part.Bytes))
            {
                part.End(SiloFailure.TooManyWaiting);
                return;
            }

            _waiting.Enqueue(part);
            _waitingBytes += part.Bytes;
            if (_isSending)
            {
                return;
            }

            _isSending = true;
        }

        StartSending();
    }

    /// <summary>The lane goes on with other callers' charges: nothing of this one's context is to go along.</summary>
    private void StartSending()
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            _ = SendAll();
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            _ = SendAll();
        }
    }

    private async Task SendAll()
    {
        while (NextMessage() is { } message)
        {
            await Send(message);
        }
    }

    private async Task Send(LaneMessage message)
    {
        if (route.Way is not { } way)
        {
            message.Leave();
            EndWaiting(refuse: null);
            return;
        }

        try
        {
            ChargeMetrics.Sent(message.Count);
            AttemptTime.Begin(time.GetUtcNow(), attempt);
            var reply = await way.Router.Charge(message.ToSilo()).WaitAsync(attempt, time);
            message.Answer(reply.Answers);
        }
        catch (Exception exception)
        {
            if (SiloFailure.IsLoadShed(exception))
            {
                message.Refuse(SiloFailure.Overloaded);
                return;
            }

            if (!SiloFailure.IsForeseen(exception))
            {
                failures.GivenUp(exception);
            }

            route.Failed(way);
            message.NotHeard(route.Silo);
            EndWaiting(SiloFailure.Unanswered);
        }
    }

    /// <summary>Null when nothing waits; then whoever adds next begins to send again.</summary>
    private LaneMessage? NextMessage()
    {
        lock (_lock)
        {
            var message = new LaneMessage();
            while (_waiting.TryPeek(out var part) && TakeOrEnd(message, part))
            {
                _waiting.Dequeue();
            }

            _isSending = !message.IsEmpty;
            return _isSending ? message : null;
        }
    }

    /// <returns>Whether nothing is left of the part.</returns>
    private bool TakeOrEnd(LaneMessage message, BatchPart part)
    {
        var bytes = part.Bytes;
        var isGone = true;
        if (part.Batch.IsGivenUp || part.IsLeft)
        {
            part.End(refuse: null);
            _waitingBytes -= bytes;
        }
        else if (time.GetElapsedTime(part.AddedAt) > attempt)
        {
            // More comes than the silo takes. Nobody is served by an answer that comes when its caller has turned away.
            part.End(SiloFailure.TooManyWaiting);
            _waitingBytes -= bytes;
        }
        else
        {
            isGone = message.Take(part);
            _waitingBytes -= bytes - part.Bytes;
        }

        return isGone;
    }

    private void EndWaiting(Func<string, Refusal>? refuse)
    {
        lock (_lock)
        {
            while (_waiting.TryDequeue(out var part))
            {
                part.End(refuse);
            }

            _waitingBytes = 0;
        }
    }
}
