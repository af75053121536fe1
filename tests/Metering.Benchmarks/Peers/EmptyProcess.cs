using System.Diagnostics;
using System.Net.Sockets;
using Metering.TestServers;

namespace Metering.Benchmarks.Peers;

/// <summary>The <see cref="EmptyServer"/>, running.</summary>
internal sealed class EmptyProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(50);
    private readonly Process _process;

    private EmptyProcess(int httpPort, int grpcPort)
    {
        HttpAddress = new Uri($"http://127.0.0.1:{httpPort}");
        GrpcAddress = new Uri($"http://127.0.0.1:{grpcPort}");
        _process = EmptyServer.Start(httpPort, grpcPort);
    }

    public Uri HttpAddress { get; }

    public Uri GrpcAddress { get; }

    public int ProcessId => _process.Id;

    public static async Task<EmptyProcess> StartAsync(CancellationToken cancellationToken)
    {
        var server = new EmptyProcess(FreePort.Next(), FreePort.Next());
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using var probe = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await probe.ConnectAsync(server.GrpcAddress.Host, server.GrpcAddress.Port, cancellationToken);
                return server;
            }
            catch (SocketException) when (clock.Elapsed < StartTimeout && !server._process.HasExited)
            {
                await Task.Delay(ProbeInterval, cancellationToken);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }
}
