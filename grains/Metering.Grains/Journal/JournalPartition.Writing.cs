using System.Buffers;

namespace Metering.Grains.Journal;

/// <summary>How records leave: one after another, each acknowledged before the next is numbered.</summary>
internal sealed partial class JournalPartition
{
    private void StartDraining() => _ = _services.Start(DrainAsync);

    private async Task DrainAsync()
    {
        while (TryBeginStep(out var record) && await (record is null ? CheckAsync() : WriteAsync(record)))
        {
        }
    }

    /// <summary>What to do next: write a record; or, without one, only look whether the log is still this owner's.</summary>
    private bool TryBeginStep(out PendingRecord? record)
    {
        lock (_gate)
        {
            record = null;
            if (_loss is null && _full.Count == 0 && IsDue())
            {
                Seal();
            }

            if (_loss is null && (_full.TryDequeue(out record) || _asking is not null))
            {
                _writing = record;
                BeginStep();
                return true;
            }

            _isDraining = false;
            if (_loss is null)
            {
                SetTimer();
            }

            return false;
        }
    }

    private async Task<bool> WriteAsync(PendingRecord record)
    {
        var number = _tip.Number + 1;
        var mark = Volatile.Read(ref _nextMark);
        var length = record.Bytes;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        ulong checksum;
        var begunAt = _services.Time.GetTimestamp();
        try
        {
            checksum = record.WriteTo(buffer.AsSpan(0, length), _writer, number, _tip.Checksum, mark);
            var outcome = await AppendAsync(number, buffer.AsMemory(0, length));
            if (outcome == AppendOutcome.TailLost && await RepairAsync())
            {
                outcome = await AppendAsync(number, buffer.AsMemory(0, length));
            }

            if (outcome != AppendOutcome.Appended)
            {
                return outcome == AppendOutcome.TailLost
                    ? GiveUp(JournalLoss.TailLost, $"the store has lost records before {number}")
                    : GiveUp(JournalLoss.Fenced, $"another owner has appended record {number}");
            }
        }
        catch (Exception exception)
        {
            // The append may still read the buffer, and may still land: neither goes back to use.
            Lose(JournalLoss.Uncertain, $"whether record {number} is in the log is not known", exception);
            return false;
        }

        JournalMetrics.Committed(_services.Time.GetElapsedTime(begunAt), length, record.Chunks);
        if (!Commit(record, new LogTip(number, checksum), buffer, mark))
        {
            return false;
        }

        if (Retained is null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Proven();
        return true;
    }

    private Task<AppendOutcome> AppendAsync(long number, ReadOnlyMemory<byte> record) =>
        LogReading.Bounded(_services, _services.Store.AppendAsync(LogName, number, record, _ended.Token));

    /// <param name="record">What was written.</param>
    /// <param name="tip">Its number and checksum.</param>
    /// <param name="buffer">Its bytes.</param>
    /// <param name="mark">The mark it carries.</param>
    /// <returns>False when the partition was lost meanwhile.</returns>
    private bool Commit(PendingRecord record, LogTip tip, byte[] buffer, long mark)
    {
        // The index first: whoever hears of the commit may at once report a snapshot that covers it.
        var bytes = record.Bytes;
        var tailBefore = _index.TailBytes;
        _index.Commit(tip.Number, bytes, record.Slots, _services.Time.GetTimestamp());
        TaskCompletionSource committed;
        lock (_gate)
        {
            if (_loss is not null)
            {
                return false;
            }

            _tip = tip;
            Volatile.Write(ref _lastNumber, tip.Number);
            Retained?.Add(tip, buffer.AsMemory(0, bytes), rented: buffer);
            NoteContent(tip.Number, hasEntries: record.Chunks > 0, mark);
            _committedId = record.Id;
            _pendingBytes -= record.PendingBytes;
            _writing = null;
            _oldestPendingAt = _full.FirstOrDefault(static waiting => waiting.FirstAt != 0)?.FirstAt ?? _filling.FirstAt;
            committed = record.Committed;
        }

        committed.SetResult();
        Archiving?.Committed(bytes);
        Recycle(record);
        Press(tailBefore);
        return true;
    }

    /// <summary>Under the gate. Keeps the first and last records above the mark that have entries, as far as it is known.</summary>
    private void NoteContent(long number, bool hasEntries, long mark)
    {
        if (mark > _mark)
        {
            _firstContent = mark < _lastContent ? mark + 1 : 0;
            Volatile.Write(ref _mark, mark);
        }

        if (hasEntries)
        {
            _firstContent = _firstContent == 0 ? number : _firstContent;
            _lastContent = number;
        }
    }

    /// <summary>On crossing a limit only: while the log stays above it, the checkpoint goes on by itself.</summary>
    private void Press(long tailBefore)
    {
        var tailBytes = _index.TailBytes;
        var limit = _services.Options.MaxTailBytes;
        var pressedFrom = Checkpoint.PressedFrom(_services.Options);
        if (tailBefore <= pressedFrom && tailBytes > pressedFrom)
        {
            Checkpoint.Press();
        }

        if (tailBefore < limit && tailBytes >= limit)
        {
            Log.TailFull(_services.Logger, LogName, tailBytes);
        }
    }
}
