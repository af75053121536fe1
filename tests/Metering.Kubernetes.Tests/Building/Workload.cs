using k8s;
using k8s.Models;

namespace Metering.Kubernetes.Tests.Building;

/// <summary>Something that runs pods.</summary>
/// <param name="Name">Of the object.</param>
/// <param name="Kind">Of the object.</param>
/// <param name="Selector">By which it finds its pods; null where Kubernetes makes one up.</param>
/// <param name="Template">Of its pods.</param>
/// <param name="Claims">Names of the volumes that it claims for each pod.</param>
internal sealed record Workload(string Name, string Kind, IDictionary<string, string>? Selector, V1PodTemplateSpec Template, IReadOnlyList<string> Claims)
{
    internal V1PodSpec Pod => Template.Spec;

    internal V1Container Container => Pod.Containers.Single();

    internal IDictionary<string, string> Labels => Template.Metadata.Labels;

    internal static Workload? Of(IKubernetesObject<V1ObjectMeta> each) => each switch
    {
        V1Deployment deployment => new Workload(deployment.Name(), deployment.Kind, deployment.Spec.Selector.MatchLabels, deployment.Spec.Template, []),
        V1StatefulSet set => new Workload(
            set.Name(), set.Kind, set.Spec.Selector.MatchLabels, set.Spec.Template, [.. (set.Spec.VolumeClaimTemplates ?? []).Select(static claim => claim.Name())]),
        V1Job job => new Workload(job.Name(), job.Kind, Selector: null, job.Spec.Template, []),
        _ => null,
    };

    /// <summary>The number of a port given by number or name; null when there is none of that name.</summary>
    internal int? Port(IntOrString port) => Port(port.Value);

    internal int? Port(string port) => int.TryParse(port, out var number) ? number : Container.Ports?.FirstOrDefault(each => each.Name == port)?.ContainerPort;
}
