namespace Metering.Core.Encoding;

/// <summary>Reads what <see cref="ByteWriter"/> wrote. Bytes that it cannot have written throw <see cref="FormatException"/>, nothing else.</summary>
public ref struct ByteReader
{
    private const int LowBits = 63;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    public ByteReader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public readonly bool AtEnd => _position == _bytes.Length;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Left => _bytes.Length - _position;

    public byte Byte() => _position < _bytes.Length ? _bytes[_position++] : throw Damaged();

    public bool Flag() => Byte() switch
    {
        0 => false,
        1 => true,
        _ => throw Damaged(),
    };

    public ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            if (shift == 63 && next > 1)
            {
                throw Damaged();
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Damaged();
    }

    /// <summary>A count of things that follow, each of at least one byte: more than there are bytes left is damage, not memory to reserve.</summary>
    public int Count()
    {
        var count = Varint();
        return count <= (ulong)(_bytes.Length - _position) ? (int)count : throw Damaged();
    }

    public long Number()
    {
        var zigzag = Varint();
        return unchecked((long)(zigzag >> 1) ^ -(long)(zigzag & 1));
    }

    /// <summary>A number that is known to fit an int and not to be negative.</summary>
    public int Small()
    {
        var number = Number();
        return number is >= 0 and <= int.MaxValue ? (int)number : throw Damaged();
    }

    public DateTimeOffset Instant()
    {
        var ticks = Number();
        return ticks >= DateTimeOffset.MinValue.Ticks && ticks <= DateTimeOffset.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw Damaged();
    }

    public TimeSpan Duration() => new(Number());

    public DateTimeOffset? OptionalInstant() => Flag() ? Instant() : null;

    public Credits Credits()
    {
        try
        {
            return Core.Credits.FromNanos(Large());
        }
        catch (OverflowException)
        {
            throw Damaged();
        }
    }

    public Quantity Quantity()
    {
        try
        {
            return Core.Quantity.FromNanos(Large());
        }
        catch (OverflowException)
        {
            throw Damaged();
        }
    }

    public string Text() => System.Text.Encoding.UTF8.GetString(Bytes());

    public ReadOnlySpan<byte> Bytes()
    {
        var length = Count();
        var bytes = _bytes.Slice(_position, length);
        _position += length;
        return bytes;
    }

    /// <summary>An enum value by its number; one that is not defined is damage.</summary>
    public TEnum Enum<TEnum>()
        where TEnum : struct, Enum
    {
        var value = (TEnum)System.Enum.ToObject(typeof(TEnum), (int)Byte());
        return System.Enum.IsDefined(value) ? value : throw Damaged();
    }

    internal static FormatException Damaged() => new("The bytes are damaged or of an unknown format.");

    internal Int128 Large()
    {
        // Most fit nine groups of seven bits, which are put together in one word.
        ulong low = 0;
        for (var shift = 0; shift < LowBits; shift += 7)
        {
            var next = Byte();
            low |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return unchecked((long)(low >> 1) ^ -(long)(low & 1));
            }
        }

        UInt128 zigzag = low;
        for (var shift = LowBits; shift < 126; shift += 7)
        {
            var next = Byte();
            zigzag |= (UInt128)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return unchecked((Int128)(zigzag >> 1) ^ -(Int128)(zigzag & 1));
            }
        }

        throw Damaged();
    }
}
