using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Metering.Cluster.Network;
using Metering.TestServers;

namespace Metering.Cluster.Processes;

/// <summary>Azurite's blob service: what stands for Azure Storage on a developer's machine.</summary>
internal sealed class AzuriteProcess : IAsyncDisposable
{
    private const string Program = "azurite-blob";

    // Azurite's well-known account: no secret.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(50);

    private AzuriteProcess(ServerProcess process, IPEndPoint address)
    {
        Process = process;
        Address = address;
    }

    public ServerProcess Process { get; }

    public IPEndPoint Address { get; }

    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://{Address}/{Account};";

    /// <summary>Why it cannot be started here; null when it can.</summary>
    public static string? WhyNot() => Find() is null ? "azurite-blob is missing (./test installs it; by hand: npm install -g azurite)." : null;

    public static AzuriteProcess Start(ClusterHost host, string directory, IReadOnlyList<string> launcher)
    {
        var address = new IPEndPoint(host.Address, FreePort.Next());
        var data = Path.Combine(directory, "azurite");
        System.IO.Directory.CreateDirectory(data);
        string[] settings =
        [
            "--location", data, "--blobHost", address.Address.ToString(), "--blobPort", address.Port.ToString(CultureInfo.InvariantCulture),
            "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl",
        ];
        var command = new ServerCommand(
            "azurite",
            [.. launcher, .. host.Prefix, Find() ?? Program, .. settings],
            new Dictionary<string, string>(),
            data,
            Path.Combine(directory, "logs", "azurite.log"));
        return new AzuriteProcess(ServerProcess.Start(command), address);
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

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private async Task<bool> ListensAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Address, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // On the path, or where ./test puts it.
    private static string? Find()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var cache = Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "metering-tests");
        return Tool.Find(Program) ?? (System.IO.Directory.Exists(cache)
            ? System.IO.Directory.EnumerateDirectories(cache).Select(folder => Path.Combine(folder, "node_modules", ".bin", Program)).FirstOrDefault(File.Exists)
            : null);
    }
}
