using System.Threading.Channels;

namespace Metering.Client.Sending;

/// <summary>
/// Charges that wait to be sent: first those of a broken stream that were not answered, then those that came since, in their order. Callers put
/// charges in; only one stream at a time takes them out.
/// </summary>
internal sealed class ChargeBacklog(MeteringClientOptions options)
{
    private readonly Queue<PendingCharge> _unanswered = [];
    private readonly Channel<PendingCharge> _queue =
        Channel.CreateBounded<PendingCharge>(new BoundedChannelOptions(options.MaxQueuedCharges) { SingleReader = true });

    public bool TryAdd(PendingCharge charge) => _queue.Writer.TryWrite(charge);

    /// <summary>Waits for room.</summary>
    /// <exception cref="ChannelClosedException">It takes no more.</exception>
    public ValueTask AddAsync(PendingCharge charge, CancellationToken cancellationToken) => _queue.Writer.WriteAsync(charge, cancellationToken);

    public void TakeBack(IEnumerable<PendingCharge> unanswered)
    {
        foreach (var charge in unanswered)
        {
            _unanswered.Enqueue(charge);
        }
    }

    /// <summary>Waits until there is a charge that somebody still awaits.</summary>
    /// <exception cref="OperationCanceledException">There will be none.</exception>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        while (Peek() is null)
        {
            if (!await _queue.Reader.WaitToReadAsync(cancellationToken))
            {
                throw new OperationCanceledException("No more charges are taken.");
            }
        }
    }

    /// <summary>As much as fits one batch: what came while the last one was being sent.</summary>
    public List<PendingCharge> TakeBatch()
    {
        var batch = new List<PendingCharge>();
        var bytes = 0;
        while (batch.Count < options.MaxBatchCharges && Peek() is { } next && (batch.Count == 0 || bytes + next.Size <= options.MaxBatchBytes))
        {
            batch.Add(next);
            bytes += next.Size;
            Drop();
        }

        return batch;
    }

    /// <summary>Ends every charge that waits now.</summary>
    public void EndAll(Action<PendingCharge> end)
    {
        for (var left = _unanswered.Count + _queue.Reader.Count; left > 0 && Peek() is { } next; left--)
        {
            Drop();
            end(next);
        }
    }

    /// <summary>Takes no more.</summary>
    public void Close() => _queue.Writer.TryComplete();

    private PendingCharge? Peek()
    {
        PendingCharge? next;
        while (_unanswered.TryPeek(out next) || _queue.Reader.TryPeek(out next))
        {
            if (!next.IsOver)
            {
                return next;
            }

            Drop();
        }

        return null;
    }

    private void Drop()
    {
        if (!_unanswered.TryDequeue(out _))
        {
            _queue.Reader.TryRead(out _);
        }
    }
}
