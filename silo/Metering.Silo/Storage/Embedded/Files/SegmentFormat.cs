using System.Buffers.Binary;
using System.IO.Hashing;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>What is first in a segment.</summary>
/// <param name="Journal">The journal it belongs to.</param>
/// <param name="Number">Its own number: 1 and above, without gaps.</param>
/// <param name="Salt">Of the hashes in it. A file that is used again has another, so what it held before is not taken for part of it.</param>
internal readonly record struct SegmentHead(Guid Journal, long Number, ulong Salt);

/// <summary>What is first in a batch.</summary>
/// <param name="Number">Counted through all segments.</param>
/// <param name="Items">How many items it has.</param>
/// <param name="PayloadBytes">Of all items together.</param>
/// <param name="PayloadHash">XxHash3 of them.</param>
internal readonly record struct BatchHead(long Number, int Items, long PayloadBytes, ulong PayloadHash)
{
    public long Bytes => SegmentFormat.BatchBytes(Items, PayloadBytes);
}

/// <summary>
/// The bytes of a segment: a block with its head, then batches, each beginning with a block of its own: head, a line for each item, the bytes of all items. Numbers are little-endian. A block is
/// what disks write whole or not at all, at least a sector at a time; what has been written durably is never written again, not even a part of its block.
/// </summary>
internal static class SegmentFormat
{
    public const int BlockBytes = 4096;
    public const int BatchHeadBytes = 48;
    public const int ItemBytes = 24;

    /// <summary>More in one batch would not be what any writer makes.</summary>
    public const int MaxItems = 1 << 20;

    private const uint SegmentMark = 0x534A544D;
    private const uint BatchMark = 0x424A544D;
    private const int Version = 1;
    private const int SegmentHeadBytes = 48;

    public static long BatchBytes(int items, long payloadBytes) => RoundUp(BatchHeadBytes + ((long)items * ItemBytes) + payloadBytes);

    public static void WriteHead(Span<byte> block, SegmentHead head)
    {
        block.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(block, SegmentMark);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], Version);
        head.Journal.TryWriteBytes(block[8..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(block[24..], head.Number);
        BinaryPrimitives.WriteUInt64LittleEndian(block[32..], head.Salt);
        BinaryPrimitives.WriteUInt64LittleEndian(block[40..], XxHash3.HashToUInt64(block[..40]));
    }

    /// <returns>Null when it is none, or none of this version.</returns>
    public static SegmentHead? ReadHead(ReadOnlySpan<byte> block) =>
        block.Length >= SegmentHeadBytes
        && BinaryPrimitives.ReadUInt32LittleEndian(block) == SegmentMark
        && BinaryPrimitives.ReadInt32LittleEndian(block[4..]) == Version
        && BinaryPrimitives.ReadUInt64LittleEndian(block[40..]) == XxHash3.HashToUInt64(block[..40])
            ? new SegmentHead(new Guid(block[8..24], bigEndian: true), BinaryPrimitives.ReadInt64LittleEndian(block[24..]), BinaryPrimitives.ReadUInt64LittleEndian(block[32..]))
            : null;

    /// <summary>Writes the head of a batch in front of its items.</summary>
    /// <param name="bytes">Room for the head, and after it the items.</param>
    /// <param name="head">Of the batch.</param>
    /// <param name="salt">Of the segment.</param>
    public static void WriteHead(Span<byte> bytes, BatchHead head, ulong salt)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, BatchMark);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], head.Items);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], head.Number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], head.PayloadBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], head.PayloadHash);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], salt);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[40..], HashOf(bytes, head.Items));
    }

    /// <summary>The head of a batch by what it says of itself; whether that is so, <see cref="IsWhole"/> tells.</summary>
    /// <returns>Null when it cannot be one in a segment with that salt and so many bytes left.</returns>
    public static BatchHead? ReadHead(ReadOnlySpan<byte> bytes, ulong salt, long left)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != BatchMark || BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]) != salt)
        {
            return null;
        }

        var head = new BatchHead(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
        return head is { Number: > 0, Items: > 0 and <= MaxItems, PayloadBytes: >= 0 } && head.PayloadBytes <= left && head.Bytes <= left ? head : null;
    }

    /// <summary>Whether head and items are those that were written.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> headAndItems, BatchHead head) => BinaryPrimitives.ReadUInt64LittleEndian(headAndItems[40..]) == HashOf(headAndItems, head.Items);

    public static void WriteItem(Span<byte> bytes, BatchItem item)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)item.Kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], item.Log);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], item.Number);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], item.Length);
        bytes[20..ItemBytes].Clear();
    }

    public static BatchItem ReadItem(ReadOnlySpan<byte> headAndItems, int index)
    {
        var bytes = headAndItems.Slice(BatchHeadBytes + (index * ItemBytes), ItemBytes);
        return new BatchItem(
            (BatchItemKind)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]));
    }

    public static long RoundUp(long bytes) => (bytes + BlockBytes - 1) / BlockBytes * BlockBytes;

    private static ulong HashOf(ReadOnlySpan<byte> headAndItems, int items)
    {
        var hash = new XxHash3();
        hash.Append(headAndItems[..40]);
        hash.Append(headAndItems.Slice(BatchHeadBytes, items * ItemBytes));
        return hash.GetCurrentHashAsUInt64();
    }
}
