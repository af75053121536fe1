using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Metering.Grains.Journal;

/// <summary>What a record says of itself and of its place in the log.</summary>
/// <param name="Writer">The owner that wrote it: new for each opening of a partition.</param>
/// <param name="Number">Its number in the log, from 1.</param>
/// <param name="Previous">The checksum of the record before it; 0 for record 1.</param>
/// <param name="Mark">Everything up to this record is held by snapshots: the log may be trimmed through it.</param>
/// <param name="Chunks">How many accounts have entries in it.</param>
/// <param name="Checksum">Over header and index, and through the index's checksums over all the record.</param>
internal readonly record struct RecordHeader(Guid Writer, long Number, ulong Previous, long Mark, int Chunks, ulong Checksum);

/// <summary>The entries of one account in one record.</summary>
/// <param name="Account">The account's id.</param>
/// <param name="Sequence">The last sequence in the entries.</param>
/// <param name="Entries">A slice of the record; empty when the record ends before it.</param>
/// <param name="IsIntact">Whether the entries are what was written.</param>
internal readonly record struct RecordChunk(string Account, long Sequence, ReadOnlyMemory<byte> Entries, bool IsIntact);

/// <summary>
/// How a record lies in bytes, version 1. All numbers are little-endian; checksums are XxHash3, 64 bit.
/// <code>
/// header   0  magic "MJRN"            4  version (2)          6  zero (2)
///          8  writer (16)            24  number (8)          32  checksum of the previous record (8)
///         40  mark (8)               48  number of chunks (4) 52  bytes of index (4)
///         56  checksum of header bytes 0–55 and the index (8)
/// index   64  per chunk: length of id (1), id (UTF-8), bytes of entries (4), last sequence (8), checksum of entries (8)
/// chunks      the entries, one chunk per account, in the order of the index, nothing between or after them
/// </code>
/// </summary>
/// <remarks>
/// <para>A chunk begins where the one before it ends, so offsets are not written and cannot contradict the lengths.</para>
/// <para>Why damage never spreads too far or too little: the header's checksum vouches for who has entries in the record, so when it
/// holds, a bad chunk touches its own account and no other. When it does not hold, or a number is missing, or the previous checksum does
/// not fit, nobody can say whose entries are gone, and the whole log is refused.</para>
/// <para>A damaged last record is treated like any other. It could only be dropped if it was never acknowledged, and no store can
/// leave such a record: an append is one transaction (SQLite), one command (Redis) or one block (Azure), which is there in full or not at
/// all. So bytes that are there but wrong were once right, and may have been acknowledged.</para>
/// </remarks>
internal static class RecordFormat
{
    internal const uint Magic = 0x4E524A4D;
    internal const ushort Version = 1;
    internal const int HeaderBytes = 64;

    /// <summary>The longest account id, in bytes of UTF-8.</summary>
    internal const int MaxAccountBytes = byte.MaxValue;

    internal const int VersionOffset = 4;
    internal const int ZeroOffset = 6;
    internal const int WriterOffset = 8;
    internal const int NumberOffset = 24;
    internal const int PreviousOffset = 32;
    internal const int MarkOffset = 40;
    internal const int ChunksOffset = 48;
    internal const int IndexBytesOffset = 52;
    internal const int ChecksumOffset = 56;

    /// <summary>The bytes of an index entry beside the id.</summary>
    internal const int IndexEntryBytes = 1 + 4 + 8 + 8;

    internal static ulong Checksum(ReadOnlySpan<byte> entries) => XxHash3.HashToUInt64(entries);

    internal static ulong HeaderChecksum(ReadOnlySpan<byte> record, int indexBytes) => XxHash3.HashToUInt64(
        record.Slice(HeaderBytes, indexBytes),
        unchecked((long)XxHash3.HashToUInt64(record[..ChecksumOffset])));

    /// <summary>Writes the header over a record whose index is in place.</summary>
    /// <returns>The record's checksum.</returns>
    internal static ulong WriteHeader(Span<byte> record, Guid writer, long number, ulong previous, long mark, int chunks, int indexBytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(record[VersionOffset..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(record[ZeroOffset..], 0);
        writer.TryWriteBytes(record[WriterOffset..]);
        BinaryPrimitives.WriteInt64LittleEndian(record[NumberOffset..], number);
        BinaryPrimitives.WriteUInt64LittleEndian(record[PreviousOffset..], previous);
        BinaryPrimitives.WriteInt64LittleEndian(record[MarkOffset..], mark);
        BinaryPrimitives.WriteInt32LittleEndian(record[ChunksOffset..], chunks);
        BinaryPrimitives.WriteInt32LittleEndian(record[IndexBytesOffset..], indexBytes);
        var checksum = HeaderChecksum(record, indexBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(record[ChecksumOffset..], checksum);
        return checksum;
    }

    /// <returns>The bytes written.</returns>
    internal static int WriteIndexEntry(Span<byte> index, string account, int entriesBytes, long sequence, ulong checksum)
    {
        var idBytes = Encoding.UTF8.GetBytes(account, index[1..]);
        index[0] = checked((byte)idBytes);
        var rest = index[(1 + idBytes)..];
        BinaryPrimitives.WriteInt32LittleEndian(rest, entriesBytes);
        BinaryPrimitives.WriteInt64LittleEndian(rest[4..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[12..], checksum);
        return idBytes + IndexEntryBytes;
    }
}
