using k8s;
using Metering.Contracts.Settings;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Silo.Kubernetes;

/// <summary>
/// Orleans' hosting for Kubernetes: a silo that starts, and two that watch, declare silos dead whose pods are gone. It is asked before our own settings are made, so that addresses, ports and
/// the names of cluster and service are those of the settings and never the environment's <c>ORLEANS_…</c>.
/// </summary>
internal static class KubernetesHosting
{
    internal static readonly string Setting = SettingsSection.Name(nameof(SiloSettings.KubernetesHosting));

    internal static ISiloBuilder AddKubernetesHosting(this ISiloBuilder silo)
    {
        silo.UseKubernetesHosting(static hosting => hosting.Configure(static options => options.GetClientConfiguration = FromPod));
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, PodRights>();
        return silo;
    }

    private static KubernetesClientConfiguration FromPod() => KubernetesClientConfiguration.IsInCluster()
        ? KubernetesClientConfiguration.InClusterConfig()
        : throw new SettingsException($"{Setting} is true, and this is no pod that may ask the API of Kubernetes: KUBERNETES_SERVICE_HOST, or the token of its service account, is missing.");
}
