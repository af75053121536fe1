using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests;

/// <summary>What can be installed.</summary>
internal static class Installations
{
    /// <summary>Folders that are built by themselves.</summary>
    internal static readonly string[] Folders = ["overlays/dev", "overlays/azure", "load-test", "monitoring"];

    private static readonly Lazy<Manifests> Dev = new(static () => Manifests.Build("overlays/dev", "load-test", "monitoring"));
    private static readonly Lazy<Manifests> Azure = new(static () => Manifests.Build("overlays/azure", "load-test", "monitoring"));

    /// <summary>One overlay, and all that may be added to it.</summary>
    internal static Manifests Of(string overlay) => overlay switch
    {
        "dev" => Dev.Value,
        "azure" => Azure.Value,
        _ => throw new ArgumentOutOfRangeException(nameof(overlay), overlay, "No such overlay."),
    };
}
