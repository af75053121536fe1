namespace Metering.Grains.Journal;

/// <summary>
/// One activation's view of its part of the journal. For the activation's turns; not thread-safe beyond that.
/// </summary>
/// <remarks>
/// Open it before the snapshot is loaded. Opening claims the partition, and only a snapshot read after that is sure to hold
/// everything a former owner has trimmed from the log.
/// </remarks>
public sealed class AccountJournal : IDisposable
{
    private readonly JournalPartition _partition;
    private IJournalOwner? _owner;
    private bool _isGivenUp;
    private bool _isRecovering;
    private long _sequence;
    private long _appendedBytes;
    private long _coveredBefore;

    internal AccountJournal(JournalPartition partition, AccountTail state)
    {
        _partition = partition;
        State = state;
    }

    public string Account => State.Account;

    /// <summary>
    /// The account's committed entries that no snapshot was known to cover, oldest first, as they were appended. The first of them may
    /// be in the snapshot already: skip by sequence. Empty after <see cref="Recovered"/>.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Tail { get; private set; } = [];

    /// <summary>
    /// The log has another owner, an append had no certain outcome, the partition was closed, or the account was opened
    /// again: memory is not to be trusted, and every further append throws. Readable from any thread.
    /// </summary>
    public bool IsLost => Volatile.Read(ref _isGivenUp) || _partition.IsLost;

    /// <summary>False: a limit is reached; refuse as overloaded before deciding anything. Readable from any thread.</summary>
    public bool HasRoom => _partition.HasRoom;

    /// <summary>The most bytes one append takes.</summary>
    public int MaxAppendBytes => checked(_partition.MaxRecordBytes - (int)PendingRecord.BytesOf(State, 0));

    /// <summary>The sequence of the last entries there are, committed or not; 0 when there are none since the last snapshot.</summary>
    public long LastSequence => _sequence;

    /// <summary>
    /// Completes once everything appended so far is durable: the task of the last <see cref="Append"/>, without keeping it. Thousands of accounts that each hold the task of the
    /// latest record are what the garbage collector has to look for one by one in its pauses.
    /// </summary>
    public Task LastCommit => _partition.LastCommit(State);

    /// <summary>Bytes of entries, committed or not, since the last snapshot.</summary>
    public long TailBytes => _appendedBytes - _coveredBefore;

    /// <summary>
    /// The last record known to be committed. Put it into snapshots: a log that ends before it has lost records. Readable from any thread.
    /// </summary>
    public long LastRecordNumber => _partition.LastRecordNumber;

    /// <summary>What callers should be told to wait when the part is lost: little when another owner is about to have it.</summary>
    public TimeSpan RetryAfter => _partition.RetryAfter;

    /// <summary>Who is told when the account's part is lost, so that it need not wait for a caller to find out: at once when it is already.</summary>
    internal IJournalOwner? Owner
    {
        get => Volatile.Read(ref _owner);
        set
        {
            Interlocked.Exchange(ref _owner, value);
            if (IsLost)
            {
                value?.JournalLost();
            }
        }
    }

    internal AccountTail State { get; }

    /// <summary>
    /// Enqueues entries. They are copied, go into one record together, and are durable when the task completes; all appends in
    /// a record share the task. With periodic durability there is no need to wait for it.
    /// </summary>
    /// <param name="sequence">The sequence of the last of these entries; higher than any before.</param>
    /// <param name="entries">1 to <see cref="MaxAppendBytes"/> bytes.</param>
    /// <returns>Fails with <see cref="JournalLostException"/> when it is not known to be durable.</returns>
    /// <exception cref="JournalLostException"><see cref="IsLost"/>; nothing was enqueued.</exception>
    public Task Append(long sequence, ReadOnlySpan<byte> entries)
    {
        if (sequence <= _sequence)
        {
            throw new ArgumentOutOfRangeException(nameof(sequence), sequence, $"Sequences rise; the last was {_sequence}.");
        }

        if (entries.IsEmpty)
        {
            throw new ArgumentException("There are no entries.", nameof(entries));
        }

        if (_isRecovering)
        {
            Recovered();
        }

        var committed = _partition.Enqueue(this, sequence, entries);
        _sequence = sequence;
        _appendedBytes += entries.Length;
        return committed;
    }

    /// <summary>
    /// Completes once it is certain that this account had no other owner when this was called: then what the activation answers from memory is no older than
    /// what any other has answered. An answer that waits for an <see cref="Append"/> of its own needs no more. On a store that is not shared, and with
    /// periodic durability, it is completed at once.
    /// </summary>
    /// <returns>
    /// Fails with <see cref="JournalLostException"/> when there is another owner, and with <see cref="JournalUnavailableException"/> when the store could not be asked;
    /// only then the activation may go on.
    /// </returns>
    /// <exception cref="JournalLostException"><see cref="IsLost"/>.</exception>
    public Task Confirm() => _partition.Confirm(this);

    /// <summary>
    /// Sends off what periodic durability still holds back. Completes, or fails with <see cref="JournalLostException"/>, with the record that holds it.
    /// </summary>
    /// <exception cref="JournalLostException"><see cref="IsLost"/>.</exception>
    public Task Flush() => _partition.Flush();

    /// <summary>The tail was replayed; its memory can go.</summary>
    public void Recovered()
    {
        _isRecovering = false;
        Tail = [];
        lock (_partition.Index.Lock)
        {
            if (State.Current == this)
            {
                State.Recovered = null;
            }
        }
    }

    /// <summary>
    /// A snapshot that holds everything through <paramref name="sequence"/> is durable. Call it after each snapshot and, when there
    /// was one, after recovery: the journal does not know snapshots otherwise, and keeps the log for them.
    /// </summary>
    /// <param name="sequence">Of a committed entry; entries after it stay in the log.</param>
    public void Snapshotted(long sequence)
    {
        lock (_partition.Index.Lock)
        {
            // A snapshot of an activation that lost the account says nothing about what the one after it relies on.
            if (State.Current == this)
            {
                _partition.Index.Cover(State, sequence);
                _coveredBefore = State.CoveredBytes;
            }
        }
    }

    /// <summary>Checks the log against the record number in a snapshot. Call it after loading one, before trusting it.</summary>
    /// <remarks>
    /// A snapshot that knows a later record than this owner does has two explanations: the log has lost records, or a newer owner wrote them and this
    /// one has not noticed yet. An append decides: only if nobody has the numbers in between does it succeed.
    /// </remarks>
    /// <exception cref="AccountQuarantinedException">The log ends before a record that was committed.</exception>
    /// <exception cref="JournalUnavailableException">The partition has another owner.</exception>
    public async Task Verify(long snapshotRecord)
    {
        var last = LastRecordNumber;
        if (snapshotRecord <= last)
        {
            return;
        }

        try
        {
            await _partition.CommitMarkAsync(_partition.Mark);
        }
        catch (JournalLostException lost)
        {
            throw new JournalUnavailableException(lost.Message, _partition.ReopenDelay, lost);
        }

        throw _partition.Quarantine(State, snapshotRecord, $"a snapshot was written after it was committed, but the log ends at record {last}");
    }

    /// <summary>The activation ends. What it enqueued is still written. Harmless when repeated.</summary>
    public void Close() => _partition.CloseAccount(this);

    public void Dispose() => Close();

    /// <inheritdoc cref="Core.Accounts.Account.FetchAhead"/>
    internal int FetchAhead() => unchecked((int)(_sequence ^ State.PendingId));

    /// <summary>Under the index's lock: ready for its activation.</summary>
    internal void Begin(IReadOnlyList<ReadOnlyMemory<byte>> tail)
    {
        Tail = tail;
        _isRecovering = State.Recovered is not null;
        _sequence = State.LastSequence;
        _coveredBefore = State.CoveredBytes;
        _appendedBytes = State.CoveredBytes + State.Bytes;
    }

    /// <summary>Under the partition's gate, so that no append slips in after it.</summary>
    internal void GiveUp() => Volatile.Write(ref _isGivenUp, true);

    internal void ThrowIfLost()
    {
        if (_partition.IsLost)
        {
            throw _partition.Lost();
        }

        if (_isGivenUp)
        {
            throw new JournalLostException($"{Account}: this activation has ended, or the account was opened again.");
        }
    }
}
