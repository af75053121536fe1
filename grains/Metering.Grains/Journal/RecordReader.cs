using System.Buffers.Binary;
using System.Text;

namespace Metering.Grains.Journal;

/// <summary>
/// Reads records that may be damaged. Whatever the bytes, the answer is a value or a fault in words, never another
/// exception: the log is read when a partition opens, and damage must quarantine, not crash.
/// </summary>
internal static class RecordReader
{
    /// <summary>Reads and checks header and index.</summary>
    /// <returns>False, with the fault, when it cannot be said whose entries the record holds.</returns>
    internal static bool TryReadHeader(ReadOnlySpan<byte> record, out RecordHeader header, out string fault)
    {
        header = default;
        if (record.Length < RecordFormat.HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(record) != RecordFormat.Magic)
        {
            fault = "the bytes are not a record";
            return false;
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(record[RecordFormat.VersionOffset..]);
        if (version != RecordFormat.Version)
        {
            fault = $"the record's format version is {version}; this silo reads {RecordFormat.Version}";
            return false;
        }

        var indexBytes = BinaryPrimitives.ReadInt32LittleEndian(record[RecordFormat.IndexBytesOffset..]);
        if (indexBytes < 0 || indexBytes > record.Length - RecordFormat.HeaderBytes)
        {
            fault = "the record is cut off in its index";
            return false;
        }

        var checksum = BinaryPrimitives.ReadUInt64LittleEndian(record[RecordFormat.ChecksumOffset..]);
        if (checksum != RecordFormat.HeaderChecksum(record, indexBytes))
        {
            fault = "the checksum of the record's header and index does not fit";
            return false;
        }

        header = new RecordHeader(
            new Guid(record.Slice(RecordFormat.WriterOffset, 16)),
            BinaryPrimitives.ReadInt64LittleEndian(record[RecordFormat.NumberOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(record[RecordFormat.PreviousOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[RecordFormat.MarkOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(record[RecordFormat.ChunksOffset..]),
            checksum);
        fault = "";
        return true;
    }

    /// <summary>Reads the chunks of a record whose header was read. A damaged chunk is in the list, marked as such.</summary>
    internal static bool TryReadChunks(ReadOnlyMemory<byte> record, List<RecordChunk> chunks, out string fault)
    {
        chunks.Clear();
        var span = record.Span;
        var count = BinaryPrimitives.ReadInt32LittleEndian(span[RecordFormat.ChunksOffset..]);
        var indexBytes = BinaryPrimitives.ReadInt32LittleEndian(span[RecordFormat.IndexBytesOffset..]);
        var index = span.Slice(RecordFormat.HeaderBytes, indexBytes);
        long offset = RecordFormat.HeaderBytes + indexBytes;
        for (var i = 0; i < count; i++)
        {
            if (index.Length < RecordFormat.IndexEntryBytes || index.Length < RecordFormat.IndexEntryBytes + index[0])
            {
                fault = "the record's index is shorter than its chunks need";
                return false;
            }

            var account = Encoding.UTF8.GetString(index.Slice(1, index[0]));
            var rest = index[(1 + index[0])..];
            var bytes = BinaryPrimitives.ReadInt32LittleEndian(rest);
            var sequence = BinaryPrimitives.ReadInt64LittleEndian(rest[4..]);
            var checksum = BinaryPrimitives.ReadUInt64LittleEndian(rest[12..]);
            if (bytes < 0)
            {
                fault = "the record's index has a chunk of negative length";
                return false;
            }

            var isThere = offset + bytes <= record.Length;
            var entries = isThere ? record.Slice((int)offset, bytes) : default;
            chunks.Add(new RecordChunk(account, sequence, entries, isThere && RecordFormat.Checksum(entries.Span) == checksum));
            offset += bytes;
            index = rest[(RecordFormat.IndexEntryBytes - 1)..];
        }

        var fits = count >= 0 && index.IsEmpty && offset >= record.Length;
        fault = fits ? "" : "the record is longer than its index says";
        return fits;
    }
}
