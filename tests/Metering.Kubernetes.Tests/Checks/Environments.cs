using System.Text;
using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>What Kubernetes makes of a container's environment.</summary>
internal static class Environments
{
    /// <summary>What every pod is told to be its address here.</summary>
    internal const string PodAddress = "10.1.2.3";

    /// <summary>What every pod is told to be its name here, which begins with that of its workload.</summary>
    internal const string PodNameSuffix = "-5d8f7c-x2x9k";

    /// <summary>What stands for a secret that the installation does not contain: the README says how to make it.</summary>
    internal const string MadeByHand = "redis.example:10000,ssl=true,password=secret";

    internal static Dictionary<string, string> Of(Manifests manifests, Workload workload) =>
        (workload.Container.Env ?? []).ToDictionary(static each => each.Name, each => Value(manifests, workload, each));

    private static string Value(Manifests manifests, Workload workload, V1EnvVar variable) => variable switch
    {
        { ValueFrom.FieldRef.FieldPath: "status.podIP" } => PodAddress,
        { ValueFrom.FieldRef.FieldPath: "metadata.name" } => workload.Name + PodNameSuffix,
        { ValueFrom.FieldRef.FieldPath: "metadata.namespace" } => Namespace(manifests),
        { ValueFrom.SecretKeyRef: { } key } => SecretValue(manifests, key) ?? MadeByHand,
        { ValueFrom: null } => variable.Value ?? "",
        _ => throw new NotSupportedException($"Where {variable.Name} comes from is not known here."),
    };

    /// <summary>Of everything that is installed.</summary>
    internal static string Namespace(Manifests manifests) => manifests.Of<V1Namespace>().Single().Name();

    private static string? SecretValue(Manifests manifests, V1SecretKeySelector key)
    {
        var secret = manifests.Of<V1Secret>().SingleOrDefault(each => each.Name() == key.Name);
        return secret?.StringData?.TryGetValue(key.Key, out var text) == true ? text
            : secret?.Data?.TryGetValue(key.Key, out var bytes) == true ? Encoding.UTF8.GetString(bytes)
            : null;
    }
}
