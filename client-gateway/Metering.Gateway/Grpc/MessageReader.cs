namespace Metering.Gateway.Grpc;

/// <summary>
/// Takes protobuf's primitives off the front of a message. Nothing is thrown: false says that what stands there is not as asked, and the reader is of no
/// use any more.
/// </summary>
internal ref struct MessageReader(ReadOnlySpan<byte> message)
{
    private const int GroupBits = 7;
    private const byte More = 0x80;

    private ReadOnlySpan<byte> _rest = message;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>A field's number and type in one byte, as every field up to number 15 has them.</summary>
    public bool TryTag(out byte tag)
    {
        tag = _rest.IsEmpty ? (byte)0 : _rest[0];
        _rest = _rest.IsEmpty ? _rest : _rest[1..];
        return tag is > 0 and < More;
    }

    public bool TryVarint(out ulong value)
    {
        if (!_rest.IsEmpty && _rest[0] < More)
        {
            value = _rest[0];
            _rest = _rest[1..];
            return true;
        }

        return TryLongVarint(out value);
    }

    /// <summary>An <c>int64</c>: negative ones are written as the large numbers they look like.</summary>
    public bool TryNumber(out long value)
    {
        var read = TryVarint(out var bits);
        value = unchecked((long)bits);
        return read;
    }

    /// <summary>Bytes after their length: a text, or a message inside this one.</summary>
    public bool TryBytes(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (!TryVarint(out var length) || length > (ulong)_rest.Length)
        {
            return false;
        }

        bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool TryLongVarint(out ulong value)
    {
        value = 0;
        for (var (at, shift) = (0, 0); shift < 64 && at < _rest.Length; at++, shift += GroupBits)
        {
            var next = _rest[at];
            value |= (ulong)(next & (More - 1)) << shift;
            if (next < More)
            {
                _rest = _rest[(at + 1)..];
                return true;
            }
        }

        return false;
    }
}
