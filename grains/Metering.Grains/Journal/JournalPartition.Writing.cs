using System.Buffers;

namespace Metering.Grains.Journal;

/// <summary>How records leave: one after another, each acknowledged before the next is numbered.</summary>
internal sealed partial class JournalPartition
{
    private void StartDraining() => _ = _services.Start(DrainAsync);

    private async Task DrainAsync()
    {
        while (Next() is { } record && await WriteAsync(record))
        {
        }
    }

    private PendingRecord? Next()
    {
        lock (_gate)
        {
            if (_loss is null && _full.Count == 0 && IsDue())
            {
                Seal();
            }

            if (_loss is null && _full.TryDequeue(out var record))
            {
                _writing = record;
                return record;
            }

            _isDraining = false;
            if (_loss is null)
            {
                SetTimer();
            }

            return null;
        }
    }

    private async Task<bool> WriteAsync(PendingRecord record)
    {
        var number = _tip.Number + 1;
        var mark = Volatile.Read(ref _nextMark);
        var length = record.Bytes;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        ulong checksum;
        try
        {
            checksum = record.WriteTo(buffer.AsSpan(0, length), _writer, number, _tip.Checksum, mark);
            var append = _services.Store.AppendAsync(LogName, number, buffer.AsMemory(0, length), _ended.Token);
            if (await LogReading.Bounded(_services, append) != AppendOutcome.Appended)
            {
                Lose(JournalLoss.Fenced, $"another owner has appended record {number}", null);
                return false;
            }
        }
        catch (Exception exception)
        {
            // The append may still read the buffer, and may still land: neither goes back to use.
            Lose(JournalLoss.Uncertain, $"whether record {number} is in the log is not known", exception);
            return false;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return Commit(record, new LogTip(number, checksum), length, mark);
    }

    private bool Commit(PendingRecord record, LogTip tip, int bytes, long mark)
    {
        // The index first: whoever hears of the commit may at once report a snapshot that covers it.
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
            NoteContent(tip.Number, hasEntries: record.Chunks > 0, mark);
            _committedId = record.Id;
            _pendingBytes -= record.PendingBytes;
            _writing = null;
            _oldestPendingAt = _full.FirstOrDefault(static waiting => waiting.FirstAt != 0)?.FirstAt ?? _filling.FirstAt;
            committed = record.Committed;
        }

        committed.SetResult();
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
        if (tailBefore <= limit / 2 && tailBytes > limit / 2)
        {
            Checkpoint.Press();
        }

        if (tailBefore < limit && tailBytes >= limit)
        {
            Log.TailFull(_services.Logger, LogName, tailBytes);
        }
    }
}
