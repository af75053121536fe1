using System.Globalization;
using System.Net;
using System.Text.Json;
using Metering.Cluster.Network;
using Metering.TestServers;

namespace Metering.Cluster.Processes;

/// <summary>A silo.</summary>
internal sealed class SiloProcess(ServerProcess process, ClusterHost host, IPEndPoint address, Uri health) : IAsyncDisposable
{
    public ServerProcess Process => process;

    public ClusterHost Host => host;

    /// <summary>Where other silos reach it; its name in the membership, without the generation.</summary>
    public IPEndPoint Address => address;

    public Uri Health => health;

    public string Name => process.Name;

    public static SiloProcess Start(string name, ClusterHost host, string directory, IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> launcher)
    {
        var address = new IPEndPoint(host.Address, FreePort.Next());
        var healthPort = FreePort.Next();
        var all = new Dictionary<string, string>(settings)
        {
            ["AdvertisedAddress"] = host.Address.ToString(),
            ["SiloPort"] = address.Port.ToString(CultureInfo.InvariantCulture),
            ["ClientPort"] = FreePort.Next().ToString(CultureInfo.InvariantCulture),
            ["HealthPort"] = healthPort.ToString(CultureInfo.InvariantCulture),
        };
        var process = ServerProcess.Start(Role.Command("Metering.Silo", name, host, directory, all, launcher));
        return new SiloProcess(process, host, address, new Uri($"http://{host.Address}:{healthPort}"));
    }

    public Task WaitReadyAsync(CancellationToken cancellationToken) => Role.WaitReadyAsync(process, health, cancellationToken);

    /// <summary>What it says of itself: <c>ready</c>, <c>degraded</c>, <c>not_ready</c>, and why; <c>silent</c> when it does not answer.</summary>
    public Task<(string Status, string Reasons)> ReadHealthAsync() => Role.ReadHealthAsync(health);

    public ValueTask DisposeAsync() => process.DisposeAsync();
}

/// <summary>A gateway.</summary>
internal sealed class GatewayProcess(ServerProcess process, ClusterHost host, Uri http, Uri grpc) : IAsyncDisposable
{
    /// <summary>What all callers here send. Only gateways that others can reach ask for it.</summary>
    public const string AdminKey = "the-admin-key-of-clusters-under-test";

    public ServerProcess Process => process;

    public ClusterHost Host => host;

    public Uri Http => http;

    public Uri Grpc => grpc;

    public string Name => process.Name;

    public static GatewayProcess Start(string name, ClusterHost host, string directory, IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> launcher)
    {
        var (httpPort, grpcPort) = (FreePort.Next(), FreePort.Next());
        var all = new Dictionary<string, string>(settings)
        {
            ["Address"] = host.Address.ToString(),
            ["HttpPort"] = httpPort.ToString(CultureInfo.InvariantCulture),
            ["GrpcPort"] = grpcPort.ToString(CultureInfo.InvariantCulture),
        };
        if (!IPAddress.IsLoopback(host.Address))
        {
            all["AdminKey"] = AdminKey;
        }

        var process = ServerProcess.Start(Role.Command("Metering.Gateway", name, host, directory, all, launcher));
        return new GatewayProcess(process, host, new Uri($"http://{host.Address}:{httpPort}"), new Uri($"http://{host.Address}:{grpcPort}"));
    }

    public Task WaitReadyAsync(CancellationToken cancellationToken) => Role.WaitReadyAsync(process, http, cancellationToken);

    public ValueTask DisposeAsync() => process.DisposeAsync();
}

/// <summary>What silos and gateways have in common: built beside this program, set through the environment, asked for their health over HTTP.</summary>
file static class Role
{
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    public static ServerCommand Command(
        string program, string name, ClusterHost host, string directory, IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> launcher) => new(
            name,
            [.. launcher, .. host.Prefix, Dotnet(), Path.Combine(AppContext.BaseDirectory, $"{program}.dll")],
            settings.ToDictionary(setting => $"Metering__{setting.Key}", setting => setting.Value),
            AppContext.BaseDirectory,
            Path.Combine(directory, "logs", $"{name}.log"));

    public static async Task WaitReadyAsync(ServerProcess process, Uri address, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = ProbeTimeout };
        using var probes = new PeriodicTimer(ProbeInterval);
        while (!await IsReadyAsync(http, cancellationToken))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"{process.Name} ended before it was ready: {process.Tail(5)}");
            }

            await probes.WaitForNextTickAsync(cancellationToken);
        }
    }

    public static async Task<(string Status, string Reasons)> ReadHealthAsync(Uri address)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = ProbeTimeout };
        try
        {
            using var response = await http.GetAsync(new Uri("/healthz/ready", UriKind.Relative));
            var body = JsonElement.Parse(await response.Content.ReadAsStringAsync());
            return (body.GetProperty("status").GetString()!, string.Join(' ', body.GetProperty("reasons").EnumerateArray().Select(static reason => reason.GetString())));
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            return ("silent", failure.Message);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(new Uri("/healthz/ready", UriKind.Relative), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private static string Dotnet() => Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : Tool.Find("dotnet") ?? "dotnet";
}
