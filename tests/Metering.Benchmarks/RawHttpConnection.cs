using System.Net.Sockets;
using System.Text;

namespace Metering.Benchmarks;

/// <summary>
/// One HTTP/1.1 connection that sends bytes made beforehand and reads no more of the answer than it must, so that on a machine shared with the
/// server the client takes as little of it as it can. One request at a time.
/// </summary>
internal sealed class RawHttpConnection : IDisposable
{
    private const int StatusAt = 9;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[16_384];
    private int _received;

    /// <summary>The last answer, heading and body; for messages.</summary>
    public string LastAnswer => Encoding.UTF8.GetString(_buffer.AsSpan(0, _received));

    public Task ConnectAsync(Uri target, CancellationToken cancellationToken) =>
        _socket.ConnectAsync(target.Host, target.Port, cancellationToken).AsTask();

    /// <summary>Sends a request. One of a few hundred bytes fits the socket's buffer: it is sent whole.</summary>
    public void Send(ReadOnlySpan<byte> request)
    {
        _received = 0;
        _socket.Send(request);
    }

    /// <summary>Takes the bytes that are there; the status once the answer is whole, 0 before.</summary>
    public int Receive()
    {
        var count = _socket.Receive(_buffer.AsSpan(_received));
        if (count == 0)
        {
            throw new IOException("The server closed the connection, or its answer is too long.");
        }

        _received += count;
        return IsWhole(_buffer.AsSpan(0, _received)) ? Number(_buffer.AsSpan(StatusAt, 3)) : 0;
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        var heading = answer[..end];
        var length = heading.IndexOf("Content-Length: "u8);
        return length >= 0
            ? answer.Length == end + 4 + Number(heading[(length + "Content-Length: ".Length)..])
            : answer.EndsWith("\r\n0\r\n\r\n"u8);
    }

    private static int Number(ReadOnlySpan<byte> digits)
    {
        var number = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                break;
            }

            number = (number * 10) + (digit - '0');
        }

        return number;
    }
}
