using Metering.Contracts;

namespace Metering.Grains.Journal;

/// <summary>
/// One ownership of one partition's log, from the claim to the loss or the close: takes entries of its accounts, writes
/// them as records one after another, and says when they are durable. Once lost it stays lost; the next opening makes a new one.
/// </summary>
/// <remarks>
/// <para>Group commit without a timer: one append is in flight at most, and what comes meanwhile is the next record. A lone append
/// finds nobody writing and goes out at once.</para>
/// <para>Why nothing is acknowledged that is not durable: a record's task is completed in one place, after the store said
/// <see cref="AppendOutcome.Appended"/> for its number, and only while the partition is not lost. A conflict, an exception or a timeout loses the
/// partition: every waiting task fails, and no number is ever appended twice, but for records a store has lost. An append that lands late is either before the next owner's
/// claim, which then reads it, or finds its number taken.</para>
/// <para>Two locks: this one for what waits, the index's for what is committed, so that accounts can append while a record with thousands of
/// accounts is indexed. When both are held, the index's is taken first.</para>
/// </remarks>
internal sealed partial class JournalPartition : IDisposable
{
    private const int MaxSpares = 2;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly JournalServices _services;
    private readonly TailIndex _index;
    private readonly Guid _writer;
    private readonly bool _isPeriodic;
    private readonly Queue<PendingRecord> _full = new();
    private readonly Stack<PendingRecord> _spares = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly ITimer _dueTimer;
    private PendingRecord _filling;
    private PendingRecord? _writing;
    private Task _lastSealed = Task.CompletedTask;
    private LogTip _tip;
    private long _lastId;
    private long _committedId;
    private long _pendingBytes;
    private long _oldestPendingAt;
    private long _nextMark;
    private bool _isDraining;
    private bool _isTimerSet;

    internal JournalPartition(
        JournalServices services,
        string log,
        int number,
        Guid writer,
        LogTip claim,
        long mark,
        (long First, long Last) content,
        TailIndex index,
        int maxRecordBytes,
        RetainedRecords? retained)
    {
        _services = services;
        LogName = log;
        _writer = writer;
        _tip = claim;
        _lastNumber = claim.Number;
        _nextMark = mark;
        _mark = mark;
        (_firstContent, _lastContent) = content;
        _index = index;
        MaxRecordBytes = maxRecordBytes;
        _isPeriodic = services.Options.Durability == Durability.Periodic;
        _confirmsReads = services.Store.IsShared && !_isPeriodic;
        Retained = retained;
        _provenAt = services.Time.GetTimestamp();
        _filling = Begin();
        _dueTimer = services.Time.CreateTimer(static partition => ((JournalPartition)partition!).WakeByTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Checkpoint = new Checkpoint(services, this, index);
        Archiving = services.Archive is null ? null : new Archiving(services, services.Archive, this, number, countedAfter: mark, index.Position);
        if (retained is not null)
        {
            _tailTimer = services.Time.CreateTimer(static partition => ((JournalPartition)partition!).CheckTail(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            WatchTail();
        }
    }

    internal string LogName { get; }

    internal TailIndex Index => _index;

    internal Checkpoint Checkpoint { get; }

    /// <summary>Null when nobody keeps a ledger.</summary>
    internal Archiving? Archiving { get; }

    internal int MaxRecordBytes { get; }

    internal TimeSpan ReopenDelay => _services.Options.ReopenDelay;

    /// <summary>What to tell callers to wait: with another owner, or soon to have one, the partition is as good as open again there.</summary>
    internal TimeSpan RetryAfter => Loss is JournalLoss.Uncertain or JournalLoss.TailLost ? _services.Options.ReopenDelay : _services.Options.HandOverDelay;

    /// <summary>The last record known to be committed.</summary>
    internal LogTip Tip
    {
        get
        {
            lock (_gate)
            {
                return _tip;
            }
        }
    }

    /// <summary>Bytes that wait for, or are in, an append.</summary>
    internal long PendingBytes => Volatile.Read(ref _pendingBytes);

    internal long LastRecordNumber => Volatile.Read(ref _lastNumber);

    /// <summary>Whether more may be taken in: a limit reached means wait, in pending bytes, log since the mark, log that is not archived, or age of periodic answers.</summary>
    internal bool HasRoom =>
        Volatile.Read(ref _pendingBytes) < _services.Options.MaxPendingBytes
        && _index.TailBytes < _services.Options.MaxTailBytes
        && !(Archiving?.BacklogBytes >= _services.Options.MaxArchiveBacklogBytes)
        && !(_isPeriodic && IsOlder(Volatile.Read(ref _oldestPendingAt), _services.Options.PeriodicInterval));

    /// <summary>Takes in entries of an account. They are in the record whose task is returned, all of them.</summary>
    internal Task Enqueue(AccountJournal journal, long sequence, ReadOnlySpan<byte> entries)
    {
        var now = _isPeriodic ? _services.Time.GetTimestamp() : 0;
        Task committed;
        bool starts;
        lock (_gate)
        {
            journal.ThrowIfLost();
            var before = _filling.PendingBytes;
            if (!_filling.TryAdd(journal.State, sequence, entries, now, MaxRecordBytes))
            {
                Seal();
                before = 0;
                if (!_filling.TryAdd(journal.State, sequence, entries, now, MaxRecordBytes))
                {
                    throw new ArgumentOutOfRangeException(nameof(entries), entries.Length, $"Does not fit a record of {MaxRecordBytes} bytes.");
                }
            }

            _pendingBytes += _filling.PendingBytes - before;
            _oldestPendingAt = _oldestPendingAt == 0 ? now : _oldestPendingAt;
            committed = _filling.Committed.Task;
            starts = Wakes();
        }

        if (starts)
        {
            StartDraining();
        }

        return committed;
    }

    /// <summary>The task of the record that last got entries of an account; it is completed when there is none.</summary>
    internal Task LastCommit(AccountTail tail)
    {
        lock (_gate)
        {
            var id = tail.PendingId;
            if (id <= _committedId)
            {
                return Task.CompletedTask;
            }

            if (_loss is not null)
            {
                // Looked at here, since not everybody who asks waits: an unobserved failure is not news.
                var lost = Task.FromException(Lost());
                _ = lost.Exception;
                return lost;
            }

            return (id == _filling.Id ? _filling : id == _writing?.Id ? _writing : Full(id)).Committed.Task;
        }
    }

    /// <summary>Completes when everything taken in so far is durable.</summary>
    internal Task Flush()
    {
        Task sealedLast;
        bool starts;
        lock (_gate)
        {
            ThrowIfEnded();
            if (_filling.PendingBytes > 0)
            {
                Seal();
            }

            sealedLast = _lastSealed;
            starts = Wakes();
        }

        if (starts)
        {
            StartDraining();
        }

        return sealedLast;
    }

    /// <summary>Under the gate. Whether the caller has to start the writer, which it does after leaving the gate.</summary>
    private bool Wakes()
    {
        if (_isDraining || _loss is not null)
        {
            return false;
        }

        if (_full.Count > 0 || _asking is not null || IsDue())
        {
            _isDraining = true;
            return true;
        }

        SetTimer();
        return false;
    }

    /// <summary>Under the gate. Whoever leaves entries behind that are not due sees to it that somebody looks again.</summary>
    private void SetTimer()
    {
        if (_filling.PendingBytes > 0 && !_isTimerSet)
        {
            var left = (_services.Options.PeriodicInterval / 2) - _services.Time.GetElapsedTime(_filling.FirstAt);
            _isTimerSet = true;
            _dueTimer.Change(left > ShortestWait ? left : ShortestWait, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>
    /// Under the gate. Periodic records leave at half the interval, so that a store with a normal delay never reaches the whole,
    /// where accounts have to stop answering.
    /// </summary>
    private bool IsDue() => _filling.PendingBytes > 0
        && (!_isPeriodic || _pendingBytes >= _services.Options.MaxPendingBytes / 2 || IsOlder(_filling.FirstAt, _services.Options.PeriodicInterval / 2));

    private bool IsOlder(long at, TimeSpan age) => at != 0 && _services.Time.GetElapsedTime(at) >= age;

    private void WakeByTimer()
    {
        bool starts;
        lock (_gate)
        {
            _isTimerSet = false;
            starts = Wakes();
        }

        if (starts)
        {
            StartDraining();
        }
    }

    /// <summary>Under the gate. What is filling becomes the next record to be written, even an empty one.</summary>
    private void Seal()
    {
        _full.Enqueue(_filling);
        _lastSealed = _filling.Committed.Task;
        _filling = Begin();
    }

    // Apart: what the search holds on to would otherwise be made at each call, also where it isn't searched.
    private PendingRecord Full(long id) => _full.First(waiting => waiting.Id == id);

    private PendingRecord Begin()
    {
        var record = _spares.TryPop(out var spare) ? spare : new PendingRecord();
        record.Begin(++_lastId);
        return record;
    }

    private void Recycle(PendingRecord record)
    {
        record.Clear();
        lock (_gate)
        {
            if (_spares.Count < MaxSpares)
            {
                _spares.Push(record);
            }
        }
    }
}
