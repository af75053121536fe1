using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Metering.LoadTest.Run;

/// <summary>
/// One HTTP/1.1 connection for one request at a time: head and body go out in one write, and of the answer's head only status and length are read. A client
/// that did all that HTTP allows would take more of a shared machine than the server does.
/// </summary>
internal sealed class HttpConnection(Uri target) : IDisposable
{
    private const int StatusAt = 9;
    private const int HeadRoom = 4_096;
    private static readonly byte[] EndOfHead = "\r\n\r\n"u8.ToArray();

    private Socket? _socket;
    private readonly ByteBuffer _answer = new(HeadRoom);

    /// <summary>Sends a whole request and waits for the whole answer.</summary>
    /// <returns>The status, and the body, which is good until the next request.</returns>
    /// <exception cref="IOException">The connection broke; the outcome is unknown. The next request opens another.</exception>
    public async ValueTask<(int Status, ReadOnlyMemory<byte> Body)> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        try
        {
            if (_socket is null)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                _socket = socket;
                await socket.ConnectAsync(target.Host, target.Port, cancellationToken);
            }

            for (var sent = 0; sent < request.Length;)
            {
                sent += await _socket.SendAsync(request[sent..], cancellationToken);
            }

            return await ReceiveAsync(_socket, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            Dispose();
            throw new IOException($"The connection to {target} broke: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private async ValueTask<(int Status, ReadOnlyMemory<byte> Body)> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        _answer.Clear();
        var (bodyAt, end) = (0, int.MaxValue);
        while (_answer.Length < end)
        {
            var count = await socket.ReceiveAsync(_answer.RoomMemory(HeadRoom), cancellationToken);
            if (count == 0)
            {
                throw new IOException("The server closed the connection.");
            }

            _answer.Advance(count);
            if (bodyAt == 0 && _answer.Written.IndexOf(EndOfHead) is var endOfHead and >= 0)
            {
                bodyAt = endOfHead + EndOfHead.Length;
                end = bodyAt + LengthIn(_answer.Written[..endOfHead]);
            }
        }

        return Utf8Parser.TryParse(_answer.Written[StatusAt..], out int status, out _)
            ? (status, _answer.WrittenMemory[bodyAt..])
            : throw new LoadException("The server's answer is not HTTP.");
    }

    private static int LengthIn(ReadOnlySpan<byte> head)
    {
        var name = "\r\nContent-Length: "u8;
        var at = head.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _)
            ? length
            : throw new LoadException($"The server's answer has no Content-Length: {Encoding.ASCII.GetString(head)}");
    }
}
