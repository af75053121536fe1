using System.IO.Compression;
using System.IO.Hashing;
using Metering.Core.Encoding;

namespace Metering.Ledger.States;

/// <summary>
/// A kept state as it lies in the store: the version of this format, the sequence and the instant of its last entry, how many bytes it has, its bytes compressed by Brotli; at the end a checksum (XxHash3) of all before.
/// </summary>
internal static class StateFile
{
    private const byte Version = 1;
    private const int ChecksumBytes = sizeof(ulong);

    // Half as many bytes as at the fastest, and still a fraction of a millisecond.
    private const int Quality = 4;
    private const int WindowBits = 22;

    internal static byte[] Encode(long sequence, DateTimeOffset at, ReadOnlySpan<byte> state)
    {
        var compressed = new byte[BrotliEncoder.GetMaxCompressedLength(state.Length)];
        if (!BrotliEncoder.TryCompress(state, compressed, out var length, Quality, WindowBits))
        {
            throw new InvalidOperationException("A state did not fit where any fits.");
        }

        var writer = new ByteWriter(length + 64);
        writer.Byte(Version);
        writer.Number(sequence);
        writer.Instant(at);
        writer.Count(state.Length);
        writer.Bytes(compressed.AsSpan(0, length));
        var bytes = new byte[writer.Length + ChecksumBytes];
        writer.Written.CopyTo(bytes);
        BitConverter.TryWriteBytes(bytes.AsSpan(writer.Length), XxHash3.HashToUInt64(writer.Written));
        return bytes;
    }

    /// <exception cref="FormatException">The bytes are damaged, or of a later version.</exception>
    internal static (long Sequence, DateTimeOffset At, byte[] State) Decode(ReadOnlySpan<byte> bytes)
    {
        var content = bytes.Length > ChecksumBytes ? bytes[..^ChecksumBytes] : throw Damaged();
        var reader = new ByteReader(content);
        if (XxHash3.HashToUInt64(content) != BitConverter.ToUInt64(bytes[^ChecksumBytes..]) || reader.Byte() != Version)
        {
            throw Damaged();
        }

        var (sequence, at, length) = (reader.Number(), reader.Instant(), reader.Varint());
        var compressed = reader.Bytes();
        var state = new byte[length <= (ulong)Array.MaxLength && reader.AtEnd ? (int)length : throw Damaged()];
        return BrotliDecoder.TryDecompress(compressed, state, out var written) && written == state.Length ? (sequence, at, state) : throw Damaged();
    }

    private static FormatException Damaged() => new("The state is damaged or of an unknown format.");
}
