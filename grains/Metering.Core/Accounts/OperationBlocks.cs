using System.Buffers.Binary;
using Metering.Core.Encoding;
using Metering.Core.Entries;

namespace Metering.Core.Accounts;

/// <summary>An operation as it is remembered.</summary>
internal readonly ref struct RememberedOperation
{
    /// <summary>Of its id.</summary>
    internal required uint Hash { get; init; }

    /// <summary>When it happened.</summary>
    internal required long AtTicks { get; init; }

    /// <summary>Its usage time; the beginning of time when its request was not stamped.</summary>
    internal required long TimeTicks { get; init; }

    /// <summary>Its bytes.</summary>
    internal required ReadOnlySpan<byte> Entry { get; init; }
}

/// <summary>
/// A queue of encoded operations, the oldest first, in blocks of bytes that the garbage collector need not look into: no object for any one, and no
/// block so large that it would stay where it is. An operation keeps its place until it is removed. A block begins small and doubles, so
/// that few operations take little; a block that was emptied is used again.
/// </summary>
/// <remarks>
/// A block ends where the next operation does not fit any more, whatever was removed meanwhile: so the same operations lie in the same blocks whether they were added one by one or
/// some of the blocks were read back. Operations that are removed stay in their block until all of it is: a sealed block never changes. Only what is left of a block that was never sealed
/// may move on to the next number (<see cref="TryCompact"/>), so that few operations take little however many came before them.
/// </remarks>
internal sealed class OperationBlocks
{
    internal const int MaxBlock = 1 << OffsetBits;

    private const int MinBlock = 256;

    /// <summary>Where there is one block there will be more: the next does not begin as small.</summary>
    private const int MinNextBlock = MaxBlock / 4;

    /// <summary>Fewer bytes of removed operations are not worth the moving of the others.</summary>
    private const int MinCompaction = 1024;

    // A place is the number of a block, counted on and on, and where in it: 2¹⁷ blocks at a time, of which one operation takes a whole one only when
    // it is larger than half of one.
    private const int OffsetBits = 15;
    private const uint BlockNumbers = uint.MaxValue >> OffsetBits;

    private const int AtOffset = sizeof(uint);
    private const int TimeOffset = AtOffset + sizeof(long);
    private const int LengthOffset = TimeOffset + sizeof(long);
    private const int HeaderBytes = LengthOffset + sizeof(int);

    // Shared until there is an operation.
    private static readonly List<Block> None = [];

    private List<Block> _blocks = None;

    // The last of them, which the next operation goes into; null when there is none.
    private Block? _open;
    private byte[]? _spare;
    private int _head;
    private int _removedFromFirst;

    internal int Count { get; private set; }

    /// <summary>When the oldest operation happened; asked at each charge, and the operation itself lies far from what a charge reads. Of no meaning when there is none.</summary>
    internal long OldestAtTicks { get; private set; }

    /// <summary>The number of the block that holds the oldest operation; of the next block when there is none.</summary>
    internal long FirstNumber { get; private set; }

    /// <summary>Whether any was ever removed.</summary>
    internal bool HasRemoved => FirstNumber > 0 || _head > 0;

    internal int BytesTaken => _blocks.Sum(static block => block.Bytes.Length) + (_spare?.Length ?? 0);

    /// <summary>There is at least one.</summary>
    internal RememberedOperation Oldest => Read(_blocks[0].Bytes, _head);

    internal uint OldestPlace => PlaceOf(0, _head);

    internal RememberedOperation At(uint place) =>
        Read(_blocks[(int)(unchecked((place >> OffsetBits) - (uint)FirstNumber) & BlockNumbers)].Bytes, (int)(place & (MaxBlock - 1)));

    /// <summary>Adds the newest; says its place.</summary>
    internal uint Add(RememberedOperation operation)
    {
        var length = HeaderBytes + operation.Entry.Length;
        var block = _open;
        if (block is null || block.Used + length > MaxBlock)
        {
            block = NewBlock(length);
            AddBlock(block);
        }

        if (block.Bytes.Length - block.Used < length)
        {
            // Never in place: whoever took the block goes on reading what it took.
            var grown = NewBytes(Math.Min(MaxBlock, Math.Max(block.Used + length, block.Bytes.Length * 2)));
            block.Bytes.AsSpan(0, block.Used).CopyTo(grown);
            block.Bytes = grown;
        }

        var at = block.Used;
        Put(block.Bytes.AsSpan(at, length), operation.Hash, operation.AtTicks, operation.TimeTicks, operation.Entry.Length);
        operation.Entry.CopyTo(block.Bytes.AsSpan(at + HeaderBytes));
        block.Used = at + length;
        OldestAtTicks = Count == 0 ? operation.AtTicks : OldestAtTicks;
        Count++;
        return PlaceOf(_blocks.Count - 1, at);
    }

    internal void RemoveOldest()
    {
        _head += HeaderBytes + Oldest.Entry.Length;
        _removedFromFirst++;
        Count--;
        if (_head == _blocks[0].Used)
        {
            var emptied = _blocks[0];
            _blocks.RemoveAt(0);
            _open = _blocks.Count == 0 ? null : _open;

            // Where there is more than one block there will soon be another.
            _spare = _blocks.Count > 1 && emptied.Bytes.Length == MaxBlock && !emptied.IsTaken ? emptied.Bytes : null;
            FirstNumber++;
            _head = 0;
            _removedFromFirst = 0;
        }

        OldestAtTicks = Count == 0 ? 0 : Oldest.AtTicks;
    }

    /// <summary>When all operations lie in the open block, and most of it is removed: moves them to a block of their own, with the next number.</summary>
    /// <returns>Whether they have other places now.</returns>
    internal bool TryCompact()
    {
        if (_blocks.Count != 1 || _head < MinCompaction || _head < _blocks[0].Used / 2)
        {
            return false;
        }

        var left = _blocks[0].Bytes.AsSpan(_head, _blocks[0].Used - _head);
        _open = new Block(new byte[Math.Max(left.Length, Math.Min(MaxBlock, Math.Max(MinBlock, left.Length * 2)))]) { Used = left.Length };
        left.CopyTo(_open.Bytes);
        _blocks[0] = _open;
        _spare = null;
        FirstNumber++;
        _head = 0;
        _removedFromFirst = 0;
        return true;
    }

    public Enumerator GetEnumerator() => new(this);

    /// <inheritdoc cref="Account.FetchAhead"/>
    internal int FetchAhead() => _open?.FetchAhead() ?? 0;

    /// <summary>The blocks from a number on, and the open one in any case: to be written, and given back.</summary>
    internal IdBlock[] Take(long from)
    {
        var first = (int)Math.Clamp(from - FirstNumber, 0, Math.Max(0, _blocks.Count - 1));
        var taken = new IdBlock[_blocks.Count - first];
        for (var i = 0; i < taken.Length; i++)
        {
            var block = _blocks[first + i];
            block.IsTaken = true;
            taken[i] = new IdBlock(FirstNumber + first + i, isSealed: first + i < _blocks.Count - 1, block.Bytes.AsMemory(0, block.Used));
        }

        return taken;
    }

    /// <summary>Nobody reads what was taken any more.</summary>
    internal void GiveBack() => _blocks.ForEach(static block => block.IsTaken = false);

    /// <summary>Writes which operations there are, but not the blocks they lie in.</summary>
    internal void WritePlaces(ByteWriter writer)
    {
        writer.Number(FirstNumber);
        writer.Number(_removedFromFirst);
        writer.Number(_blocks.Count);
    }

    /// <summary>Passes over what <see cref="WritePlaces"/> wrote.</summary>
    /// <exception cref="FormatException">The bytes are damaged.</exception>
    internal static void PassPlaces(ref ByteReader reader)
    {
        if (reader.Number() < 0 || reader.Number() < 0 || reader.Number() < 0)
        {
            throw ByteReader.Damaged();
        }
    }

    /// <summary>Writes a block: its operations and their bytes in all, then each by what differs from the one before.</summary>
    internal static void Write(ByteWriter writer, ReadOnlySpan<byte> block)
    {
        var (operations, bytes) = (0, 0);
        for (var at = 0; at < block.Length; at += HeaderBytes + LengthAt(block, at))
        {
            operations++;
            bytes += LengthAt(block, at);
        }

        writer.Count(operations);
        writer.Count(bytes);
        var before = ReadOnlySpan<byte>.Empty;
        for (var at = 0; at < block.Length; at += HeaderBytes + before.Length)
        {
            var entry = block.Slice(at + HeaderBytes, LengthAt(block, at));
            LikenessCoding.Write(writer, before, entry);
            before = entry;
        }
    }

    /// <summary>Reads blocks back, all of them, the oldest first.</summary>
    /// <param name="reader">What <see cref="WritePlaces"/> wrote.</param>
    /// <param name="blocks">What <see cref="IdBlock.Write"/> wrote of each.</param>
    /// <param name="hashOf">Of an id.</param>
    /// <exception cref="FormatException">The bytes are damaged, or do not belong together.</exception>
    internal static OperationBlocks Read(ref ByteReader reader, IReadOnlyList<ReadOnlyMemory<byte>> blocks, Func<ReadOnlySpan<byte>, uint> hashOf)
    {
        var operations = new OperationBlocks { FirstNumber = reader.Number() };
        var removed = reader.Small();
        if (operations.FirstNumber < 0 || reader.Small() != blocks.Count || blocks.Count > (int)BlockNumbers)
        {
            throw ByteReader.Damaged();
        }

        foreach (var bytes in blocks)
        {
            operations.Count += operations.ReadBlock(bytes.Span, hashOf);
        }

        operations.OldestAtTicks = operations.Count == 0 ? 0 : operations.Oldest.AtTicks;

        for (; removed > 0; removed--)
        {
            // At least one of the first block is there, or else the block would not be.
            if (operations.Count == 0 || operations._head + HeaderBytes + operations.Oldest.Entry.Length >= operations._blocks[0].Used)
            {
                throw ByteReader.Damaged();
            }

            operations.RemoveOldest();
        }

        return operations;
    }

    private int ReadBlock(ReadOnlySpan<byte> written, Func<ReadOnlySpan<byte>, uint> hashOf)
    {
        var reader = new ByteReader(written);
        var operations = reader.Count();
        var bytes = reader.Varint();
        var length = bytes + ((ulong)operations * HeaderBytes);
        if (operations == 0 || bytes > int.MaxValue / 2 || (operations == 1 ? bytes > (ulong)reader.Left : length > MaxBlock))
        {
            throw ByteReader.Damaged();
        }

        var block = new Block(new byte[(int)length]);
        var before = ReadOnlySpan<byte>.Empty;
        for (var left = operations; left > 0; left--)
        {
            var entryLength = LikenessCoding.ReadLength(ref reader, before);
            if (entryLength > block.Bytes.Length - block.Used - (left * HeaderBytes))
            {
                throw ByteReader.Damaged();
            }

            var into = block.Bytes.AsSpan(block.Used, HeaderBytes + entryLength);
            LikenessCoding.Read(ref reader, before, into[HeaderBytes..]);
            before = into[HeaderBytes..];
            var id = Operation.PeekId(before, out var at, out var time);
            Put(into, hashOf(id), at.UtcTicks, (time ?? DateTimeOffset.MinValue).UtcTicks, entryLength);
            block.Used += into.Length;
        }

        AddBlock(block.Used == block.Bytes.Length && reader.AtEnd ? block : throw ByteReader.Damaged());
        return operations;
    }

    private void AddBlock(Block block)
    {
        _blocks = ReferenceEquals(_blocks, None) ? new(capacity: 1) : _blocks;
        _blocks.Add(block);
        _open = block;
    }

    private Block NewBlock(int needed)
    {
        if (_blocks.Count == (int)BlockNumbers)
        {
            throw new InvalidOperationException("More is to be remembered than there are places for.");
        }

        if (_spare is { } spare && needed <= spare.Length)
        {
            _spare = null;
            return new Block(spare);
        }

        return new Block(NewBytes(Math.Max(needed, _blocks.Count == 0 ? MinBlock : MinNextBlock)));
    }

    /// <summary>
    /// Large ones where the garbage collector leaves them: an account keeps them for hours, and moving them twice until they are old would be most of what its pauses do
    /// under load.
    /// </summary>
    private static byte[] NewBytes(int length) => GC.AllocateUninitializedArray<byte>(length, pinned: length >= MinNextBlock);

    private uint PlaceOf(int block, int offset) => (unchecked((uint)FirstNumber + (uint)block) << OffsetBits) | (uint)offset;

    private static void Put(Span<byte> into, uint hash, long atTicks, long timeTicks, int length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(into, hash);
        BinaryPrimitives.WriteInt64LittleEndian(into[AtOffset..], atTicks);
        BinaryPrimitives.WriteInt64LittleEndian(into[TimeOffset..], timeTicks);
        BinaryPrimitives.WriteInt32LittleEndian(into[LengthOffset..], length);
    }

    private static int LengthAt(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[(at + LengthOffset)..]);

    private static RememberedOperation Read(byte[] bytes, int at)
    {
        var from = bytes.AsSpan(at);
        return new RememberedOperation
        {
            Hash = BinaryPrimitives.ReadUInt32LittleEndian(from),
            AtTicks = BinaryPrimitives.ReadInt64LittleEndian(from[AtOffset..]),
            TimeTicks = BinaryPrimitives.ReadInt64LittleEndian(from[TimeOffset..]),
            Entry = from.Slice(HeaderBytes, LengthAt(from, 0)),
        };
    }

    /// <summary>The oldest first.</summary>
    internal ref struct Enumerator(OperationBlocks operations)
    {
        private int _block;
        private int _next = operations._head;

        public RememberedOperation Current { get; private set; }

        /// <summary>Where the current one lies.</summary>
        public uint Place { get; private set; }

        public bool MoveNext()
        {
            while (_block < operations._blocks.Count && _next == operations._blocks[_block].Used)
            {
                _block++;
                _next = 0;
            }

            if (_block == operations._blocks.Count)
            {
                return false;
            }

            Current = Read(operations._blocks[_block].Bytes, _next);
            Place = operations.PlaceOf(_block, _next);
            _next += HeaderBytes + Current.Entry.Length;
            return true;
        }
    }

    private sealed class Block(byte[] bytes)
    {
        internal byte[] Bytes { get; set; } = bytes;

        internal int Used { get; set; }

        /// <summary>Somebody may be reading it: its bytes are not used again.</summary>
        internal bool IsTaken { get; set; }

        /// <inheritdoc cref="Account.FetchAhead"/>
        internal int FetchAhead()
        {
            // One reference read once, whose length does not change: whatever the other field says by now, this is inside or left alone.
            var (bytes, next) = (Bytes, Used);
            return (uint)next < (uint)bytes.Length ? bytes[next] : 0;
        }
    }
}
