using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Metering.Contracts.Settings;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting.Kubernetes;

namespace Metering.Silo.Kubernetes;

/// <summary>
/// Makes sure, before a silo joins, that it may ask Kubernetes what the hosting asks, and that its pod is labelled as one of its cluster. Without it the hosting of a silo that may not ask would
/// ask again at once and for ever, and that of one with other labels would need the right to change pods, whatever runs in them.
/// </summary>
internal sealed class PodRights(SiloSettings settings, IOptions<KubernetesHostingOptions> hosting, IOptions<ClusterOptions> cluster) : ILifecycleParticipant<ISiloLifecycle>
{
    private const int MaxAttempts = 10;
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromSeconds(1);

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(PodRights), ServiceLifecycleStage.First, CheckAsync);

    /// <exception cref="SettingsException">It is no pod, may not ask, has other labels, or nobody answers.</exception>
    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        using var api = new k8s.Kubernetes(hosting.Value.GetClientConfiguration());
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await CheckAsync(api, cancellationToken);
                return;
            }
            catch (HttpOperationException refused) when (refused.Response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized)
            {
                throw new SettingsException($"{KubernetesHosting.Setting} is true, and this pod may not get and list pods ({refused.Response.StatusCode}); k8s/components/orleans-hosting gives it the right.");
            }
            catch (Exception failure) when (failure is HttpOperationException or HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // Its way there may be opened a moment after it was started.
                if (attempt == MaxAttempts)
                {
                    throw new SettingsException($"{KubernetesHosting.Setting} is true, and the API of Kubernetes did not answer: {failure.GetBaseException().Message}");
                }

                await Task.Delay(AttemptDelay, cancellationToken);
            }
        }
    }

    private async Task CheckAsync(k8s.Kubernetes api, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(AttemptTimeout);
        var (name, space) = (settings.PodName!, settings.PodNamespace!);
        var labels = (await api.CoreV1.ReadNamespacedPodAsync(name, space, cancellationToken: timeout.Token)).Labels() ?? new Dictionary<string, string>();
        foreach (var (label, value) in new[] { (KubernetesHostingOptions.ServiceIdLabel, cluster.Value.ServiceId), (KubernetesHostingOptions.ClusterIdLabel, cluster.Value.ClusterId) })
        {
            if (!labels.TryGetValue(label, out var found) || found != value)
            {
                throw new SettingsException($"{KubernetesHosting.Setting} is true, and the label {label} of the pod {name} is '{found}'; it must be '{value}', as the setting is.");
            }
        }

        await api.CoreV1.ListNamespacedPodAsync(space, limit: 1, cancellationToken: timeout.Token);
    }
}
