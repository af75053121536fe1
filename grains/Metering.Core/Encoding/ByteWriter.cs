namespace Metering.Core.Encoding;

/// <summary>
/// Writes the canonical form of state and entries: one value, one sequence of bytes. Integers are LEB128 varints (signed ones
/// zigzag first), strings are UTF-8 after their length in bytes, instants are UTC ticks of 100 ns, amounts are nanos.
/// </summary>
public sealed class ByteWriter
{
    private const int MaxVarint = 10;
    private const int LowGroups = 9;

    private byte[] _bytes;
    private int _length;

    public ByteWriter(int capacity = 256) => _bytes = new byte[Math.Max(capacity, 32)];

    public int Length => _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public byte[] ToArray() => Written.ToArray();

    public void Clear() => _length = 0;

    public void Byte(byte value)
    {
        Reserve(1);
        _bytes[_length++] = value;
    }

    public void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Varint(ulong value)
    {
        Reserve(MaxVarint);
        var into = _bytes.AsSpan(_length);
        var written = 0;
        while (value >= 0x80)
        {
            into[written++] = unchecked((byte)(value | 0x80));
            value >>= 7;
        }

        into[written] = (byte)value;
        _length += written + 1;
    }

    public void Count(int value) => Varint((ulong)value);

    public void Number(long value) => Varint(unchecked((ulong)((value << 1) ^ (value >> 63))));

    public void Instant(DateTimeOffset value) => Number(value.UtcTicks);

    public void Duration(TimeSpan value) => Number(value.Ticks);

    public void OptionalInstant(DateTimeOffset? value)
    {
        Flag(value.HasValue);
        if (value is { } instant)
        {
            Instant(instant);
        }
    }

    public void Amount(Credits credits) => Large(credits.Nanos);

    public void Amount(Quantity quantity) => Large(quantity.Nanos);

    public void Text(string value)
    {
        var most = System.Text.Encoding.UTF8.GetMaxByteCount(value.Length);
        if (most < 0x80)
        {
            // Short enough that the length takes one byte whatever it turns out to be: write the text first.
            Reserve(most + 1);
            var written = System.Text.Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_length + 1));
            _bytes[_length] = (byte)written;
            _length += written + 1;
            return;
        }

        Count(System.Text.Encoding.UTF8.GetByteCount(value));
        Reserve(most);
        _length += System.Text.Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_length));
    }

    /// <summary>Bytes after their length.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        Count(value.Length);
        Reserve(value.Length);
        value.CopyTo(_bytes.AsSpan(_length));
        _length += value.Length;
    }

    /// <summary>A signed integer that seldom needs more than 64 bits: of less than 126 bits in all.</summary>
    internal void Large(Int128 nanos)
    {
        if (nanos >= long.MinValue && nanos <= long.MaxValue)
        {
            Number((long)nanos);
            return;
        }

        // The low nine groups of seven bits at once, the rest as a varint of its own.
        var zigzag = unchecked((UInt128)((nanos << 1) ^ (nanos >> 127)));
        Reserve(LowGroups);
        var into = _bytes.AsSpan(_length, LowGroups);
        var low = unchecked((ulong)zigzag);
        for (var i = 0; i < into.Length; i++)
        {
            into[i] = unchecked((byte)(low | 0x80));
            low >>= 7;
        }

        _length += LowGroups;
        Varint((ulong)(zigzag >> (7 * LowGroups)));
    }

    private void Reserve(int more)
    {
        if (_bytes.Length - _length < more)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + more));
        }
    }
}
