using System.Net;
using System.Net.Sockets;
using Metering.Cluster.Network;
using Metering.TestServers;

namespace Metering.Cluster.Processes;

/// <summary>Azurite's blob service: what stands for Azure Storage on a developer's machine.</summary>
internal sealed class AzuriteProcess : IAsyncDisposable
{
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(50);

    private readonly string _directory;

    private AzuriteProcess(ServerProcess process, string directory, IPEndPoint address)
    {
        Process = process;
        _directory = directory;
        Address = address;
    }

    public ServerProcess Process { get; }

    public IPEndPoint Address { get; }

    public string ConnectionString => AzuriteServer.ConnectionStringOf(Address);

    public static AzuriteProcess Start(ClusterHost host, string directory, bool isDurable, IReadOnlyList<string> launcher)
    {
        var address = new IPEndPoint(host.Address, FreePort.Next());
        var data = Path.Combine(directory, "azurite");
        System.IO.Directory.CreateDirectory(data);

        var command = new ServerCommand(
            "azurite",
            [.. launcher, .. host.Prefix, .. AzuriteServer.Command(data, address.Address, address.Port, isDurable)],
            new Dictionary<string, string>(),
            data,
            Path.Combine(directory, "logs", "azurite.log"));
        return new AzuriteProcess(ServerProcess.Start(command), data, address);
    }

    /// <summary>Done when it takes connections.</summary>
    public async Task WaitReadyAsync(CancellationToken cancellationToken)
    {
        using var probes = new PeriodicTimer(ProbeInterval);
        while (!await ListensAsync(cancellationToken))
        {
            if (Process.HasExited)
            {
                throw new InvalidOperationException($"Azurite ended before it was ready: {Process.Tail(5)}");
            }

            await probes.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>What it keeps.</summary>
    public DataFiles Files => new(_directory);

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private async Task<bool> ListensAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Address, cancellationToken);

            // While nobody listens on a port that connections take for themselves, one can be connected to itself.
            return !Address.Equals(client.Client.LocalEndPoint);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
