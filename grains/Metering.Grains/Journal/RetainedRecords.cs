using System.Buffers;

namespace Metering.Grains.Journal;

/// <summary>What became of records that a store had lost.</summary>
internal enum TailRepair
{
    /// <summary>The log ends with the last retained record again.</summary>
    Restored = 0,

    /// <summary>Somebody else has appended meanwhile: look again where the log ends.</summary>
    Disturbed = 1,

    /// <summary>What is missing is not in memory, or the log goes on with another owner's records in its place.</summary>
    Impossible = 2,
}

/// <summary>
/// The latest committed records of one log, for a store that may lose its tail: what vanished is appended again, the same bytes under the same numbers.
/// </summary>
/// <remarks>
/// <para>Nothing is dropped by age alone. A record goes once a step of the store that began <see cref="JournalOptions.RetainedFor"/> after its commit proved that the log
/// still held it: by then it is where the store loses nothing. So however long the store was away, what it may have lost is still here when it is back.</para>
/// <para>Appending again cannot do harm. It is done only when the last record in the log is, by its checksum, the one before the first missing, and each
/// number is still the store's to refuse: a new owner that has claimed the shortened log meanwhile is found out by one or the other.</para>
/// <para>One partition uses it at a time, but a lost one may still be in the middle of a repair when the next is opened: hence the lock.</para>
/// </remarks>
internal sealed class RetainedRecords(JournalServices services, string log)
{
    private readonly Lock _lock = new();
    private readonly Queue<Retained> _records = new();
    private long _bytes;

    internal bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _records.Count == 0;
            }
        }
    }

    /// <summary>Keeps a committed record, the one after the last.</summary>
    /// <param name="tip">Its number and checksum.</param>
    /// <param name="bytes">The record.</param>
    /// <param name="rented">The buffer the bytes lie in, to be given back when they are dropped; null when it is nobody's.</param>
    internal void Add(LogTip tip, ReadOnlyMemory<byte> bytes, byte[]? rented)
    {
        lock (_lock)
        {
            _records.Enqueue(new Retained(tip, bytes, rented, services.Time.GetTimestamp()));
            _bytes += bytes.Length;
            while (_bytes > services.Options.MaxRetainedBytes && _records.Count > 1)
            {
                DropOldest();
            }
        }
    }

    /// <summary>A step of the store that began then (timestamp) saw all of the log: what was committed long enough before is safe.</summary>
    internal void Proven(long begunAt)
    {
        lock (_lock)
        {
            while (_records.TryPeek(out var oldest) && services.Time.GetElapsedTime(oldest.CommittedAt, begunAt) >= services.Options.RetainedFor)
            {
                DropOldest();
            }
        }
    }

    internal void Clear()
    {
        lock (_lock)
        {
            while (_records.Count > 0)
            {
                DropOldest();
            }
        }
    }

    /// <summary>Appends again what the log has lost of the records through <paramref name="tip"/>.</summary>
    /// <param name="last">Where the log ends now: before the tip.</param>
    /// <param name="tip">The last record that was committed.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="JournalStoreException">How much is there again is not known. Trying once more is harmless.</exception>
    internal async Task<TailRepair> RestoreAsync(LogTip last, LogTip tip, CancellationToken cancellationToken)
    {
        if (Missing(last, tip) is not { } missing)
        {
            return TailRepair.Impossible;
        }

        JournalMetrics.TailLost();
        Log.TailLost(services.Logger, log, last.Number + 1, tip.Number);
        foreach (var record in missing)
        {
            var append = services.Store.AppendAsync(log, record.Tip.Number, record.Bytes, cancellationToken);
            if (await LogReading.Bounded(services, append) != AppendOutcome.Appended)
            {
                return TailRepair.Disturbed;
            }
        }

        Log.TailRestored(services.Logger, log, last.Number + 1, tip.Number);
        return TailRepair.Restored;
    }

    private List<Retained>? Missing(LogTip last, LogTip tip)
    {
        lock (_lock)
        {
            var missing = _records.Where(record => record.Tip.Number > last.Number).ToList();
            var isWhole = missing.Count > 0 && missing[^1].Tip == tip && missing[0].Tip.Number == last.Number + 1
                && RecordReader.TryReadHeader(missing[0].Bytes.Span, out var header, out _) && header.Previous == last.Checksum;

            // From here on the store may read them at any time, even long after they were dropped.
            missing.ForEach(static record => record.Rented = null);
            return isWhole ? missing : null;
        }
    }

    private void DropOldest()
    {
        var oldest = _records.Dequeue();
        _bytes -= oldest.Bytes.Length;
        if (oldest.Rented is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed class Retained(LogTip tip, ReadOnlyMemory<byte> bytes, byte[]? rented, long committedAt)
    {
        internal LogTip Tip { get; } = tip;

        internal ReadOnlyMemory<byte> Bytes { get; } = bytes;

        internal byte[]? Rented { get; set; } = rented;

        internal long CommittedAt { get; } = committedAt;
    }
}
