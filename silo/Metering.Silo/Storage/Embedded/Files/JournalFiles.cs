using System.Security.Cryptography;
using System.Text;
using Metering.Grains.Journal;
using Metering.Ledger.Segments;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// The journal of the embedded store: batches of records of all logs, one behind the other, in files that are written once from beginning to end. Whatever is asked of it while a batch is written is the next
/// batch; each is one write and one sync.
/// </summary>
/// <remarks>
/// <para>One batch is written at a time, and none before the one before it is durable. So of all batches only the last can have been cut short by the machine's end, and then nobody was told of it: a last
/// one that is not whole is left out, and the next takes its place. One that is not whole and has others behind it was damaged later: then nothing is served.</para>
/// <para>After a write or a sync that failed nobody knows what is on the disk. The batch is struck out, durably, before anything else is written or told: what was told to have an unknown outcome is either there
/// after a restart in between, or will never be.</para>
/// <para>Each segment begins with all logs and how far they are trimmed, and segments only go from the oldest on. One goes when all its records are trimmed; the last record of a log that is seldom written is copied behind the
/// others for that.</para>
/// <para>Writing is for one thread; reading for any.</para>
/// </remarks>
internal sealed class JournalFiles : IDisposable
{
    private const long MinSegmentBytes = 1L << 20;
    private const long MaxSegmentBytes = 32L << 20;

    /// <summary>A new file is as large as this part of all there are: a journal of little takes little, one of much is not made of thousands.</summary>
    private const int SegmentShare = 4;

    /// <summary>Logs whose last record is copied at once. A segment that pins more of them stays a while.</summary>
    private const int MaxKeptAtOnce = 256;

    private const int MinSegmentsToKeep = 3;
    private const int MaxRecordsPerPage = 256;
    private const long MaxBytesPerPage = 4L << 20;

    private readonly Lock _gate = new();

    // Around every look at who holds the journal: each takes it for a moment itself.
    private readonly Lock _holding = new();
    private readonly string _folder;
    private readonly Guid _id;
    private readonly JournalLogs _logs;
    private readonly SpareSegments _spares;

    // Oldest first; the one that is written is the last.
    private readonly List<JournalSegment> _segments;

    // No longer of the journal, and on their way to be spares, in order: what is there after the machine's end must have no gap.
    private readonly Queue<JournalSegment> _leaving = new();
    private readonly byte[] _zeros = new byte[SegmentFormat.BlockBytes];

    // What a batch says first of what is already so.
    private readonly JournalBatch _restated;
    private byte[] _head = new byte[SegmentFormat.BlockBytes];
    private Task<JournalSegment>? _next;
    private Task _retiring = Task.CompletedTask;
    private long _number;
    private long _at;
    private bool _mayGo;
    private bool _isInDoubt;
    private bool _isBroken;
    private bool _isDisposed;

    private JournalFiles(string folder, Guid id, JournalLogs logs, List<JournalSegment> segments, JournalSegment? next, long number, long at)
    {
        (_folder, _id, _logs, _segments, _number, _at) = (folder, id, logs, segments, number, at);
        _next = next is null ? null : Task.FromResult(next);
        _spares = new SpareSegments(folder);
        _restated = new JournalBatch(this);
    }

    public int LogCount => _logs.All.Count;

    /// <summary>Whether somebody copies the journal. For any thread.</summary>
    public bool IsHeld
    {
        get
        {
            lock (_holding)
            {
                using var hold = JournalHold.TryTake(_folder);
                return hold is null;
            }
        }
    }

    private JournalSegment Active => _segments[^1];

    /// <summary>Makes a journal in a folder. What is there of another goes.</summary>
    public static JournalFiles Create(string folder, Guid id)
    {
        Directory.CreateDirectory(folder);
        SegmentsIn(folder).ForEach(File.Delete);
        JournalSegment.Begin(folder, new SpareSegments(folder).Take(MinSegmentBytes, MinSegmentBytes), NewHead(id, 1)).Dispose();
        return Open(folder, id);
    }

    /// <exception cref="JournalStoreException">It is not all there, or damaged.</exception>
    public static JournalFiles Open(string folder, Guid id)
    {
        var opened = new List<JournalSegment>();
        try
        {
            foreach (var path in SegmentsIn(folder))
            {
                opened.Add(JournalSegment.Open(path, id, FileAccess.ReadWrite));
            }

            return Recover(folder, id, opened);
        }
        catch
        {
            opened.ForEach(static segment => segment.Dispose());
            throw;
        }
    }

    /// <summary>The paths of the segments in a folder, oldest first; none where there is no journal.</summary>
    public static List<string> SegmentsIn(string folder) => Directory.Exists(folder)
        ? [.. Directory.GetFiles(folder).Where(static path => JournalSegment.NumberOf(path) is not null).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Whether anything was ever written into a segment.</summary>
    public static bool HasBatches(string path)
    {
        using var segment = JournalSegment.Open(path, journal: null, FileAccess.Read);
        return SegmentScan.BatchesOf(segment).Any();
    }

    public JournalLog? Find(string log) => _logs.TryGet(log, out var found) ? found : null;

    public JournalExtent ExtentOf(int log) => _logs.Get(log).Extent;

    /// <summary>All logs, with what they have. For any thread.</summary>
    public List<CopiedLog> Logs()
    {
        lock (_gate)
        {
            return [.. _logs.All.Select(static log => new CopiedLog(log.Name, log.Extent))];
        }
    }

    /// <summary>Takes the next records of a log to read, a page of them. For any thread; nothing of it goes until it is given back.</summary>
    public IReadOnlyList<(long Number, RecordPlace Place)> TakePage(string log, long after)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                throw WriteQueue.Closed();
            }

            var page = new List<(long Number, RecordPlace Place)>();
            if (Find(log) is not { Count: > 0 } found || after >= found.Last)
            {
                return page;
            }

            var bytes = 0L;
            for (var number = Math.Max(after, found.Before) + 1; number <= found.Last && page.Count < MaxRecordsPerPage && bytes < MaxBytesPerPage; number++)
            {
                var place = found[number];
                place.Segment.Readers++;
                bytes += place.Length;
                page.Add((number, place));
            }

            return page;
        }
    }

    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] ReadPlace(RecordPlace place)
    {
        var bytes = new byte[place.Length];
        return SegmentScan.ReadAll(place.Segment, bytes, place.Offset) ? bytes : throw new EndOfStreamException($"'{place.Segment.Path}' ends too early.");
    }

    /// <summary>Gives it back.</summary>
    public void GiveBack(IReadOnlyList<(long Number, RecordPlace Place)> page)
    {
        lock (_gate)
        {
            foreach (var (_, place) in page)
            {
                place.Segment.Readers--;
            }

            if (_leaving.Count > 0)
            {
                Retire();
            }
        }
    }

    /// <summary>Makes sure that nothing is in doubt.</summary>
    /// <exception cref="IOException">It still is.</exception>
    public void Settle()
    {
        if (_isBroken)
        {
            throw new JournalStoreException($"The journal in '{_folder}' does not fit what was written into it; only a restart reads it anew.");
        }

        if (_isInDoubt)
        {
            StrikeOut(Active, _at);
            _isInDoubt = false;
        }
    }

    /// <summary>Writes a batch durably; when it returns the logs are as it says.</summary>
    /// <exception cref="IOException">The outcome is unknown, or there is no room.</exception>
    public void Write(JournalBatch batch)
    {
        Settle();
        var keep = LogsToKeep();
        Restate(keep);
        if (_at + BytesWith(batch) > Active.Size)
        {
            // Longer where it begins a segment.
            GoOn(SegmentFormat.BlockBytes + BytesWith(batch) + BytesOfState());
            Restate(keep);
        }

        _isInDoubt = true;
        var bytes = Put(batch);
        FileSync.Sync(Active.File);
        _isInDoubt = false;
        Apply(batch, bytes);
        PrepareNext();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        _retiring.Wait();
        ((Task?)_next ?? Task.CompletedTask).ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        if (_next is { IsCompletedSuccessfully: true, Result: var next })
        {
            next.Dispose();
        }

        foreach (var segment in _segments.Concat(_leaving))
        {
            segment.Dispose();
        }
    }

    private static JournalFiles Recover(string folder, Guid id, List<JournalSegment> segments)
    {
        for (var i = 1; i < segments.Count; i++)
        {
            if (segments[i].Head.Number != segments[i - 1].Head.Number + 1)
            {
                throw Damaged($"what is between '{segments[i - 1].Path}' and '{segments[i].Path}' is missing");
            }
        }

        var (logs, last, active) = (new JournalLogs(), (FoundBatch?)null, 0);
        for (var i = 0; i < segments.Count; i++)
        {
            foreach (var batch in SegmentScan.BatchesOf(segments[i]))
            {
                if (last is not null && batch.Head.Number != last.Head.Number + 1)
                {
                    throw Damaged($"'{batch.Segment.Path}' has batch {batch.Head.Number} behind batch {last.Head.Number}");
                }

                last?.ApplyTo(logs);
                (last, active) = (batch, i);
            }
        }

        // Of the last one alone it is not certain that it was ever told to anybody.
        var isCutShort = last is not null && !last.HasItsPayload();
        var end = last is null ? SegmentFormat.BlockBytes : isCutShort ? last.At + SegmentFormat.BlockBytes : last.End;
        foreach (var segment in segments[active..])
        {
            if (SegmentScan.FindBehind(segment, segment == segments[active] ? end : SegmentFormat.BlockBytes) is { } lost)
            {
                throw Damaged($"'{lost.Segment.Path}' has batch {lost.Head.Number}, and what is before it cannot be read");
            }
        }

        if (isCutShort)
        {
            // The next batch has its number, and may not come to the same place.
            StrikeOut(last!.Segment, last.At);
        }
        else
        {
            last?.ApplyTo(logs);
        }

        if (logs.All.FirstOrDefault(static log => log.IsIncomplete) is { } without)
        {
            throw Damaged($"records of log '{without.Name}' are missing that were never trimmed");
        }

        // Behind the next one there is another only where a batch was to come that was too large for it.
        foreach (var segment in segments[Math.Min(segments.Count, active + 2)..])
        {
            segment.Dispose();
            File.Delete(segment.Path);
        }

        return new JournalFiles(
            folder,
            id,
            logs,
            segments[..(active + 1)],
            active + 1 < segments.Count ? segments[active + 1] : null,
            last is null ? 0 : isCutShort ? last.Head.Number - 1 : last.Head.Number,
            isCutShort ? last!.At : end);
    }

    /// <summary>The logs whose last record alone pins the oldest segment; none while there is no need to copy them.</summary>
    private List<JournalLog> LogsToKeep()
    {
        if (!_mayGo || _segments.Count < MinSegmentsToKeep || _segments[0].Live is 0 or > MaxKeptAtOnce)
        {
            return [];
        }

        _mayGo = false;
        var oldest = _segments[0];
        var logs = _logs.All.Where(log => log.Count == 1 && log[log.Last].Segment == oldest).ToList();
        return logs.Count == oldest.Live ? logs : [];
    }

    /// <summary>What the batch begins with: in a new segment all logs, and the records that are to be kept.</summary>
    private void Restate(List<JournalLog> keep)
    {
        _restated.Clear();
        if (_at == SegmentFormat.BlockBytes)
        {
            foreach (var log in _logs.All)
            {
                _restated.Restate(BatchItemKind.Log, log.Id, log.Last, Encoding.UTF8.GetBytes(log.Name));
                if (log.Before > 0)
                {
                    _restated.Restate(BatchItemKind.Trim, log.Id, log.Before, []);
                }
            }
        }

        foreach (var log in keep)
        {
            var place = log[log.Last];
            _restated.Restate(BatchItemKind.Kept, log.Id, log.Last, ReadPlace(place));
        }
    }

    private long BytesWith(JournalBatch batch) =>
        SegmentFormat.BatchBytes(_restated.Items.Count + batch.Items.Count, _restated.Payload.Length + (long)batch.Payload.Length);

    private long BytesOfState() =>
        SegmentFormat.RoundUp(_logs.All.Sum(static log => (2L * SegmentFormat.ItemBytes) + Encoding.UTF8.GetMaxByteCount(log.Name.Length)));

    /// <summary>Goes on in another segment, which has room for so many bytes.</summary>
    private void GoOn(long bytes)
    {
        var good = GoodSize();
        var next = TakePrepared() ?? Prepare(Active.Head.Number + 1, bytes, good);
        AddSegment(next);
        if (next.Size < bytes)
        {
            AddSegment(Prepare(next.Head.Number + 1, bytes, good));
        }
    }

    private void AddSegment(JournalSegment segment)
    {
        lock (_gate)
        {
            _segments.Add(segment);
        }

        _at = SegmentFormat.BlockBytes;
        _mayGo = true;
    }

    private JournalSegment? TakePrepared()
    {
        if (_next is not { } next)
        {
            return null;
        }

        _next = null;
        try
        {
            return next.GetAwaiter().GetResult();
        }
        catch (IOException)
        {
            // Tried again, for whoever needs it now.
            return null;
        }
    }

    /// <summary>Before it is needed, so that nobody waits for it.</summary>
    private void PrepareNext()
    {
        if (_next is null && _at > Active.Size / 2)
        {
            var (number, good) = (Active.Head.Number + 1, GoodSize());
            _next = Task.Run(() => Prepare(number, SegmentFormat.BlockBytes, good));
        }
    }

    private JournalSegment Prepare(long number, long minBytes, long goodBytes) =>
        JournalSegment.Begin(_folder, _spares.Take(minBytes, Math.Max(SegmentFormat.RoundUp(minBytes), goodBytes)), NewHead(_id, number));

    private long GoodSize() =>
        Math.Clamp((long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)(_segments.Sum(static segment => segment.Size) / SegmentShare)), MinSegmentBytes, MaxSegmentBytes);

    private long Put(JournalBatch batch)
    {
        var items = _restated.Items.Count + batch.Items.Count;
        var length = SegmentFormat.BatchHeadBytes + (items * SegmentFormat.ItemBytes);
        _head = _head.Length >= length ? _head : new byte[SegmentFormat.RoundUp(length)];
        var at = SegmentFormat.BatchHeadBytes;
        var hash = new System.IO.Hashing.XxHash3();
        foreach (var part in new[] { _restated, batch })
        {
            hash.Append(part.Payload.Span);
            for (var i = 0; i < part.Items.Count; i++, at += SegmentFormat.ItemBytes)
            {
                SegmentFormat.WriteItem(_head.AsSpan(at), part.Items[i]);
            }
        }

        var head = new BatchHead(_number + 1, items, _restated.Payload.Length + (long)batch.Payload.Length, hash.GetCurrentHashAsUInt64());
        SegmentFormat.WriteHead(_head, head, Active.Head.Salt);
        var padding = (int)(head.Bytes - length - head.PayloadBytes);
        RandomAccess.Write(Active.File, [_head.AsMemory(0, length), _restated.Payload, batch.Payload, _zeros.AsMemory(0, padding)], _at);
        return head.Bytes;
    }

    private void Apply(JournalBatch batch, long bytes)
    {
        _isBroken = true;
        lock (_gate)
        {
            var offset = _at + SegmentFormat.BatchHeadBytes + ((_restated.Items.Count + (long)batch.Items.Count) * SegmentFormat.ItemBytes);
            foreach (var part in new[] { _restated, batch })
            {
                var read = 0;
                foreach (var item in part.Items)
                {
                    var name = part.Payload.Slice(read, item.Length);
                    _logs.Apply(item, Active, offset, () => Encoding.UTF8.GetString(name.Span));
                    _mayGo |= item.Kind == BatchItemKind.Trim;
                    read += item.Length;
                    offset += item.Length;
                }
            }

            _number++;
            _at += bytes;
            while (_segments.Count > 1 && _segments[0].Live == 0)
            {
                _leaving.Enqueue(_segments[0]);
                _segments.RemoveAt(0);
            }

            if (_leaving.Count > 0)
            {
                Retire();
            }
        }

        _isBroken = false;
    }

    /// <summary>Makes spares of what left, as far as nobody reads in it. Under the lock; the files are moved on another thread.</summary>
    private void Retire()
    {
        if (!_retiring.IsCompleted || _isDisposed)
        {
            return;
        }

        var leaving = _leaving.TakeWhile(static segment => segment.Readers == 0).ToList();
        if (leaving.Count > 0)
        {
            _retiring = Task.Run(() => Retire(leaving));
        }
    }

    private void Retire(List<JournalSegment> leaving)
    {
        foreach (var segment in leaving)
        {
            // Otherwise it stays, and those behind it, until something is written again.
            if (TryMoveAway(segment) is not { } spare)
            {
                return;
            }

            lock (_gate)
            {
                _leaving.Dequeue();
            }

            segment.Dispose();
            _spares.Add(spare, segment.Size);
        }
    }

    /// <returns>What it is called now; null when it is still what it was.</returns>
    private string? TryMoveAway(JournalSegment segment)
    {
        lock (_holding)
        {
            using var hold = JournalHold.TryTake(_folder);
            if (hold is null)
            {
                return null;
            }

            var spare = _spares.NewPath();
            try
            {
                File.Move(segment.Path, spare);

                // Before it is used again: otherwise its old name might come back with what was written since.
                FolderSync.Sync(_folder);
                return spare;
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    private static void StrikeOut(JournalSegment segment, long at)
    {
        RandomAccess.Write(segment.File, new byte[SegmentFormat.BlockBytes], at);
        FileSync.Sync(segment.File);
    }

    private static SegmentHead NewHead(Guid id, long number) => new(id, number, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));

    private static JournalStoreException Damaged(string what) => new($"The journal is damaged: {what}. Restore the data directory from a backup; do not start on it.");
}
