namespace Metering.Grains.Journal;

/// <summary>Why a partition ended.</summary>
internal enum JournalLoss
{
    /// <summary>Another owner has the log.</summary>
    Fenced = 0,

    /// <summary>An append had no certain outcome.</summary>
    Uncertain = 1,

    /// <summary>This silo let go of it.</summary>
    Closed = 2,

    /// <summary>The store has lost committed records that this owner could not put back.</summary>
    TailLost = 3,
}

/// <summary>How an ownership ends, and how its log gets shorter meanwhile.</summary>
internal sealed partial class JournalPartition
{
    /// <summary>So many records without entries (claims, marks) may lie at the end of an idle log before they are trimmed too.</summary>
    private const int MaxEmptyRecords = 64;

    private readonly TaskCompletionSource _hasEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _loss;
    private bool _isClosing;
    private long _lastNumber;
    private long _firstContent;
    private long _lastContent;
    private long _mark;

    /// <summary>No append will be taken any more, and memory is not to be trusted.</summary>
    internal bool IsLost => IsEnded || Volatile.Read(ref _isClosing);

    private bool IsEnded => Volatile.Read(ref _loss) is not null;

    internal JournalLoss? Loss { get; private set; }

    /// <summary>When it was lost (timestamp).</summary>
    internal long LostAt { get; private set; }

    /// <summary>The highest mark that is in a committed record of this owner: the log may be trimmed through it.</summary>
    internal long Mark => Volatile.Read(ref _mark);

    internal JournalLostException Lost() => new($"{LogName}: {Volatile.Read(ref _loss) ?? "the partition is being closed"}.");

    /// <summary>
    /// Refuses further entries, waits for those taken in, lets go, and tells the accounts to leave. No snapshots: the log has everything, and the next owner waits.
    /// </summary>
    internal async Task CloseAsync(CancellationToken cancellationToken)
    {
        Task flushed;
        Task answered;
        bool starts;
        lock (_gate)
        {
            if (IsEnded)
            {
                return;
            }

            flushed = _isClosing ? _hasEnded.Task : Flush();
            answered = LastLook(flushed);
            Volatile.Write(ref _isClosing, true);
            starts = Wakes();
        }

        if (starts)
        {
            StartDraining();
        }

        try
        {
            await flushed.WaitAsync(cancellationToken);
            await answered.WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is JournalLostException or JournalUnavailableException or OperationCanceledException)
        {
            // Lost meanwhile, and logged there; or told not to wait, and then what waits fails below.
        }

        Dispose();
    }

    /// <summary>
    /// Under the gate. What is still owed to those who asked; and, where the store may have lost records that only this owner has, a look whether they are all there.
    /// </summary>
    private Task LastLook(Task flushed)
    {
        var isNeeded = flushed.IsCompleted && Retained is { IsEmpty: false };
        return isNeeded ? Ask() : _asking?.Task ?? _confirming?.Task ?? Task.CompletedTask;
    }

    /// <summary>Lets go at once; what waits fails.</summary>
    public void Dispose() => Lose(JournalLoss.Closed, "the partition was closed", null);

    /// <summary>Gives up: everything that waits fails, and nothing will be appended any more.</summary>
    internal void Lose(JournalLoss loss, string reason, Exception? exception)
    {
        List<PendingRecord> waiting;
        TaskCompletionSource?[] asking;
        lock (_gate)
        {
            if (_loss is not null)
            {
                return;
            }

            Loss = loss;
            LostAt = _services.Time.GetTimestamp();
            Volatile.Write(ref _loss, reason);
            waiting = [.. _full, _filling];
            if (_writing is not null)
            {
                waiting.Insert(0, _writing);
            }

            _full.Clear();
            asking = [_confirming, _asking];
            (_confirming, _asking) = (null, null);
        }

        JournalMetrics.Lost(loss);
        if (loss == JournalLoss.Closed)
        {
            Log.PartitionClosed(_services.Logger, LogName, LastRecordNumber);
        }
        else
        {
            Log.PartitionLost(_services.Logger, exception, LogName, reason);
        }

        foreach (var answers in waiting.Select(static record => record.Committed).Concat(asking.OfType<TaskCompletionSource>()))
        {
            answers.TrySetException(Lost());

            // Looked at here, since with periodic durability nobody else may: an unobserved failure is not news.
            _ = answers.Task.Exception;
        }

        _dueTimer.Dispose();
        _tailTimer?.Dispose();
        Checkpoint.Dispose();
        _ended.Cancel();
        if (loss is JournalLoss.Closed or JournalLoss.Fenced)
        {
            // Another owner has read them, or will. After any other loss the next opening is likely to be here, and may need them.
            Retained?.Clear();
        }

        _hasEnded.SetResult();
        _index.TellOwners();
    }

    /// <summary>How far the log is worth trimming now: everything through it is in snapshots. The mark itself when it is not.</summary>
    internal long Coverable()
    {
        // Read before the pins: a record committed in between is pinned and must not count as covered.
        long first;
        long last;
        lock (_gate)
        {
            first = _firstContent;
            last = _tip.Number;
        }

        var coverable = _index.OldestPinned() is { } oldest ? Math.Min(oldest - 1, last) : last;

        // A mark costs a record. For the sake of records without entries alone each mark would call for the next.
        return (first != 0 && coverable >= first) || coverable - Mark > MaxEmptyRecords ? coverable : Mark;
    }

    /// <summary>Commits a record that carries the mark. Only then may the log be trimmed by it (see <see cref="PartitionOpening"/>).</summary>
    internal Task CommitMarkAsync(long mark)
    {
        Task committed;
        bool starts;
        lock (_gate)
        {
            ThrowIfEnded();
            Volatile.Write(ref _nextMark, Math.Max(_nextMark, mark));
            Seal();
            committed = _lastSealed;
            starts = Wakes();
        }

        if (starts)
        {
            StartDraining();
        }

        return committed;
    }

    private void ThrowIfEnded()
    {
        if (IsLost)
        {
            throw Lost();
        }
    }
}
