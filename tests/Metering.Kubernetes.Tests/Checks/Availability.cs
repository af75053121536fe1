using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>Silos and gateways have what they need to run, are spread, watched, scaled and replaced without a gap.</summary>
internal static class Availability
{
    private static readonly string[] Scaled = ["silo", "gateway"];

    internal static IEnumerable<string> Faults(Manifests manifests) =>
        manifests.Workloads.SelectMany(Resources).Concat(Scaled.SelectMany(name => Faults(manifests, name)));

    private static IEnumerable<string> Resources(Workload workload)
    {
        var (requests, limits) = (workload.Container.Resources?.Requests ?? new Dictionary<string, ResourceQuantity>(), workload.Container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>());
        if (!requests.ContainsKey("cpu"))
        {
            yield return $"{workload.Name} requests no processor.";
        }

        if (limits.ContainsKey("cpu"))
        {
            yield return $"{workload.Name} is held back by a limit on the processor.";
        }

        if (!requests.TryGetValue("memory", out var requested) || !limits.TryGetValue("memory", out var most) || requested.ToDecimal() != most.ToDecimal())
        {
            yield return $"{workload.Name} does not request all the memory that it may use.";
        }
    }

    private static IEnumerable<string> Faults(Manifests manifests, string name)
    {
        var deployment = manifests.Of<V1Deployment>().Single(each => each.Name() == name);
        var pod = deployment.Spec.Template.Spec;
        var container = pod.Containers.Single();
        var scaler = manifests.Of<V2HorizontalPodAutoscaler>().SingleOrDefault(each => each.Spec.ScaleTargetRef.Name == name)?.Spec;
        var budget = manifests.Of<V1PodDisruptionBudget>().SingleOrDefault(each => each.Spec.Selector.MatchLabels.All(label => deployment.Spec.Template.Metadata.Labels.Contains(label)))?.Spec;
        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var keys = (pod.TopologySpreadConstraints ?? []).Select(static each => each.TopologyKey).ToHashSet();
        (bool Holds, string Missing)[] rules =
        [
            (deployment.Spec.Replicas is null, "leaves the number of its pods to the autoscaler"),
            (scaler is { MinReplicas: >= 2 } && scaler.MinReplicas < scaler.MaxReplicas, "an autoscaler with room"),
            (scaler?.Metrics.Any(static metric => metric.Resource is { Name: "cpu", Target.AverageUtilization: > 0 and < 100 }) == true, "an autoscaler by processor"),
            (scaler?.Behavior?.ScaleDown?.StabilizationWindowSeconds >= 300, "a slow way down"),
            (budget is { MaxUnavailable.Value: "1", MinAvailable: null }, "a disruption budget of one"),
            (rolling is { MaxUnavailable.Value: "0" } && rolling.MaxSurge?.Value is { } surge && surge != "0", "a new pod before an old one goes"),
            (deployment.Spec.MinReadySeconds >= 30, "30 s before the next is replaced"),
            (keys.SetEquals(["kubernetes.io/hostname", "topology.kubernetes.io/zone"]), "a spread over machines and zones"),
            (pod.Affinity?.PodAntiAffinity is not null, "anti-affinity"),
            (container.StartupProbe?.HttpGet is { Path: "/healthz/live" }, "a startup probe"),
            (container.LivenessProbe?.HttpGet is { Path: "/healthz/live" }, "a liveness probe that stores cannot turn red"),
            (container.ReadinessProbe?.HttpGet is { Path: "/healthz/ready" }, "a readiness probe"),
        ];
        return rules.Where(static rule => !rule.Holds).Select(rule => $"{name} misses: {rule.Missing}.");
    }
}
