using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>Who asks Kubernetes has the right to, for what Orleans' hosting asks and no more; nobody else has any, nor a token.</summary>
internal static class Rights
{
    private static readonly string[] Asked = ["get", "list", "watch"];

    internal static bool AsksKubernetes(Workload workload) => workload.Container.Env?.Any(static each => each is { Name: "Metering__KubernetesHosting", Value: "true" }) == true;

    internal static IEnumerable<string> Faults(Manifests manifests)
    {
        var bindings = manifests.Of<V1RoleBinding>().ToList();
        foreach (var workload in manifests.Workloads)
        {
            var hasToken = workload.Pod.AutomountServiceAccountToken != false;
            if (hasToken != AsksKubernetes(workload))
            {
                yield return hasToken ? $"{workload.Name} has a token, and asks Kubernetes nothing." : $"{workload.Name} asks Kubernetes, and has no token.";
            }

            if (AsksKubernetes(workload) && !bindings.Any(binding => binding.Subjects.Any(subject => subject.Name == workload.Pod.ServiceAccountName)))
            {
                yield return $"{workload.Name} asks Kubernetes, and has no right to.";
            }
        }

        var asking = manifests.Workloads.Where(AsksKubernetes).Select(static workload => workload.Pod.ServiceAccountName).ToHashSet();
        foreach (var binding in bindings)
        {
            if (binding.RoleRef is not { Kind: "Role", ApiGroup: "rbac.authorization.k8s.io" } || manifests.Of<V1Role>().All(role => role.Name() != binding.RoleRef.Name))
            {
                yield return $"The binding {binding.Name()} is of {binding.RoleRef.Name}, which is no role here.";
            }

            foreach (var subject in binding.Subjects.Where(subject => subject is not { Kind: "ServiceAccount" } || !asking.Contains(subject.Name) || subject.NamespaceProperty != Environments.Namespace(manifests)))
            {
                yield return $"The binding {binding.Name()} is for {subject.Name} of {subject.NamespaceProperty}, which asks nothing.";
            }
        }

        foreach (var (role, rule) in manifests.Of<V1Role>().SelectMany(static role => role.Rules.Select(rule => (role, rule))))
        {
            if (!rule.ApiGroups.SequenceEqual([""]) || !rule.Resources.SequenceEqual(["pods"]) || !rule.Verbs.Order().SequenceEqual(Asked))
            {
                yield return $"The role {role.Name()} grants {string.Join(' ', rule.Verbs.Order())} of {string.Join(' ', rule.Resources)}, and what is asked is {string.Join(' ', Asked)} of pods.";
            }
        }
    }
}
