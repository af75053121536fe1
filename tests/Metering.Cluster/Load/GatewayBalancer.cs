using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Metering.Cluster.Load;

/// <summary>One address for all gateways, as an orchestrator's service is: each new connection goes to the next gateway that takes it, and stays there until either side ends it.</summary>
internal sealed class GatewayBalancer : IAsyncDisposable
{
    private readonly IReadOnlyList<Uri> _gateways;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly Task _accepting;
    private int _next;

    /// <param name="gateways">Where they listen, whether they run or not.</param>
    public GatewayBalancer(IEnumerable<Uri> gateways)
    {
        _gateways = [.. gateways];
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var connection = ForwardAsync(await _listener.AcceptSocketAsync(_end.Token));
                _connections.TryAdd(connection, true);
                _ = connection.ContinueWith(ended => _connections.TryRemove(ended, out _), TaskScheduler.Default);
            }
            catch (Exception ended) when (ended is OperationCanceledException or SocketException)
            {
                // No more callers, or this one has turned away already.
            }
        }
    }

    private async Task ForwardAsync(Socket caller)
    {
        await Task.Yield();
        using var here = new NetworkStream(caller, ownsSocket: true);
        if (await ConnectAsync() is not { } gateway)
        {
            return;
        }

        using var there = new NetworkStream(gateway, ownsSocket: true);
        await Task.WhenAny(here.CopyToAsync(there, _end.Token), there.CopyToAsync(here, _end.Token));
    }

    /// <returns>Null when none takes it.</returns>
    private async Task<Socket?> ConnectAsync()
    {
        var first = Interlocked.Increment(ref _next);
        for (var i = 0; i < _gateways.Count; i++)
        {
            var gateway = _gateways[(int)((uint)(first + i) % (uint)_gateways.Count)];
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(gateway.Host, gateway.Port, _end.Token);
                return socket;
            }
            catch (Exception refused) when (refused is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }

        return null;
    }
}
