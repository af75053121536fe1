using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Metering.Cluster.Network;
using Metering.TestServers;

namespace Metering.Cluster.Processes;

/// <summary>Redis with its append-only file: membership and journal.</summary>
internal sealed class RedisProcess : IAsyncDisposable
{
    private const string Program = "redis-server";
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(20);

    private readonly string _directory;

    private RedisProcess(ServerProcess process, string directory, IPEndPoint address)
    {
        Process = process;
        _directory = directory;
        Address = address;
    }

    public ServerProcess Process { get; }

    public IPEndPoint Address { get; }

    /// <summary>As StackExchange.Redis reads it. Goes on trying when Redis is away at the start.</summary>
    public string ConnectionString => $"{Address},abortConnect=false";

    public static RedisProcess Start(ClusterHost host, string directory, string appendFsync, IReadOnlyList<string> launcher)
    {
        var address = new IPEndPoint(host.Address, FreePort.Next());
        var data = Path.Combine(directory, "redis");
        System.IO.Directory.CreateDirectory(data);
        string[] settings =
        [
            "--port", address.Port.ToString(CultureInfo.InvariantCulture), "--bind", address.Address.ToString(), "--protected-mode", "no",
            "--dir", data, "--appendonly", "yes", "--appendfsync", appendFsync, "--maxmemory-policy", "noeviction", "--save", "",

            // A rewrite at a bad moment makes timings differ between runs.
            "--auto-aof-rewrite-percentage", "0",
        ];
        var command = new ServerCommand(
            "redis", [.. launcher, .. host.Prefix, Program, .. settings], new Dictionary<string, string>(), data, Path.Combine(directory, "logs", "redis.log"));
        return new RedisProcess(ServerProcess.Start(command), data, address);
    }

    /// <summary>Done when it answers a ping.</summary>
    public async Task WaitReadyAsync(CancellationToken cancellationToken)
    {
        using var probes = new PeriodicTimer(ProbeInterval);
        while (!await AnswersAsync(cancellationToken))
        {
            if (Process.HasExited)
            {
                throw new InvalidOperationException($"Redis ended before it was ready: {Process.Tail(5)}");
            }

            await probes.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>What it keeps.</summary>
    public DataFiles Files => new(_directory);

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Address, cancellationToken);
            await using var stream = client.GetStream();
            await stream.WriteAsync("PING\r\n"u8.ToArray(), cancellationToken);
            var answer = new byte[7];
            await stream.ReadExactlyAsync(answer, cancellationToken);
            return answer.AsSpan().SequenceEqual("+PONG\r\n"u8);
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return false;
        }
    }
}
