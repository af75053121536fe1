using System.Buffers;
using System.Runtime.InteropServices;

namespace Metering.Grains.Journal;

/// <summary>
/// The next record while it fills. Entries are copied in as they come, interleaved, and only linked by account; they are
/// gathered into one chunk per account when the record is built, outside the lock under which accounts append.
/// </summary>
/// <remarks>Not thread-safe: filled under the partition's lock, then built by its writer alone, then used again.</remarks>
internal sealed class PendingRecord
{
    private const int FirstBuffer = 16 << 10;

    private readonly List<Slot> _slots = [];
    private readonly List<Piece> _pieces = [];
    private byte[] _entries = [];
    private int _used;
    private int _indexBytes;

    /// <summary>Rises from record to record of a partition, so that a tail knows whether its slot is of this one.</summary>
    internal long Id { get; private set; }

    /// <summary>Completes when the record is durable; fails with the partition.</summary>
    internal TaskCompletionSource Committed { get; private set; } = null!;

    /// <summary>When the first entries came.</summary>
    internal long FirstAt { get; private set; }

    /// <summary>Accounts with entries in it.</summary>
    internal int Chunks => _slots.Count;

    /// <summary>How large the record will be.</summary>
    internal int Bytes => RecordFormat.HeaderBytes + _indexBytes + _used;

    /// <summary>What the entries in it add to a log, so what waits for it in memory; 0 when empty.</summary>
    internal int PendingBytes => _indexBytes + _used;

    internal ReadOnlySpan<Slot> Slots => CollectionsMarshal.AsSpan(_slots);

    internal void Begin(long id)
    {
        Id = id;
        FirstAt = 0;

        // Asynchronous, or the first grain to hear would run its turn on the partition's writer and hold up the next record.
        Committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>The size a record with these entries alone has.</summary>
    internal static long BytesOf(AccountTail tail, int entriesBytes) =>
        (long)RecordFormat.HeaderBytes + RecordFormat.IndexEntryBytes + tail.AccountBytes + entriesBytes;

    /// <returns>False when the record would grow beyond <paramref name="maxRecordBytes"/>; nothing was added.</returns>
    internal bool TryAdd(AccountTail tail, long sequence, ReadOnlySpan<byte> entries, long now, int maxRecordBytes)
    {
        var isKnown = tail.PendingId == Id;
        var indexBytes = isKnown ? 0 : RecordFormat.IndexEntryBytes + tail.AccountBytes;
        if ((long)Bytes + indexBytes + entries.Length > maxRecordBytes)
        {
            return false;
        }

        var offset = Copy(entries);
        if (isKnown)
        {
            ref var slot = ref CollectionsMarshal.AsSpan(_slots)[tail.PendingSlot];
            slot.Bytes += entries.Length;
            slot.Sequence = sequence;
            ref var last = ref CollectionsMarshal.AsSpan(_pieces)[slot.LastPiece];
            if (last.Offset + last.Bytes == offset)
            {
                last.Bytes += entries.Length;
                return true;
            }

            last.Next = _pieces.Count;
            slot.LastPiece = _pieces.Count;
        }
        else
        {
            if (_slots.Count == 0)
            {
                FirstAt = now;
            }

            tail.PendingId = Id;
            tail.PendingSlot = _slots.Count;
            _indexBytes += indexBytes;
            _slots.Add(new Slot(tail, _pieces.Count) { Bytes = entries.Length, Sequence = sequence });
        }

        _pieces.Add(new Piece(offset, entries.Length));
        return true;
    }

    /// <summary>Builds the record, which is exactly <see cref="Bytes"/> long.</summary>
    /// <returns>The record's checksum.</returns>
    internal ulong WriteTo(Span<byte> record, Guid writer, long number, ulong previous, long mark)
    {
        var index = record[RecordFormat.HeaderBytes..];
        var chunks = index[_indexBytes..];
        foreach (ref readonly var slot in Slots)
        {
            Gather(slot, chunks);
            var chunk = chunks[..slot.Bytes];
            index = index[RecordFormat.WriteIndexEntry(index, slot.Tail.Account, slot.Bytes, slot.Sequence, RecordFormat.Checksum(chunk))..];
            chunks = chunks[slot.Bytes..];
        }

        return RecordFormat.WriteHeader(record, writer, number, previous, mark, _slots.Count, _indexBytes);
    }

    /// <summary>Makes the record ready to be begun again.</summary>
    internal void Clear()
    {
        _slots.Clear();
        _pieces.Clear();
        ArrayPool<byte>.Shared.Return(_entries);
        _entries = [];
        _used = 0;
        _indexBytes = 0;
    }

    private int Copy(ReadOnlySpan<byte> entries)
    {
        var offset = _used;
        if (_entries.Length - _used < entries.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, Math.Max((int)Math.Min(2L * _used, Array.MaxLength), _used + entries.Length)));
            _entries.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_entries);
            _entries = larger;
        }

        entries.CopyTo(_entries.AsSpan(offset));
        _used += entries.Length;
        return offset;
    }

    private void Gather(in Slot slot, Span<byte> chunk)
    {
        var pieces = CollectionsMarshal.AsSpan(_pieces);
        for (var i = slot.FirstPiece; i != Piece.None; i = pieces[i].Next)
        {
            _entries.AsSpan(pieces[i].Offset, pieces[i].Bytes).CopyTo(chunk);
            chunk = chunk[pieces[i].Bytes..];
        }
    }

    /// <summary>What one account has in the record.</summary>
    internal struct Slot(AccountTail tail, int piece)
    {
        internal readonly AccountTail Tail = tail;
        internal readonly int FirstPiece = piece;
        internal int LastPiece = piece;
        internal int Bytes;
        internal long Sequence;
    }

    private struct Piece(int offset, int bytes)
    {
        internal const int None = -1;

        internal readonly int Offset = offset;
        internal int Bytes = bytes;
        internal int Next = None;
    }
}
