using System.Collections.Concurrent;
using System.Text;

namespace Metering.Grains.Journal;

/// <summary>
/// Which accounts have entries in the log that no snapshot covers, and who of them pins its oldest record. The mark
/// follows from it: everything before the oldest pinned record may be trimmed.
/// </summary>
internal sealed class TailIndex
{
    /// <summary>How many accounts that were asked lately are passed over in one look. All of them pin the log anyway.</summary>
    private const int MaxPassedOver = 1024;

    internal const string DamagedEntries = "the checksum of the account's entries does not fit";

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, AccountTail> _tails = new(StringComparer.Ordinal);

    // By oldest record. An entry whose account has moved on is stale and dropped when it surfaces.
    private readonly PriorityQueue<AccountTail, long> _pins = new();
    private int _pinned;
    private long _position;
    private long _tailBytes;

    /// <summary>Bytes of log since the oldest pinned record: what a recovery would have to read.</summary>
    internal long TailBytes => Volatile.Read(ref _tailBytes);

    /// <summary>Guards every <see cref="AccountTail"/> of this index.</summary>
    internal Lock Lock => _lock;

    /// <summary>The account's tail, new if need be. Call under <see cref="Lock"/>.</summary>
    internal AccountTail Get(string account) =>
        _tails.GetOrAdd(account, static id => new AccountTail(id, Encoding.UTF8.GetByteCount(id)));

    /// <summary>Forgets an account with nothing to remember. Call under <see cref="Lock"/>.</summary>
    internal void Forget(AccountTail tail)
    {
        if (!tail.IsPinned && tail.Damage is null)
        {
            _tails.TryRemove(tail.Account, out _);
        }
    }

    /// <summary>Tells every activation that has an account open that its part is lost.</summary>
    internal void TellOwners()
    {
        foreach (var (_, tail) in _tails)
        {
            tail.Current?.Owner?.JournalLost();
        }
    }

    /// <summary>Takes in a record that the opening read. The tails are not in use yet.</summary>
    internal void Recover(long number, int recordBytes, List<RecordChunk> chunks, long now)
    {
        lock (_lock)
        {
            var (before, after) = Advance(number, recordBytes, now);
            foreach (var chunk in chunks)
            {
                var tail = Get(chunk.Account);
                Add(tail, before, after, chunk.Sequence, chunk.Entries.Length);
                (tail.Recovered ??= []).Add(new RecoveredChunk(number, chunk.Entries));
                if (!chunk.IsIntact)
                {
                    tail.Damage ??= new RecordDamage(number, DamagedEntries);
                }
            }

            UpdateTailBytes();
        }
    }

    /// <summary>Takes note of a record that was committed.</summary>
    internal void Commit(long number, int recordBytes, ReadOnlySpan<PendingRecord.Slot> slots, long now)
    {
        lock (_lock)
        {
            var (before, after) = Advance(number, recordBytes, now);
            foreach (ref readonly var slot in slots)
            {
                Add(slot.Tail, before, after, slot.Sequence, slot.Bytes);
            }

            UpdateTailBytes();
        }
    }

    /// <summary>Takes note of a durable snapshot. Call under <see cref="Lock"/>.</summary>
    internal void Cover(AccountTail tail, long sequence)
    {
        var wasPinned = tail.IsPinned;
        if (!tail.Cover(sequence))
        {
            return;
        }

        if (tail.IsPinned)
        {
            tail.Recovered?.RemoveAll(chunk => chunk.Record < tail.Oldest.Record);
            Pin(tail);
        }
        else
        {
            tail.Recovered = null;
        }

        _pinned -= wasPinned && !tail.IsPinned ? 1 : 0;
        UpdateTailBytes();
    }

    /// <summary>The oldest record that some account still needs, or null when all is covered.</summary>
    internal long? OldestPinned()
    {
        lock (_lock)
        {
            return Oldest()?.Oldest.Record;
        }
    }

    /// <summary>When the oldest record that some account still needs was written or read here (timestamp); null when all is covered.</summary>
    internal long? OldestAt()
    {
        lock (_lock)
        {
            return Oldest()?.Oldest.At;
        }
    }

    /// <summary>
    /// The accounts that pin the oldest records, oldest first, and notes that they are asked now. An account asked after
    /// <paramref name="askedBefore"/> is left in peace.
    /// </summary>
    /// <param name="limit">At most so many.</param>
    /// <param name="now">This moment (timestamp).</param>
    /// <param name="olderThan">Only accounts whose oldest record is at least so old (timestamp); all, when null.</param>
    /// <param name="askedBefore">Only accounts last asked at or before this (timestamp).</param>
    internal List<string> TakeOldest(int limit, long now, long? olderThan, long askedBefore)
    {
        var taken = new List<string>();
        var seen = new List<AccountTail>();
        lock (_lock)
        {
            while (taken.Count < limit && seen.Count - taken.Count < MaxPassedOver && Oldest() is { } tail && !(tail.Oldest.At > olderThan))
            {
                _pins.Dequeue();
                seen.Add(tail);
                if (tail.AskedAt == 0 || tail.AskedAt <= askedBefore)
                {
                    tail.AskedAt = now;
                    taken.Add(tail.Account);
                }
            }

            seen.ForEach(tail => _pins.Enqueue(tail, tail.Oldest.Record));
        }

        return taken;
    }

    /// <summary>Ids with entries that no snapshot covers. Without the lock: a long index must not hold up commits.</summary>
    internal IEnumerable<string> Accounts() => _tails.Where(static pair => pair.Value.IsPinned).Select(static pair => pair.Key);

    private (LogPoint Before, LogPoint After) Advance(long number, int recordBytes, long now)
    {
        var before = new LogPoint(number, _position, now);
        _position += recordBytes;
        return (before, new LogPoint(number + 1, _position, now));
    }

    private void Add(AccountTail tail, LogPoint before, LogPoint after, long sequence, int bytes)
    {
        if (tail.Add(before, after, sequence, bytes))
        {
            _pinned++;
            Pin(tail);
        }
    }

    private void Pin(AccountTail tail)
    {
        // Stale entries below the top are only bounded by building the queue anew now and then.
        if (_pins.Count > 1024 + (2 * _pinned))
        {
            var valid = _pins.UnorderedItems.Where(static item => item.Element.Oldest.Record == item.Priority).DistinctBy(static item => item.Element).ToArray();
            _pins.Clear();
            _pins.EnqueueRange(valid);
            if (Array.Exists(valid, item => ReferenceEquals(item.Element, tail)))
            {
                return;
            }
        }

        _pins.Enqueue(tail, tail.Oldest.Record);
    }

    private AccountTail? Oldest()
    {
        while (_pins.TryPeek(out var tail, out var record))
        {
            if (tail.Oldest.Record == record)
            {
                return tail;
            }

            _pins.Dequeue();
        }

        return null;
    }

    private void UpdateTailBytes() => Volatile.Write(ref _tailBytes, Oldest() is { } oldest ? _position - oldest.Oldest.Position : 0);
}
