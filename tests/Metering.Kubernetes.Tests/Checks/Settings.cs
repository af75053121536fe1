using k8s.Models;
using Metering.Contracts.Settings;
using Metering.Gateway;
using Metering.Kubernetes.Tests.Building;
using Metering.Silo;
using Microsoft.Extensions.Configuration;
using Orleans.Hosting.Kubernetes;
using StackExchange.Redis;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>The environment of silos and gateways, read by the processes' own code: it takes every name and value, and fits what Kubernetes is told.</summary>
internal static class Settings
{
    /// <summary>What the processes read besides their own settings.</summary>
    private static readonly string[] OtherNames = ["POD_IP", "POD_NAME", "POD_NAMESPACE", "Logging__", "DOTNET_", "OTEL_"];

    /// <summary>What may pass between the end of a stop and the kill, so that the stop decides when it ends.</summary>
    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(5);

    internal static IEnumerable<string> Faults(Manifests manifests)
    {
        var silo = manifests.WorkloadOf("silo");
        var gateway = manifests.WorkloadOf("gateway");
        List<string> faults = [.. UnknownNames(silo), .. UnknownNames(gateway)];
        SiloSettings siloSettings;
        GatewaySettings gatewaySettings;
        try
        {
            siloSettings = SiloSettings.From(Configuration(manifests, silo));
            gatewaySettings = GatewaySettings.From(Configuration(manifests, gateway));
        }
        catch (SettingsException refused)
        {
            return [.. faults, $"A process would refuse to start: {refused.Message}"];
        }

        Port(faults, silo, "silo", siloSettings.SiloPort);
        Port(faults, silo, "clients", siloSettings.ClientPort);
        Port(faults, silo, "health", siloSettings.HealthPort);
        Port(faults, gateway, "http", gatewaySettings.HttpPort);
        Port(faults, gateway, "grpc", gatewaySettings.GrpcPort);
        Port(faults, gateway, "metrics", gatewaySettings.Access.MetricsPort);
        Grace(faults, silo, siloSettings.ShutdownTimeout);
        Grace(faults, gateway, gatewaySettings.ShutdownTimeout);
        if (Identity(siloSettings.Cluster) != Identity(gatewaySettings.Cluster))
        {
            faults.Add("Silos and gateways are not of the same cluster.");
        }

        foreach (var (label, value) in new[] { (KubernetesHostingOptions.ServiceIdLabel, siloSettings.Cluster.ServiceId), (KubernetesHostingOptions.ClusterIdLabel, siloSettings.Cluster.ClusterId) })
        {
            if (!silo.Labels.TryGetValue(label, out var found) || found != value)
            {
                faults.Add($"The label {label} of silos is '{found}', and they are of '{value}'.");
            }
        }

        if (siloSettings.AdvertisedAddress.ToString() != Environments.PodAddress)
        {
            faults.Add($"A silo advertises {siloSettings.AdvertisedAddress}, not the address of its pod.");
        }

        if (!gatewaySettings.Address.Equals(System.Net.IPAddress.Any))
        {
            faults.Add($"A gateway listens on {gatewaySettings.Address} only.");
        }

        if (manifests.Of<V2HorizontalPodAutoscaler>().Single(static each => each.Spec.ScaleTargetRef.Name == "silo").Spec.MaxReplicas is var most && most > siloSettings.Partitions)
        {
            faults.Add($"{most} silos share {siloSettings.Partitions} partitions: some would own nothing.");
        }

        return [.. faults, .. RedisFaults(manifests, siloSettings)];
    }

    private static IConfiguration Configuration(Manifests manifests, Workload workload) => new ConfigurationBuilder()
        .AddInMemoryCollection(Environments.Of(manifests, workload).Select(static each => KeyValuePair.Create(each.Key.Replace("__", ":", StringComparison.Ordinal), (string?)each.Value)))
        .Build();

    private static IEnumerable<string> UnknownNames(Workload workload) => workload.Container.Env
        .Where(static each => !each.Name.StartsWith("Metering__", StringComparison.Ordinal) && !OtherNames.Any(other => each.Name.StartsWith(other, StringComparison.Ordinal)))
        .Select(each => $"{workload.Name}: nothing reads {each.Name}.");

    private static void Port(List<string> faults, Workload workload, string name, int port)
    {
        if (workload.Port(name) != port)
        {
            faults.Add($"{workload.Name}: the port {name} is {workload.Port(name)}, and the process listens on {port}.");
        }
    }

    private static void Grace(List<string> faults, Workload workload, TimeSpan shutdown)
    {
        var grace = TimeSpan.FromSeconds(workload.Pod.TerminationGracePeriodSeconds ?? 30);
        var pause = TimeSpan.FromSeconds(workload.Container.Lifecycle?.PreStop?.Sleep?.Seconds ?? 0);
        if (grace < pause + shutdown + Spare)
        {
            faults.Add($"{workload.Name} is killed after {grace}, and its stop may take {pause + shutdown}.");
        }
    }

    private static (string, string, string) Identity(ClusterSettings cluster) => (cluster.ClusterId, cluster.ServiceId, cluster.Redis);

    /// <summary>A Redis that comes along has room for all partitions at their limits (a log ends where both snapshots and ledger have come to), and a fifth for what the allocator rounds up.</summary>
    private static IEnumerable<string> RedisFaults(Manifests manifests, SiloSettings settings)
    {
        if (manifests.Workloads.SingleOrDefault(static each => each.Name == "redis") is not { } redis)
        {
            yield break;
        }

        var arguments = redis.Container.Args;
        var room = Megabytes(arguments[arguments.IndexOf("--maxmemory") + 1]);
        var longest = settings.Ledger == LedgerPlace.Off ? settings.Keeping.MaxTailBytes : Math.Max(settings.Keeping.MaxTailBytes, settings.Archiving.MaxArchiveBacklogBytes);
        var needed = settings.Partitions * longest * 6 / 5;
        if (room < needed)
        {
            yield return $"Redis has room for {room} bytes, and the partitions may need {needed}.";
        }

        if (redis.Container.Resources.Limits["memory"].ToInt64() < room * 2)
        {
            yield return "Redis may need twice its room while it rewrites its file.";
        }

        if (ConfigurationOptions.Parse(settings.Cluster.Redis).EndPoints.Single() is not System.Net.DnsEndPoint { Host: "redis" } address || address.Port != redis.Port("redis"))
        {
            yield return "The processes are told another address than this Redis has.";
        }
    }

    private static long Megabytes(string size) => long.Parse(size[..^2], System.Globalization.CultureInfo.InvariantCulture) << 20;
}
