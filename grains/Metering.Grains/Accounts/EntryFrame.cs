using System.Buffers.Binary;
using Metering.Core.Entries;

namespace Metering.Grains.Accounts;

/// <summary>How entries stand in an account's part of a record: each after its length, a 32-bit little-endian number.</summary>
public static class EntryFrame
{
    private const int LengthBytes = sizeof(int);

    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>The framed bytes of entries that belong together, valid until the next call on this thread.</summary>
    internal static ReadOnlySpan<byte> Of(Entry first, IReadOnlyList<Entry> more)
    {
        var length = Put(first, 0);
        for (var i = 0; i < more.Count; i++)
        {
            length = Put(more[i], length);
        }

        return _buffer.AsSpan(0, length);
    }

    /// <summary>Takes the next entry's bytes off the front of a chunk.</summary>
    /// <exception cref="FormatException">The chunk does not consist of whole frames.</exception>
    public static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> chunk)
    {
        if (chunk.Length < LengthBytes || BinaryPrimitives.ReadInt32LittleEndian(chunk) is var length && (length < 0 || length > chunk.Length - LengthBytes))
        {
            throw new FormatException("The account's part of a record does not consist of whole entries.");
        }

        var entry = chunk.Slice(LengthBytes, length);
        chunk = chunk[(LengthBytes + length)..];
        return entry;
    }

    private static int Put(Entry entry, int at)
    {
        var bytes = entry.Encoded;
        var end = at + LengthBytes + bytes.Length;
        if (_buffer is null || _buffer.Length < end)
        {
            Array.Resize(ref _buffer, Math.Max(end * 2, 1024));
        }

        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(at), bytes.Length);
        bytes.CopyTo(_buffer, at + LengthBytes);
        return end;
    }
}
