using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded;

/// <summary>In which order the writer takes what waits.</summary>
internal enum WriteLane
{
    /// <summary>Journal appends: callers' answers wait for them. All that fits goes into the next transaction.</summary>
    Journal = 0,

    /// <summary>Snapshots and trims: nobody's answer waits, so each transaction takes only a little of them.</summary>
    Background = 1,
}

/// <summary>
/// What waits for the writer. Whatever arrives while a transaction is being written becomes the next one: group commit without timers.
/// </summary>
/// <remarks>
/// An append never waits for more than the transaction in progress, and that holds at most <see cref="MaxBackgroundBytesPerTransaction"/> of snapshots
/// (or one larger). Snapshots are not starved either: every transaction takes at least one. Both lanes are bounded; a caller
/// beyond the bound waits, holding its own bytes, until there is a place.
/// </remarks>
internal sealed class WriteQueue
{
    public const int MaxWaitingPerLane = 1024;
    public const long MaxJournalBytesPerTransaction = 16L << 20;
    public const long MaxBackgroundBytesPerTransaction = 1L << 20;

    private readonly object _gate = new();
    private readonly Lane _journal = new(MaxJournalBytesPerTransaction);
    private readonly Lane _background = new(MaxBackgroundBytesPerTransaction);
    private bool _isClosed;

    /// <exception cref="JournalStoreException">The queue is closed.</exception>
    public async ValueTask EnqueueAsync(WriteLane lane, WriteOperation operation, CancellationToken cancellationToken)
    {
        var queue = lane == WriteLane.Journal ? _journal : _background;
        await queue.Places.WaitAsync(cancellationToken);
        lock (_gate)
        {
            if (_isClosed)
            {
                queue.Places.Release();
                throw Closed();
            }

            queue.Waiting.Enqueue(operation);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits until there is something to write and takes one transaction's worth.</summary>
    /// <returns>False when the queue is closed and everything has been taken.</returns>
    public bool TakeBatch(List<WriteOperation> batch)
    {
        lock (_gate)
        {
            while (_journal.Waiting.Count == 0 && _background.Waiting.Count == 0)
            {
                if (_isClosed)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            _journal.TakeInto(batch);
            _background.TakeInto(batch);
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

    public static JournalStoreException Closed() => new("The store is closed: the silo is stopping.");

    private sealed class Lane(long maxBytesPerTransaction)
    {
        public Queue<WriteOperation> Waiting { get; } = new();

        public SemaphoreSlim Places { get; } = new(MaxWaitingPerLane);

        public void TakeInto(List<WriteOperation> batch)
        {
            var bytes = 0L;
            var taken = 0;
            while (Waiting.TryPeek(out var next) && (taken == 0 || bytes + next.Bytes <= maxBytesPerTransaction))
            {
                batch.Add(Waiting.Dequeue());
                bytes += next.Bytes;
                taken++;
            }

            if (taken > 0)
            {
                Places.Release(taken);
            }
        }
    }
}
