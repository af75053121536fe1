using System.Text;

namespace Metering.LoadTest.Run;

/// <summary>Reads protobuf fields one after the other, in place.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;
    private const int Fixed32 = 5;

    private ReadOnlySpan<byte> _rest = message;
    private int _wireType;

    /// <summary>The number of the next field; 0 at the end.</summary>
    public int NextField()
    {
        if (_rest.IsEmpty)
        {
            return 0;
        }

        var tag = ReadVarint();
        _wireType = (int)(tag & 7);
        return (int)(tag >> 3);
    }

    public ulong ReadVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new LoadException("The server sent a number that is none.");
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        var length = (int)ReadVarint();
        var bytes = _rest[..length];
        _rest = _rest[length..];
        return bytes;
    }

    public string ReadText() => Encoding.UTF8.GetString(ReadBytes());

    /// <summary>A metering.v1.Decimal, in billionths.</summary>
    public long ReadNanos()
    {
        var (units, nanos) = (0L, 0L);
        var amount = new ProtoReader(ReadBytes());
        for (var field = amount.NextField(); field != 0; field = amount.NextField())
        {
            var value = unchecked((long)amount.ReadVarint());
            (units, nanos) = field == 1 ? (value, nanos) : (units, value);
        }

        return (units * 1_000_000_000) + nanos;
    }

    public void Skip()
    {
        switch (_wireType)
        {
            case Varint:
                ReadVarint();
                break;
            case Fixed64:
                _rest = _rest[8..];
                break;
            case Delimited:
                ReadBytes();
                break;
            case Fixed32:
                _rest = _rest[4..];
                break;
            default:
                throw new LoadException($"The server sent a field of the unknown kind {_wireType}.");
        }
    }
}
