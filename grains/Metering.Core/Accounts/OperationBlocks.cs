using System.Buffers.Binary;

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
/// block so large that it would stay where it is. An operation keeps its place until it is removed. Blocks begin small and double, so
/// that few operations take little; a block that was emptied is used again.
/// </summary>
internal sealed class OperationBlocks
{
    private const int MinBlock = 256;
    private const int MaxBlock = 1 << OffsetBits;

    // A place is the number of a block, counted on and on, and where in it: 2¹⁸ blocks at a time, of which one operation takes a whole one only when
    // it is larger than 16 KiB.
    private const int OffsetBits = 14;
    private const uint BlockNumbers = uint.MaxValue >> OffsetBits;

    private const int AtOffset = sizeof(uint);
    private const int TimeOffset = AtOffset + sizeof(long);
    private const int LengthOffset = TimeOffset + sizeof(long);
    private const int HeaderBytes = LengthOffset + sizeof(int);

    private readonly List<Block> _blocks = [];
    private byte[]? _spare;
    private uint _firstNumber;
    private int _head;

    internal int Count { get; private set; }

    internal int BytesTaken => _blocks.Sum(block => block.Bytes.Length) + (_spare?.Length ?? 0);

    /// <summary>There is at least one.</summary>
    internal RememberedOperation Oldest => Read(_blocks[0].Bytes, _head);

    internal uint OldestPlace => PlaceOf(0, _head);

    internal RememberedOperation At(uint place) =>
        Read(_blocks[(int)(unchecked((place >> OffsetBits) - _firstNumber) & BlockNumbers)].Bytes, (int)(place & (MaxBlock - 1)));

    /// <summary>Adds the newest; says its place.</summary>
    internal uint Add(RememberedOperation operation)
    {
        var length = HeaderBytes + operation.Entry.Length;
        if (_blocks.Count == 0 || _blocks[^1].Bytes.Length - _blocks[^1].Used < length)
        {
            _blocks.Add(new Block(NewBlock(length), 0));
        }

        var (bytes, at) = _blocks[^1];
        var into = bytes.AsSpan(at, length);
        BinaryPrimitives.WriteUInt32LittleEndian(into, operation.Hash);
        BinaryPrimitives.WriteInt64LittleEndian(into[AtOffset..], operation.AtTicks);
        BinaryPrimitives.WriteInt64LittleEndian(into[TimeOffset..], operation.TimeTicks);
        BinaryPrimitives.WriteInt32LittleEndian(into[LengthOffset..], operation.Entry.Length);
        operation.Entry.CopyTo(into[HeaderBytes..]);
        _blocks[^1] = new Block(bytes, at + length);
        Count++;
        return PlaceOf(_blocks.Count - 1, at);
    }

    internal void RemoveOldest()
    {
        _head += HeaderBytes + Oldest.Entry.Length;
        Count--;
        if (_head == _blocks[0].Used)
        {
            _spare = Count > 0 && _blocks[0].Bytes.Length == MaxBlock ? _blocks[0].Bytes : null;
            _blocks.RemoveAt(0);
            _firstNumber = unchecked(_firstNumber + 1) & BlockNumbers;
            _head = 0;
        }
    }

    public Enumerator GetEnumerator() => new(this);

    private byte[] NewBlock(int needed)
    {
        if (_blocks.Count == (int)BlockNumbers)
        {
            throw new InvalidOperationException("More is to be remembered than there are places for.");
        }

        if (_spare is { } spare && needed <= spare.Length)
        {
            _spare = null;
            return spare;
        }

        var doubled = _blocks.Count == 0 ? MinBlock : Math.Min(MaxBlock, _blocks[^1].Bytes.Length * 2);
        return new byte[Math.Max(needed, doubled)];
    }

    private uint PlaceOf(int block, int offset) => ((unchecked(_firstNumber + (uint)block) & BlockNumbers) << OffsetBits) | (uint)offset;

    private static RememberedOperation Read(byte[] bytes, int at)
    {
        var from = bytes.AsSpan(at);
        return new RememberedOperation
        {
            Hash = BinaryPrimitives.ReadUInt32LittleEndian(from),
            AtTicks = BinaryPrimitives.ReadInt64LittleEndian(from[AtOffset..]),
            TimeTicks = BinaryPrimitives.ReadInt64LittleEndian(from[TimeOffset..]),
            Entry = from.Slice(HeaderBytes, BinaryPrimitives.ReadInt32LittleEndian(from[LengthOffset..])),
        };
    }

    /// <summary>The oldest first.</summary>
    internal ref struct Enumerator(OperationBlocks operations)
    {
        private int _block;
        private int _next = operations._head;

        public RememberedOperation Current { get; private set; }

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
            _next += HeaderBytes + Current.Entry.Length;
            return true;
        }
    }

    private readonly record struct Block(byte[] Bytes, int Used);
}
