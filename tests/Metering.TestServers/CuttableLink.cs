using System.Net;
using System.Net.Sockets;

namespace Metering.TestServers;

/// <summary>A way to a server that a test can cut: connections stay and take bytes, as when packets are dropped, and nothing arrives at either end until it is healed.</summary>
public sealed class CuttableLink : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly IPEndPoint _server;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource _whole = new();

    private CuttableLink(IPEndPoint server)
    {
        _server = server;
        _whole.SetResult();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary><c>127.0.0.1:port</c>: connections to it lead to the server.</summary>
    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <param name="port">Of the server, on this machine.</param>
    public static CuttableLink To(int port) => new(new IPEndPoint(IPAddress.Loopback, port));

    public void Cut() => _whole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was held back arrives now.</summary>
    public void Heal() => _whole.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _closed.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ConnectAsync(await _listener.AcceptSocketAsync(_closed.Token)));
            }
        }
        catch (Exception) when (_closed.IsCancellationRequested)
        {
            // The test is over.
        }

        await Task.WhenAll(connections);
    }

    private async Task ConnectAsync(Socket caller)
    {
        using var near = caller;
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        try
        {
            await _whole.Task.WaitAsync(_closed.Token);
            await far.ConnectAsync(_server, _closed.Token);
            await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            // Either end has gone, or the test is over: the other hears of it.
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, _closed.Token) is > 0 and var count)
            {
                await _whole.Task.WaitAsync(_closed.Token);
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _closed.Token);
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either end has gone, or the test is over.
        }
    }
}
