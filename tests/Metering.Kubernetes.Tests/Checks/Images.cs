using Metering.Kubernetes.Tests.Building;
using Metering.TestServers;

namespace Metering.Kubernetes.Tests.Checks;

/// <summary>Every image is one that a Dockerfile here builds, with its ports and its user; or a public one at an exact version.</summary>
internal static class Images
{
    private const string Azurite = "mcr.microsoft.com/azure-storage/azurite";

    internal static IEnumerable<string> Faults(Manifests manifests)
    {
        foreach (var workload in manifests.Workloads)
        {
            var (name, tag) = ImageName.Split(workload.Container.Image);
            if (Dockerfile.All.FirstOrDefault(file => file.Image == name[(name.LastIndexOf('/') + 1)..]) is { } ours)
            {
                foreach (var fault in Faults(workload, ours))
                {
                    yield return fault;
                }
            }
            else if (tag is null || tag.Count(static letter => letter == '.') < 2)
            {
                yield return $"{workload.Name}: {workload.Container.Image} is built by no Dockerfile here, and has no exact version.";
            }
            else if (name == Azurite && tag != AzuriteServer.Version)
            {
                yield return $"{workload.Name}: Azurite {tag} is not the version that the stores are tested with, {AzuriteServer.Version}.";
            }
        }
    }

    private static IEnumerable<string> Faults(Workload workload, Dockerfile file)
    {
        var exposed = file.Ports.Order().ToList();
        var declared = (workload.Container.Ports ?? []).Select(static port => port.ContainerPort).Order().ToList();
        if (!exposed.SequenceEqual(declared))
        {
            yield return $"{workload.Name} has the ports {string.Join(' ', declared)}, and {file.Path} exposes {string.Join(' ', exposed)}.";
        }

        if (workload.Pod.SecurityContext?.RunAsUser != file.User)
        {
            yield return $"{workload.Name} runs as {workload.Pod.SecurityContext?.RunAsUser}, and the user of {file.Path} is {file.User}.";
        }
    }
}
