using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Health;

/// <summary>
/// Ready means that a silo answers: red until the first answer, and red again as soon as the host stops, so that a balancer
/// sends nothing more while what was accepted is finished.
/// </summary>
internal sealed class SiloHealthCheck(
    ISilos silos, KnownKeys keys, Drain drain, TimeProvider time, ILogger<SiloHealthCheck> logger) : IHealthCheck, IDisposable
{
    public const string Ready = "ready";

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    // However many probe, the silo is asked once in this time.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _asking = new(1);
    private HealthCheckResult _last = HealthCheckResult.Unhealthy("The silo has not been asked yet.");
    private long? _askedAt;

    /// <summary>What was found when it was last asked.</summary>
    public bool WasReady => _last.Status == HealthStatus.Healthy && !drain.Stopping.IsCancellationRequested;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!drain.Stopping.IsCancellationRequested)
        {
            await _asking.WaitAsync(cancellationToken);
            try
            {
                if (_askedAt is not { } askedAt || time.GetElapsedTime(askedAt) >= MaxAge)
                {
                    _last = await Ask();
                    _askedAt = time.GetTimestamp();
                }
            }
            finally
            {
                _asking.Release();
            }
        }

        return drain.Stopping.IsCancellationRequested ? HealthCheckResult.Unhealthy("The gateway is stopping.") : _last;
    }

    public void Dispose() => _asking.Dispose();

    private async Task<HealthCheckResult> Ask()
    {
        if (silos.WhyNotFound is { } reason)
        {
            return HealthCheckResult.Unhealthy(reason);
        }

        try
        {
            await silos.Probe().WaitAsync(AnswerTimeout, time);
            if (keys.Current.Refusal is not null)
            {
                await keys.TryRead();
            }

            // Without the keys nobody is let in by one.
            return keys.Current.Refusal is { } refusal ? HealthCheckResult.Unhealthy(refusal.Detail) : HealthCheckResult.Healthy();
        }
        catch (Exception exception)
        {
            logger.SiloNotReady(exception);
            return HealthCheckResult.Unhealthy("The silo does not answer.", exception);
        }
    }
}
