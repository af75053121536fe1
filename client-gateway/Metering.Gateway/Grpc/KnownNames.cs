using System.Buffers.Binary;
using System.Text;

namespace Metering.Gateway.Grpc;

/// <summary>
/// Strings of names that come again and again: accounts, meters, dimensions. They are found by their bytes, so that one that is known is not made again.
/// </summary>
/// <remarks>
/// A name has one place, by the hash of its bytes, and whatever stood there before makes room: bounded, without locks, and a caller who makes names collide
/// only makes them be made again. Threads may miss each other's names for a moment, which costs a string.
/// </remarks>
internal sealed class KnownNames
{
    private const int PlaceBits = 16;

    // What is longer is rarely one of a few.
    private const int MaxKeptBytes = 64;
    private const int WordBytes = sizeof(ulong);

    // Odd, with its bits spread evenly: 2⁶⁴ over the golden ratio.
    private const ulong Spread = 0x9E37_79B9_7F4A_7C15;

    private readonly string?[] _names = new string?[1 << PlaceBits];

    /// <param name="name">ASCII.</param>
    public string Get(ReadOnlySpan<byte> name)
    {
        if (name.Length > MaxKeptBytes)
        {
            return Encoding.ASCII.GetString(name);
        }

        ref var place = ref _names[PlaceOf(name)];
        return place is { } known && Ascii.Equals(name, known) ? known : place = Encoding.ASCII.GetString(name);
    }

    private static int PlaceOf(ReadOnlySpan<byte> name)
    {
        unchecked
        {
            var hash = (ulong)name.Length;
            for (; name.Length >= WordBytes; name = name[WordBytes..])
            {
                hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(name));
            }

            var last = 0UL;
            foreach (var letter in name)
            {
                last = (last << 8) | letter;
            }

            return (int)(Mix(hash ^ last) >> (64 - PlaceBits));
        }
    }

    private static ulong Mix(ulong hash) => unchecked((hash ^ (hash >> 32)) * Spread);
}
