using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// What waits for a writer. Whatever arrives while it writes is written together next: group commit without timers.
/// </summary>
/// <remarks>Bounded: a caller beyond <see cref="WriteQueue.MaxWaiting"/> waits, holding its own bytes, until there is a place.</remarks>
/// <param name="maxBytesAtOnce">How much is written at once, or one operation that is larger.</param>
/// <typeparam name="TTarget">What it is written into.</typeparam>
internal sealed class WriteQueue<TTarget>(long maxBytesAtOnce)
{
    private readonly object _gate = new();
    private readonly Queue<WriteOperation<TTarget>> _waiting = new();
    private bool _isClosed;

    private SemaphoreSlim Places { get; } = new(WriteQueue.MaxWaiting);

    /// <exception cref="JournalStoreException">The queue is closed.</exception>
    public async ValueTask EnqueueAsync(WriteOperation<TTarget> operation, CancellationToken cancellationToken)
    {
        await Places.WaitAsync(cancellationToken);
        lock (_gate)
        {
            if (_isClosed)
            {
                Places.Release();
                throw WriteQueue.Closed();
            }

            _waiting.Enqueue(operation);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits until there is something to write and takes as much as is written at once.</summary>
    /// <returns>False when the queue is closed and everything has been taken.</returns>
    public bool TakeBatch(List<WriteOperation<TTarget>> batch)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_isClosed)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            var bytes = 0L;
            while (_waiting.TryPeek(out var next) && (batch.Count == 0 || bytes + next.Bytes <= maxBytesAtOnce))
            {
                batch.Add(_waiting.Dequeue());
                bytes += next.Bytes;
            }

            Places.Release(batch.Count);
            return true;
        }
    }

    /// <summary>Refuses what comes from now on. What waits is still written.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.Pulse(_gate);
        }
    }
}

/// <summary>What all queues of the store have alike.</summary>
internal static class WriteQueue
{
    public const int MaxWaiting = 1024;

    public static JournalStoreException Closed() => new("The store is closed: the silo is stopping.");
}
