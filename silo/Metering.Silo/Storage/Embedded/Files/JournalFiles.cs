using System.Text;
using Metering.Grains.Journal;

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
    private readonly string _folder;
    private readonly JournalLogs _logs;
    private readonly SegmentSupply _supply;
    private readonly LeavingSegments _leaving;

    // Oldest first; the one that is written is the last.
    private readonly List<JournalSegment> _segments;
    private readonly byte[] _zeros = new byte[SegmentFormat.BlockBytes];

    // What a batch says first of what is already so.
    private readonly JournalBatch _restated;
    private byte[] _head = new byte[SegmentFormat.BlockBytes];
    private long _number;
    private long _at;
    private bool _mayGo;
    private bool _isInDoubt;
    private bool _isBroken;
    private bool _isDisposed;

    private JournalFiles(string folder, Guid id, JournalRecovery found, List<JournalSegment> segments, JournalSegment? next)
    {
        var spares = new SpareSegments(folder);
        (_folder, _logs, _segments, _number, _at) = (folder, found.Logs, segments, found.Number, found.At);
        _supply = new SegmentSupply(folder, id, spares, next);
        _leaving = new LeavingSegments(folder, spares, _gate);
        _restated = new JournalBatch(this);
    }

    public int LogCount => _logs.All.Count;

    /// <summary>Whether somebody copies the journal. For any thread.</summary>
    public bool IsHeld => _leaving.AreHeld;

    private JournalSegment Active => _segments[^1];

    /// <summary>Makes a journal in a folder. What is there of another goes.</summary>
    public static JournalFiles Create(string folder, Guid id)
    {
        Directory.CreateDirectory(folder);
        SegmentsIn(folder).ForEach(File.Delete);
        using (var supply = new SegmentSupply(folder, id, new SpareSegments(folder), prepared: null))
        {
            supply.Make(1, MinSegmentBytes, MinSegmentBytes).Dispose();
        }

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

            var found = JournalRecovery.Of(opened);
            var next = found.Active + 1;

            // Behind the next one there is another only where a batch was to come that was too large for it.
            foreach (var segment in opened.Skip(next + 1))
            {
                segment.Dispose();
                File.Delete(segment.Path);
            }

            return new JournalFiles(folder, id, found, opened[..next], opened.ElementAtOrDefault(next));
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

            _leaving.GoOn();
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
            Active.StrikeOut(_at);
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
        if (_at > Active.Size / 2)
        {
            _supply.Prepare(Active.Head.Number + 1, GoodSize());
        }
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

        _leaving.Dispose();
        _supply.Dispose();
        _segments.ForEach(static segment => segment.Dispose());
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
        AddSegment(_supply.TakePrepared() ?? _supply.Make(Active.Head.Number + 1, bytes, good));
        if (Active.Size < bytes)
        {
            AddSegment(_supply.Make(Active.Head.Number + 1, bytes, good));
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
                _leaving.Add(_segments[0]);
                _segments.RemoveAt(0);
            }

            _leaving.GoOn();
        }

        _isBroken = false;
    }
}
