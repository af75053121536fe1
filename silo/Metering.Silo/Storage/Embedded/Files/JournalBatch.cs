using System.IO.Hashing;
using System.Text;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// What is written next, put together by what callers ask for. Each is answered from what the logs will be with everything before it. For the writer's thread.
/// </summary>
internal sealed class JournalBatch(JournalFiles files)
{
    /// <summary>Kept from batch to batch; what one grew to above this is given back.</summary>
    private const int MaxIdleBytes = 32 << 20;

    private readonly List<BatchItem> _items = [];
    private readonly Dictionary<string, int> _newLogs = new(StringComparer.Ordinal);

    // The logs that this batch changes, as they will be.
    private readonly Dictionary<int, JournalExtent> _extents = [];
    private byte[] _payload = [];
    private int _length;

    public bool IsEmpty => _items.Count == 0;

    public IReadOnlyList<BatchItem> Items => _items;

    public ReadOnlyMemory<byte> Payload => _payload.AsMemory(0, _length);

    /// <summary>The log's extent; the log is made when there is none.</summary>
    public JournalExtent Open(string log) => ExtentOf(FindOrMake(log));

    public AppendOutcome Append(string log, long number, ReadOnlySpan<byte> record)
    {
        var id = FindOrMake(log);
        var extent = ExtentOf(id);
        if (number != extent.Last + 1)
        {
            return number <= extent.Last ? AppendOutcome.Conflict : AppendOutcome.TailLost;
        }

        Add(BatchItemKind.Record, id, number, record);
        _extents[id] = extent.Last == 0 ? new JournalExtent(number, number) : extent with { Last = number };
        return AppendOutcome.Appended;
    }

    public void Trim(string log, long through)
    {
        if (!_newLogs.TryGetValue(log, out var id))
        {
            id = files.Find(log)?.Id ?? 0;
        }

        if (id == 0)
        {
            return;
        }

        var extent = ExtentOf(id);
        var end = Math.Min(through, extent.Last - 1);
        if (end >= extent.First && extent.First > 0)
        {
            Add(BatchItemKind.Trim, id, end, []);
            _extents[id] = extent with { First = end + 1 };
        }
    }

    /// <summary>A log whose first record will come after a number.</summary>
    public void Begin(string log, long before)
    {
        var id = FindOrMake(log);
        if (before > 0)
        {
            Add(BatchItemKind.Trim, id, before, []);
            _extents[id] = new JournalExtent(0, before);
        }
    }

    /// <summary>Says once more what is already so: nothing else of the batch goes by it.</summary>
    public void Restate(BatchItemKind kind, int log, long number, ReadOnlySpan<byte> bytes) => Add(kind, log, number, bytes);

    public ulong PayloadHash() => XxHash3.HashToUInt64(Payload.Span);

    public void Clear()
    {
        _items.Clear();
        _newLogs.Clear();
        _extents.Clear();
        _payload = _payload.Length > MaxIdleBytes ? [] : _payload;
        _length = 0;
    }

    private JournalExtent ExtentOf(int id) => _extents.TryGetValue(id, out var extent) ? extent : files.ExtentOf(id);

    private int FindOrMake(string log)
    {
        if (_newLogs.TryGetValue(log, out var id))
        {
            return id;
        }

        if (files.Find(log) is { } known)
        {
            return known.Id;
        }

        id = files.LogCount + _newLogs.Count + 1;
        if (id > JournalLogs.MaxLogs)
        {
            throw new JournalStoreException($"A store keeps at most {JournalLogs.MaxLogs} logs.");
        }

        Add(BatchItemKind.Log, id, 0, Encoding.UTF8.GetBytes(log));
        _newLogs.Add(log, id);
        _extents.Add(id, default);
        return id;
    }

    private void Add(BatchItemKind kind, int log, long number, ReadOnlySpan<byte> bytes)
    {
        if (_payload.Length - _length < bytes.Length)
        {
            Array.Resize(ref _payload, Math.Max(_length + bytes.Length, Math.Min(Array.MaxLength, _payload.Length * 2)));
        }

        bytes.CopyTo(_payload.AsSpan(_length));
        _length += bytes.Length;
        _items.Add(new BatchItem(kind, log, number, bytes.Length));
    }
}
