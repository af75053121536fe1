using System.Buffers;
using System.Text;
using Google.Protobuf;

namespace Metering.Gateway.Grpc;

/// <summary>
/// Writes protobuf's primitives, as the generated code would: a field with its default value is left out. The buffer is rented; dispose of the writer.
/// </summary>
internal sealed class MessageWriter : IDisposable
{
    private const int FirstBuffer = 64 << 10;
    private const int MaxVarint = 10;
    private const int GroupBits = 7;
    private const byte More = 0x80;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Begins a message inside this one. Its length takes one byte, and is moved out of the way by <see cref="End"/> when that is too few.</summary>
    /// <returns>What <see cref="End"/> is to be given.</returns>
    public int Begin(byte tag)
    {
        Reserve(2);
        _bytes[_length] = tag;
        _length += 2;
        return _length;
    }

    public void End(int start)
    {
        var length = _length - start;
        if (length < More)
        {
            _bytes[start - 1] = (byte)length;
            return;
        }

        Reserve(MaxVarint);
        var lengthBytes = 1;
        for (var rest = length >> GroupBits; rest > 0; rest >>= GroupBits)
        {
            lengthBytes++;
        }

        _bytes.AsSpan(start, length).CopyTo(_bytes.AsSpan(start - 1 + lengthBytes));
        Put(start - 1, (ulong)length);
        _length += lengthBytes - 1;
    }

    public void Text(byte tag, string text)
    {
        if (text.Length > 0)
        {
            var start = Begin(tag);
            var most = Encoding.UTF8.GetMaxByteCount(text.Length);
            Reserve(most);
            _length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_length, most));
            End(start);
        }
    }

    public void Number(byte tag, long number)
    {
        if (number != 0)
        {
            Reserve(1 + MaxVarint);
            _bytes[_length] = tag;
            _length = Put(_length + 1, unchecked((ulong)number));
        }
    }

    public void Flag(byte tag, bool flag) => Number(tag, flag ? 1 : 0);

    /// <summary>A <c>Decimal</c>, even when it is zero.</summary>
    public void Amount(byte tag, decimal amount)
    {
        var (units, nanos) = WireValues.Split(amount);
        var start = Begin(tag);
        Number(WireTags.Units, units);
        Number(WireTags.Nanos, nanos);
        End(start);
    }

    /// <summary>A message inside this one, by its generated code.</summary>
    public void Message(byte tag, IMessage message)
    {
        var start = Begin(tag);
        var length = message.CalculateSize();
        Reserve(length);
        message.WriteTo(_bytes.AsSpan(_length, length));
        _length += length;
        End(start);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    /// <returns>Where it ends.</returns>
    private int Put(int at, ulong value)
    {
        while (value >= More)
        {
            _bytes[at++] = unchecked((byte)(value | More));
            value >>= GroupBits;
        }

        _bytes[at++] = (byte)value;
        return at;
    }

    private void Reserve(int more)
    {
        if (_bytes.Length - _length < more)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + more));
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }
    }
}
