using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests;

/// <summary>What can be installed.</summary>
internal static class Installations
{
    /// <summary>The component with which silos ask Kubernetes which pods there are.</summary>
    internal const string Hosting = "orleans-hosting";

    /// <summary>Folders that are built by themselves.</summary>
    internal static readonly string[] Folders = ["overlays/dev", "overlays/azure", "load-test", "monitoring"];

    /// <summary>Overlays, and overlays with what may be added.</summary>
    internal static readonly string[] Overlays = ["dev", "azure", $"dev with {Hosting}", $"azure with {Hosting}"];

    private static readonly Dictionary<string, Lazy<Manifests>> Built = Overlays.ToDictionary(static overlay => overlay, static overlay => new Lazy<Manifests>(() => Build(overlay)));

    /// <summary>One overlay, and all that may be installed beside it.</summary>
    internal static Manifests Of(string overlay) => Built[overlay].Value;

    private static Manifests Build(string overlay)
    {
        var parts = overlay.Split(" with ");
        return Manifests.Build([$"overlays/{parts[0]}", "load-test", "monitoring"], parts[1..]);
    }
}
