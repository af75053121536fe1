using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>Pods are what the standard "restricted" allows, and a little less: nothing of the image is written to, and it is said whether a token of the API lies in them.</summary>
internal static class PodSecurity
{
    internal static IEnumerable<string> Faults(Manifests manifests)
    {
        if (manifests.Of<V1Namespace>().Any(static space => !space.Labels().Contains(KeyValuePair.Create("pod-security.kubernetes.io/enforce", "restricted"))))
        {
            yield return "The namespace lets in pods that are not restricted.";
        }

        foreach (var workload in manifests.Workloads)
        {
            foreach (var missing in Missing(workload.Pod, workload.Container))
            {
                yield return $"{workload.Name}: {missing}.";
            }
        }
    }

    private static IEnumerable<string> Missing(V1PodSpec pod, V1Container container)
    {
        (bool Holds, string Missing)[] rules =
        [
            (pod.SecurityContext?.RunAsNonRoot == true, "runAsNonRoot"),
            (pod.SecurityContext?.RunAsUser > 0, "a user other than root"),
            (pod.SecurityContext?.SeccompProfile?.Type == "RuntimeDefault", "the seccomp profile of the runtime"),
            (pod.AutomountServiceAccountToken is not null, "automountServiceAccountToken: false, or true where there are rights"),
            (pod.HostNetwork != true && pod.HostPID != true && pod.HostIPC != true, "namespaces of its own"),
            (pod.InitContainers is not { Count: > 0 }, "no container that is not looked at here"),
            ((pod.Volumes ?? []).All(static volume => volume.HostPath is null), "no folder of the node"),
            ((pod.Volumes ?? []).All(static volume => volume.EmptyDir is null || volume.EmptyDir.SizeLimit is not null), "a bound on what it writes to an emptyDir"),
            (container.SecurityContext?.AllowPrivilegeEscalation == false, "allowPrivilegeEscalation: false"),
            (container.SecurityContext?.ReadOnlyRootFilesystem == true, "readOnlyRootFilesystem"),
            (container.SecurityContext?.Privileged != true, "no privileges"),
            (container.SecurityContext?.Capabilities is { Add: null, Drop: ["ALL"] }, "capabilities: drop ALL"),
            ((container.Ports ?? []).All(static port => port.HostPort is null), "no port of the node"),
        ];
        return rules.Where(static rule => !rule.Holds).Select(static rule => rule.Missing);
    }
}
