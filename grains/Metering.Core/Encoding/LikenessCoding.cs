using System.Buffers.Binary;
using System.Numerics;

namespace Metering.Core.Encoding;

/// <summary>
/// Writes bytes as what differs from others that are much alike: the entries of an account, one after the other, differ in a few numbers and the id. The
/// same two values give the same bytes.
/// </summary>
/// <remarks>
/// The length; how many bytes at the end are those of the other; and for what is before that, by turns, how many bytes are those of the other at the same
/// place and how many are not, with these. So one field that grew moves nothing: what is before it is compared from the beginning, what is after it from the end.
/// </remarks>
internal static class LikenessCoding
{
    /// <summary>Fewer equal bytes between others that differ cost more to count than to write.</summary>
    private const int MinAlike = 3;

    private const int BitsPerByte = 8;

    internal static void Write(ByteWriter writer, ReadOnlySpan<byte> other, ReadOnlySpan<byte> value)
    {
        var tail = CommonTail(other, value);
        writer.Count(value.Length);
        writer.Count(tail);
        var rest = value[..^tail];
        other = other[..^tail];
        while (!rest.IsEmpty)
        {
            var alike = rest.CommonPrefixLength(other);
            writer.Count(alike);
            rest = rest[alike..];
            other = other[alike..];
            if (!rest.IsEmpty)
            {
                var different = UntilAlike(rest, other);
                writer.Bytes(rest[..different]);
                rest = rest[different..];
                other = other[Math.Min(different, other.Length)..];
            }
        }
    }

    /// <summary>How long the next value is.</summary>
    /// <param name="reader">Where it begins.</param>
    /// <param name="other">What it was compared with.</param>
    /// <exception cref="FormatException">It cannot be so long.</exception>
    internal static int ReadLength(ref ByteReader reader, ReadOnlySpan<byte> other)
    {
        var length = reader.Varint();
        return length <= (ulong)other.Length + (ulong)reader.Left ? (int)length : throw ByteReader.Damaged();
    }

    /// <summary>Reads the rest of a value.</summary>
    /// <param name="reader">After its length.</param>
    /// <param name="other">What it was compared with.</param>
    /// <param name="into">As long as it is.</param>
    /// <exception cref="FormatException">The bytes are damaged.</exception>
    internal static void Read(ref ByteReader reader, ReadOnlySpan<byte> other, Span<byte> into)
    {
        var tail = At(reader.Varint(), Math.Min(other.Length, into.Length));
        other[^tail..].CopyTo(into[^tail..]);
        into = into[..^tail];
        other = other[..^tail];
        while (!into.IsEmpty)
        {
            var alike = At(reader.Varint(), Math.Min(other.Length, into.Length));
            other[..alike].CopyTo(into);
            into = into[alike..];
            other = other[alike..];
            if (!into.IsEmpty)
            {
                var different = reader.Bytes();
                if (different.IsEmpty || different.Length > into.Length)
                {
                    throw ByteReader.Damaged();
                }

                different.CopyTo(into);
                into = into[different.Length..];
                other = other[Math.Min(different.Length, other.Length)..];
            }
        }
    }

    private static int At(ulong count, int most) => count <= (ulong)most ? (int)count : throw ByteReader.Damaged();

    /// <summary>How many bytes at the end of both are the same: every snapshot compares thousands of entries, so eight at a time.</summary>
    private static int CommonTail(ReadOnlySpan<byte> other, ReadOnlySpan<byte> value)
    {
        var shorter = Math.Min(other.Length, value.Length);
        other = other[^shorter..];
        value = value[^shorter..];
        var left = shorter;
        for (; left >= sizeof(ulong); left -= sizeof(ulong))
        {
            var different = BinaryPrimitives.ReadUInt64LittleEndian(other[(left - sizeof(ulong))..]) ^ BinaryPrimitives.ReadUInt64LittleEndian(value[(left - sizeof(ulong))..]);
            if (different != 0)
            {
                return shorter - left + (BitOperations.LeadingZeroCount(different) / BitsPerByte);
            }
        }

        while (left > 0 && other[left - 1] == value[left - 1])
        {
            left--;
        }

        return shorter - left;
    }

    private static int UntilAlike(ReadOnlySpan<byte> value, ReadOnlySpan<byte> other)
    {
        var alike = 0;
        var shorter = Math.Min(value.Length, other.Length);
        for (var i = 0; i < shorter; i++)
        {
            alike = value[i] == other[i] ? alike + 1 : 0;
            if (alike == MinAlike)
            {
                return i + 1 - MinAlike;
            }
        }

        return value.Length;
    }
}
