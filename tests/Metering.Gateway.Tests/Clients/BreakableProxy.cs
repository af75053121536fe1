using System.Net;
using System.Net.Sockets;

namespace Metering.Gateway.Tests.Clients;

/// <summary>
/// Stands between a client and a server, passes bytes on, and cuts connections when a test says so: as a cable that is pulled, both sides lose
/// what was on the way.
/// </summary>
internal sealed class BreakableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly Task _accepting;
    private Uri? _target;
    private volatile bool _losesAnswers;

    public BreakableProxy(Uri? target)
    {
        _target = target;
        _listener.Start();
        Address = new Uri($"http://{_listener.LocalEndpoint}");
        _accepting = Accept();
    }

    public Uri Address { get; }

    /// <summary>From now until the next cut nothing that the server says arrives.</summary>
    public void LoseAnswers() => _losesAnswers = true;

    /// <summary>Cuts every connection; new ones go to the target, or are cut at once when there is none.</summary>
    public void Cut(Uri? target)
    {
        lock (_lock)
        {
            _target = target;
            _losesAnswers = false;
            foreach (var socket in _open)
            {
                Reset(socket);
            }

            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Cut(null);
        _listener.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                _ = Serve(await _listener.AcceptSocketAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The proxy is over.
        }
    }

    private async Task Serve(Socket client)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        Uri? target;
        lock (_lock)
        {
            target = _target;
            _open.Add(client);
            _open.Add(server);
        }

        try
        {
            if (target is not null)
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, target.Port);
                await Task.WhenAny(Pass(client, server, () => true), Pass(server, client, () => !_losesAnswers));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Either side is gone, so the other goes too.
        }

        lock (_lock)
        {
            Reset(client);
            Reset(server);
            _open.Remove(client);
            _open.Remove(server);
        }
    }

    private static async Task Pass(Socket from, Socket to, Func<bool> arrives)
    {
        var buffer = new byte[64 * 1_024];
        int read;
        while ((read = await from.ReceiveAsync(buffer)) > 0)
        {
            for (var sent = 0; sent < read && arrives();)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
            }
        }
    }

    private static void Reset(Socket socket) => socket.Close(0);
}
