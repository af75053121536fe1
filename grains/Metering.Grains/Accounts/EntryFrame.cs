using System.Buffers.Binary;
using Metering.Core.Entries;

namespace Metering.Grains.Accounts;

/// <summary>How entries stand in an account's part of a record: each after its length, a 32-bit little-endian number.</summary>
internal static class EntryFrame
{
    private const int LengthBytes = sizeof(int);

    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>The framed bytes of an entry, valid until the next call on this thread.</summary>
    internal static ReadOnlySpan<byte> Of(Entry entry)
    {
        var bytes = entry.Encoded;
        var length = bytes.Length + LengthBytes;
        if (_buffer is null || _buffer.Length < length)
        {
            _buffer = new byte[Math.Max(length, 1024)];
        }

        BinaryPrimitives.WriteInt32LittleEndian(_buffer, bytes.Length);
        bytes.CopyTo(_buffer, LengthBytes);
        return _buffer.AsSpan(0, length);
    }

    /// <summary>Takes the next entry's bytes off the front of a chunk.</summary>
    /// <exception cref="FormatException">The chunk does not consist of whole frames.</exception>
    internal static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> chunk)
    {
        if (chunk.Length < LengthBytes || BinaryPrimitives.ReadInt32LittleEndian(chunk) is var length && (length < 0 || length > chunk.Length - LengthBytes))
        {
            throw new FormatException("The account's part of a record does not consist of whole entries.");
        }

        var entry = chunk.Slice(LengthBytes, length);
        chunk = chunk[(LengthBytes + length)..];
        return entry;
    }
}
