using System.Buffers.Binary;
using Metering.Core.Entries;

namespace Metering.Grains.Accounts;

/// <summary>
/// How entries stand in an account's part of a record: each after its length, a 32-bit little-endian number. A turn gathers its entries on its own thread.
/// </summary>
public static class EntryFrame
{
    private const int LengthBytes = sizeof(int);

    [ThreadStatic]
    private static byte[]? _buffer;

    [ThreadStatic]
    private static int _length;

    /// <summary>The framed bytes of what this thread has gathered, valid until it gathers more.</summary>
    internal static ReadOnlySpan<byte> Gathered => _buffer.AsSpan(0, _length);

    /// <summary>Begins anew: what this thread had gathered is no matter any more.</summary>
    internal static void Begin() => _length = 0;

    /// <summary>How many bytes there would be with these.</summary>
    internal static int GatheredWith(Entry first, IReadOnlyList<Entry> more)
    {
        var length = _length + LengthBytes + first.EncodedHere.Length;
        for (var i = 0; i < more.Count; i++)
        {
            length += LengthBytes + more[i].EncodedHere.Length;
        }

        return length;
    }

    internal static void Add(Entry entry)
    {
        var bytes = entry.EncodedHere;
        var end = _length + LengthBytes + bytes.Length;
        if (_buffer is null || _buffer.Length < end)
        {
            Array.Resize(ref _buffer, Math.Max(end * 2, 1024));
        }

        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_length), bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length + LengthBytes));
        _length = end;
    }

    /// <summary>Takes the next entry's bytes off the front of a chunk.</summary>
    /// <exception cref="FormatException">The chunk does not consist of whole frames.</exception>
    public static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> chunk)
    {
        var length = NextLength(chunk);
        var entry = chunk.Slice(LengthBytes, length);
        chunk = chunk[(LengthBytes + length)..];
        return entry;
    }

    /// <summary>The same of bytes that stay.</summary>
    /// <exception cref="FormatException">The chunk does not consist of whole frames.</exception>
    public static ReadOnlyMemory<byte> Next(ref ReadOnlyMemory<byte> chunk)
    {
        var length = NextLength(chunk.Span);
        var entry = chunk.Slice(LengthBytes, length);
        chunk = chunk[(LengthBytes + length)..];
        return entry;
    }

    private static int NextLength(ReadOnlySpan<byte> chunk) =>
        chunk.Length >= LengthBytes && BinaryPrimitives.ReadInt32LittleEndian(chunk) is var length && length >= 0 && length <= chunk.Length - LengthBytes
            ? length
            : throw new FormatException("The account's part of a record does not consist of whole entries.");
}
