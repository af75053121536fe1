using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>Who reaches whom, worked out from the policies as Kubernetes does, is exactly who has to.</summary>
internal static class Network
{
    private static readonly (string From, string To, string Port)[] Needed =
    [
        ("silo", "silo", "silo"),
        ("gateway", "silo", "clients"),
        ("silo", "redis", "redis"),
        ("gateway", "redis", "redis"),
        ("silo", "azurite", "blob"),
        ("load-test", "gateway", "http"),
        ("load-test", "gateway", "grpc"),
    ];

    private static readonly (string Namespace, string Value, string To, string Port)[] NeededFromElsewhere =
    [
        ("kubernetes.io/metadata.name", "monitoring", "silo", "health"),
        ("kubernetes.io/metadata.name", "monitoring", "gateway", "metrics"),
        ("metering/caller", "allowed", "gateway", "http"),
        ("metering/caller", "allowed", "gateway", "grpc"),
    ];

    /// <summary>Ports outside the cluster, where the stores are not in it: of the Redis that the README has a secret made for, and https.</summary>
    private static readonly (string From, int Port)[] NeededOutside = [("silo", 10000), ("gateway", 10000), ("silo", 443)];

    /// <summary>Ports of the API server, where silos ask Kubernetes which pods there are.</summary>
    private static readonly (string From, int Port)[] NeededForHosting = [("silo", 443), ("silo", 6443)];

    internal static IEnumerable<string> Faults(Manifests manifests)
    {
        var policies = manifests.Of<V1NetworkPolicy>().Select(static policy => policy.Spec).ToList();
        foreach (var (from, to) in manifests.Workloads.SelectMany(from => manifests.Workloads.Select(to => (from, to))))
        {
            foreach (var port in to.Container.Ports ?? [])
            {
                var isNeeded = Needed.Contains((from.Name, to.Name, port.Name));
                var isAllowed = MaySend(policies, from, to, port.ContainerPort) && MayTake(policies, to, port.ContainerPort, peer => Fits(peer.PodSelector, from) && peer.NamespaceSelector is null);
                if (isNeeded != isAllowed)
                {
                    yield return isNeeded ? $"{from.Name} does not reach {to.Name} at {port.Name}." : $"{from.Name} reaches {to.Name} at {port.Name}, and need not.";
                }
            }
        }

        foreach (var (workload, way) in manifests.Workloads.SelectMany(static workload => new[] { (workload, "Ingress"), (workload, "Egress") }))
        {
            if (!policies.Any(policy => Applies(policy, workload, way)))
            {
                yield return $"{workload.Name} is under no policy of {way}, so all of it is allowed.";
            }
        }

        foreach (var to in manifests.Workloads)
        {
            foreach (var (port, label) in (to.Container.Ports ?? []).SelectMany(port => NeededFromElsewhere.Select(static each => (each.Namespace, each.Value)).Append(("", "")).Distinct().Select(label => (port, label))))
            {
                var isNeeded = NeededFromElsewhere.Contains((label.Item1, label.Item2, to.Name, port.Name));
                var isAllowed = MayTake(policies, to, port.ContainerPort, peer => peer.PodSelector is null && FitsNamespace(peer.NamespaceSelector, label));
                if (isNeeded != isAllowed)
                {
                    var who = label.Item1.Length == 0 ? "Any namespace" : $"A namespace with {label.Item1}={label.Item2}";
                    yield return isNeeded ? $"{who} does not reach {to.Name} at {port.Name}." : $"{who} reaches {to.Name} at {port.Name}, and need not.";
                }
            }
        }

        foreach (var fault in Outside(manifests, policies))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> Outside(Manifests manifests, List<V1NetworkPolicySpec> policies)
    {
        var hasStores = manifests.Workloads.Any(static workload => workload.Name == "redis");
        var outside = (hasStores ? [] : NeededOutside).Concat(Rights.AsksKubernetes(manifests.WorkloadOf("silo")) ? NeededForHosting : []).ToList();
        foreach (var from in manifests.Workloads)
        {
            if (!EgressOf(policies, from).Any(static rule => rule.To is not { Count: > 0 } && rule.Ports.Any(static port => port is { Port.Value: "53", Protocol: "UDP" })))
            {
                yield return $"{from.Name} cannot ask for names.";
            }

            var open = EgressOf(policies, from).Where(static rule => rule.To?.Any(static peer => peer.IpBlock is not null) == true).SelectMany(static rule => rule.Ports).Select(static port => int.Parse(port.Port.Value, System.Globalization.CultureInfo.InvariantCulture));
            var needed = outside.Where(each => each.From == from.Name).Select(static each => each.Port).Distinct();
            if (!open.Distinct().Order().SequenceEqual(needed.Order()))
            {
                yield return $"{from.Name} reaches the ports {string.Join(' ', open)} outside, and needs {string.Join(' ', needed)}.";
            }
        }
    }

    private static bool MaySend(List<V1NetworkPolicySpec> policies, Workload from, Workload to, int port)
    {
        var isFree = !policies.Any(policy => Applies(policy, from, "Egress"));
        return isFree || EgressOf(policies, from).Any(rule =>
            (rule.To is not { Count: > 0 } || rule.To.Any(peer => Fits(peer.PodSelector, to) && peer.NamespaceSelector is null)) && FitsPort(rule.Ports, to, port));
    }

    private static bool MayTake(List<V1NetworkPolicySpec> policies, Workload to, int port, Func<V1NetworkPolicyPeer, bool> isCaller)
    {
        var applying = policies.Where(policy => Applies(policy, to, "Ingress")).ToList();
        return applying.Count == 0 || applying.SelectMany(static policy => policy.Ingress ?? []).Any(rule =>
            (rule.FromProperty is not { Count: > 0 } || rule.FromProperty.Any(isCaller)) && FitsPort(rule.Ports, to, port));
    }

    private static IEnumerable<V1NetworkPolicyEgressRule> EgressOf(List<V1NetworkPolicySpec> policies, Workload from) =>
        policies.Where(policy => Applies(policy, from, "Egress")).SelectMany(static policy => policy.Egress ?? []);

    private static bool Applies(V1NetworkPolicySpec policy, Workload workload, string way) => policy.PolicyTypes.Contains(way) && Fits(policy.PodSelector, workload);

    private static bool Fits(V1LabelSelector? selector, Workload workload) =>
        selector is { MatchExpressions: null } && (selector.MatchLabels ?? new Dictionary<string, string>()).All(label => workload.Labels.Contains(label));

    private static bool FitsNamespace(V1LabelSelector? selector, (string Name, string Value) label) =>
        selector is not null && (selector.MatchLabels is not { Count: > 0 } labels || labels.SequenceEqual([KeyValuePair.Create(label.Name, label.Value)]));

    private static bool FitsPort(IList<V1NetworkPolicyPort>? ports, Workload to, int port) =>
        ports is not { Count: > 0 } || ports.Any(each => each.Protocol is null or "TCP" && to.Port(each.Port) == port);
}
