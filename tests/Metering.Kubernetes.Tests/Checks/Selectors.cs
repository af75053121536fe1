using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>Every selector finds what it is for.</summary>
internal static class Selectors
{
    internal static IEnumerable<string> Faults(Manifests manifests)
    {
        foreach (var workload in manifests.Workloads)
        {
            if (workload.Selector is { } selector && !manifests.Selected(selector).SequenceEqual([workload]))
            {
                yield return $"{workload.Name}: its selector does not fit its own pods and no others.";
            }

            foreach (var near in NearOf(workload).Where(near => !manifests.Selected(near.MatchLabels).SequenceEqual([workload])))
            {
                yield return $"{workload.Name} is kept away from, or spread among, others than its own: {string.Join(' ', near.MatchLabels.Values)}.";
            }
        }

        foreach (var service in manifests.Of<V1Service>())
        {
            var pods = manifests.Selected(service.Spec.Selector).ToList();
            foreach (var port in service.Spec.Ports.Where(port => pods.Count == 0 || pods.Any(pod => pod.Port(port.TargetPort) is null)))
            {
                yield return $"The service {service.Name()} leads port {port.Name} to nothing.";
            }
        }

        foreach (var budget in manifests.Of<V1PodDisruptionBudget>().Where(budget => manifests.Selected(budget.Spec.Selector.MatchLabels).Count() != 1))
        {
            yield return $"The disruption budget {budget.Name()} is not for one workload.";
        }

        foreach (var policy in manifests.Of<V1NetworkPolicy>())
        {
            foreach (var selector in SelectorsOf(policy).Where(selector => selector.MatchLabels is { Count: > 0 } labels && !manifests.Selected(labels).Any()))
            {
                yield return $"The network policy {policy.Name()} speaks of {string.Join(' ', selector.MatchLabels.Values)}, which is not there.";
            }
        }

        foreach (var monitor in manifests.Of<ServiceMonitor>())
        {
            var services = manifests.Of<V1Service>().Where(service => monitor.Spec.Selector.MatchLabels.All(label => service.Labels()?.Contains(label) == true)).ToList();
            if (services.Count != 1 || monitor.Spec.Endpoints.Any(endpoint => services[0].Spec.Ports.All(port => port.Name != endpoint.Port)))
            {
                yield return $"The service monitor {monitor.Name()} finds no port to scrape.";
            }
        }
    }

    private static IEnumerable<V1LabelSelector> NearOf(Workload workload) =>
        (workload.Pod.Affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(static term => term.PodAffinityTerm.LabelSelector)
        .Concat((workload.Pod.TopologySpreadConstraints ?? []).Select(static constraint => constraint.LabelSelector));

    private static IEnumerable<V1LabelSelector> SelectorsOf(V1NetworkPolicy policy) =>
        (policy.Spec.Ingress ?? []).SelectMany(static rule => rule.FromProperty ?? [])
        .Concat((policy.Spec.Egress ?? []).SelectMany(static rule => rule.To ?? []))
        .Select(static peer => peer.PodSelector)
        .Prepend(policy.Spec.PodSelector)
        .OfType<V1LabelSelector>();
}
