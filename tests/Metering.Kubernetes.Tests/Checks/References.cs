using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>Whatever an object names is there: secrets and their keys, accounts, volumes, ports, and what budgets and autoscalers are for.</summary>
internal static class References
{
    internal static IEnumerable<string> Faults(Manifests manifests) =>
        manifests.Workloads.SelectMany(workload => Faults(manifests, workload))
            .Concat(manifests.Of<V2HorizontalPodAutoscaler>().Where(each => !IsThere(manifests, each.Spec.ScaleTargetRef)).Select(static each => $"The autoscaler {each.Name()} scales nothing."))
            .Concat(manifests.Objects.GroupBy(static each => (each.Kind, each.Name())).Where(static same => same.Count() > 1).Select(static same => $"{same.Key} is there {same.Count()} times."));

    private static IEnumerable<string> Faults(Manifests manifests, Workload workload)
    {
        foreach (var variable in workload.Container.Env ?? [])
        {
            if (variable.ValueFrom?.SecretKeyRef is { } secret && !IsThere(manifests, secret))
            {
                yield return $"{workload.Name}: the secret {secret.Name} with {secret.Key} is neither here nor made by a command of the README.";
            }

            if (variable.ValueFrom?.ConfigMapKeyRef is { } map && manifests.Of<V1ConfigMap>().All(each => each.Name() != map.Name || each.Data?.ContainsKey(map.Key) != true))
            {
                yield return $"{workload.Name}: the config map {map.Name} has no {map.Key}.";
            }
        }

        if (workload.Pod.ServiceAccountName is { } account && manifests.Of<V1ServiceAccount>().All(each => each.Name() != account))
        {
            yield return $"{workload.Name}: there is no service account {account}.";
        }

        var volumes = (workload.Pod.Volumes ?? []).Select(static volume => volume.Name).Concat(workload.Claims).ToHashSet();
        foreach (var mount in (workload.Container.VolumeMounts ?? []).Where(mount => !volumes.Contains(mount.Name)))
        {
            yield return $"{workload.Name}: there is no volume {mount.Name}.";
        }

        foreach (var port in Probed(workload.Container).Where(port => workload.Port(port) is null))
        {
            yield return $"{workload.Name}: a probe asks the port {port.Value}, which it does not have.";
        }
    }

    private static IEnumerable<IntOrString> Probed(V1Container container) => new[] { container.StartupProbe, container.LivenessProbe, container.ReadinessProbe }
        .Select(static probe => probe?.HttpGet?.Port ?? probe?.TcpSocket?.Port)
        .OfType<IntOrString>();

    private static bool IsThere(Manifests manifests, V2CrossVersionObjectReference target) =>
        manifests.Objects.Any(each => each.Kind == target.Kind && each.ApiVersion == target.ApiVersion && each.Name() == target.Name);

    private static bool IsThere(Manifests manifests, V1SecretKeySelector key) =>
        manifests.Of<V1Secret>().SingleOrDefault(each => each.Name() == key.Name) is { } secret
            ? secret.StringData?.ContainsKey(key.Key) == true || secret.Data?.ContainsKey(key.Key) == true
            : OperatorsGuide.MakesSecret(key.Name, key.Key);
}
