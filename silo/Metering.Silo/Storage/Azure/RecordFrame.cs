using System.Buffers.Binary;
using System.IO.Hashing;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Azure;

/// <summary>
/// A record as it stands in a segment: one append block each. Little endian, 40 bytes before the record's own:
/// <c>magic 4 · length of the record 4 · number 8 · name of the append 16 · XxHash3 of these 32 bytes 8</c>.
/// </summary>
/// <remarks>
/// The header is guarded so that a segment can be taken apart; the record's own checksums are the business of the format above, which can then tell the accounts that damage
/// touches. The name of the append is random: an append whose answer was lost finds its own name in the segment, or another's.
/// </remarks>
internal static class RecordFrame
{
    public const int HeaderBytes = 40;

    private const uint Magic = 0x314A_4D31; // "1MJ1"
    private const int ChecksumAt = 32;

    public static byte[] Write(long number, Guid append, ReadOnlySpan<byte> record)
    {
        var frame = new byte[HeaderBytes + record.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), record.Length);
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(8), number);
        append.TryWriteBytes(frame.AsSpan(16));
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(ChecksumAt), XxHash3.HashToUInt64(frame.AsSpan(0, ChecksumAt)));
        record.CopyTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    /// <summary>Reads a header; nothing when it is not one that was written.</summary>
    public static (long Number, int Length, Guid Append)? Read(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= HeaderBytes
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic
        && BinaryPrimitives.ReadUInt64LittleEndian(bytes[ChecksumAt..]) == XxHash3.HashToUInt64(bytes[..ChecksumAt])
            ? (BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), new Guid(bytes.Slice(16, 16)))
            : null;

    /// <summary>The name of the append that made this frame.</summary>
    public static Guid Append(ReadOnlySpan<byte> frame) => new(frame.Slice(16, 16));

    public static JournalStoreException Damaged(string segment, long offset) =>
        new($"Segment '{segment}' is damaged at byte {offset}: there is no record where one must begin.");
}
