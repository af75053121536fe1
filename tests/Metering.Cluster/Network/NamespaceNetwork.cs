using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Metering.Cluster.Processes;

namespace Metering.Cluster.Network;

/// <summary>
/// A network namespace for each host, all joined by one bridge in the namespace this program runs in. A link is cut by giving each side a false
/// hardware address of the other: packets leave and arrive nowhere, as on a network that drops them, and nobody gets an error. A host is unplugged
/// by taking its cable out of the bridge. Needs root and the <c>ip</c> tool, and no firewall. Names are random, so that several networks can exist.
/// </summary>
internal sealed class NamespaceNetwork : ClusterNetwork
{
    private const string NoSuchHardware = "02:00:00:00:00:01";
    private const int FirstHost = 11;

    private readonly string _id;
    private readonly string _subnet;
    private readonly string _bridge;
    private readonly List<string> _namespaces = [];
    private readonly Lock _gate = new();
    private int _hosts;

    private NamespaceNetwork(string id, string subnet)
    {
        _id = id;
        _subnet = subnet;
        _bridge = $"mt{id}br";
        Home = new ClusterHost("home", IPAddress.Parse($"{subnet}.1"), []);
    }

    public override ClusterHost Home { get; }

    public override bool CanCut => true;

    public static bool HasTool => Tool.Find("ip") is not null;

    /// <summary>Makes it; null, with the reason, where that is not possible.</summary>
    public static async Task<(NamespaceNetwork? Network, string Reason)> TryCreateAsync()
    {
        if (!HasTool)
        {
            return (null, "Cutting links needs the ip tool (Debian: apt-get install iproute2).");
        }

        var id = RandomNumberGenerator.GetHexString(4, lowercase: true);
        var subnet = string.Create(CultureInfo.InvariantCulture, $"10.{RandomNumberGenerator.GetInt32(100, 250)}.{RandomNumberGenerator.GetInt32(0, 256)}");
        var network = new NamespaceNetwork(id, subnet);
        try
        {
            await IpAsync("link", "add", network._bridge, "type", "bridge");
            await IpAsync("address", "add", $"{subnet}.1/24", "dev", network._bridge);
            await IpAsync("link", "set", network._bridge, "up");

            // Whether a namespace can be made shows only now.
            await network.AddHostAsync("probe");
            return (network, "");
        }
        catch (InvalidOperationException failure)
        {
            await network.DisposeAsync();
            return (null, $"Cutting links needs root (or CAP_NET_ADMIN and CAP_SYS_ADMIN): {failure.Message}");
        }
    }

    public override async Task<ClusterHost> AddHostAsync(string name)
    {
        var number = Interlocked.Increment(ref _hosts);
        var space = $"mt{_id}{name}";
        var host = new ClusterHost(
            name,
            IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"{_subnet}.{FirstHost + number}")),
            ["ip", "netns", "exec", space]);
        await IpAsync("netns", "add", space);
        lock (_gate)
        {
            _namespaces.Add(space);
        }

        var cable = Cable(host);
        await IpAsync("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space);
        await IpAsync("link", "set", cable, "master", _bridge, "up");
        await IpAsync("-netns", space, "address", "add", $"{host.Address}/24", "dev", "eth0");
        await IpAsync("-netns", space, "link", "set", "eth0", "up");
        await IpAsync("-netns", space, "link", "set", "lo", "up");
        return host;
    }

    public override async Task CutAsync(ClusterHost one, ClusterHost other)
    {
        await MisleadAsync(one, other);
        await MisleadAsync(other, one);
    }

    public override async Task HealAsync(ClusterHost one, ClusterHost other)
    {
        await CorrectAsync(one, other);
        await CorrectAsync(other, one);
    }

    public override Task UnplugAsync(ClusterHost host) => IpAsync("link", "set", Cable(host), "nomaster");

    public override Task PlugInAsync(ClusterHost host) => IpAsync("link", "set", Cable(host), "master", _bridge);

    /// <summary>Removes everything it made. Safe after a failure half way.</summary>
    public override async ValueTask DisposeAsync()
    {
        List<string> spaces;
        lock (_gate)
        {
            spaces = [.. _namespaces];
            _namespaces.Clear();
        }

        foreach (var space in spaces)
        {
            // Its end of the cable goes with it, and so does the other end.
            await Tool.RunAsync("ip", ["netns", "delete", space]);
        }

        await Tool.RunAsync("ip", ["link", "delete", _bridge]);
    }

    private string Cable(ClusterHost host) => $"mt{_id}{host.Address.GetAddressBytes()[3].ToString(CultureInfo.InvariantCulture)}";

    private Task MisleadAsync(ClusterHost host, ClusterHost about) =>
        IpAsync([.. In(host), "neighbour", "replace", about.Address.ToString(), "lladdr", NoSuchHardware, "dev", Device(host), "nud", "permanent"]);

    private Task CorrectAsync(ClusterHost host, ClusterHost about) =>
        IpAsync([.. In(host), "neighbour", "delete", about.Address.ToString(), "dev", Device(host)]);

    private static IEnumerable<string> In(ClusterHost host) => host.Prefix.Count == 0 ? [] : ["-netns", host.Prefix[^1]];

    private string Device(ClusterHost host) => host.Prefix.Count == 0 ? _bridge : "eth0";

    private static Task IpAsync(params string[] arguments) => Tool.RequireAsync("ip", arguments);
}
