using Metering.Contracts;
using Metering.Gateway.Routing.Lanes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Metering.Gateway.Routing;

/// <summary>
/// The silos of a cluster, found through Redis. It connects in the background, however long that takes: until then it says what is missing, and the
/// gateway answers with that. Once connected the client follows the silos by itself, also when all of them have gone and others come.
/// </summary>
internal sealed class ClusterSilos(IClusterClient client, ChargeLanes lanes, TimeProvider time, ILogger<ClusterSilos> logger) : ISilos, IHostedLifecycleService, IClientConnectionRetryFilter, IDisposable
{
    private const string NotYet = "No silo has been found yet.";

    // Enough that a probe reaches every silo sooner or later, whichever the client sends it through; few enough to cost a silo nothing.
    private const int ProbeKeys = 64;
    private const int ProbesAtOnce = 3;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stopping = new();
    private Task _connecting = Task.CompletedTask;
    private volatile string? _whyNotFound = NotYet;

    public IChargeRouter? Charges => null;

    public ChargeLanes? Lanes => lanes;

    public string? WhyNotFound => _whyNotFound;

    public bool AreElsewhere => true;

    /// <summary>Any silo will do: some of several probes, which go through several silos, must be answered.</summary>
    public async Task Probe()
    {
        var first = Random.Shared.Next(ProbeKeys);
        var probes = Enumerable.Range(first, ProbesAtOnce).Select(key => client.GetGrain<ISiloProbeGrain>(key % ProbeKeys).Answer()).ToList();
        while (probes.Count > 1)
        {
            var ended = await Task.WhenAny(probes);
            if (ended.IsCompletedSuccessfully)
            {
                return;
            }

            probes.Remove(ended);
        }

        await probes[0];
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Only now, for a gateway that cannot listen has nothing to say about silos.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _connecting = Connect();
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _connecting.WaitAsync(cancellationToken);
        if (_whyNotFound is null)
        {
            await ((IHostedService)client).StopAsync(cancellationToken);
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Asked by the client after each attempt to connect that failed.</summary>
    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        var reason = Reason(exception);
        if (_whyNotFound != reason)
        {
            _whyNotFound = reason;
            logger.NoSilo(reason, exception.Message);
        }

        await Task.Delay(RetryDelay, time, cancellationToken);
        return true;
    }

    public void Dispose() => _stopping.Dispose();

    private static string Reason(Exception exception) => exception switch
    {
        SiloUnavailableException => "No silo is up: Redis names none of this cluster.",
        RedisException => "No silo can be found: Redis does not answer.",
        _ => "No silo can be reached.",
    };

    private async Task Connect()
    {
        try
        {
            await Task.Run(() => ((IHostedService)client).StartAsync(_stopping.Token));
            _whyNotFound = null;
            logger.SilosFound();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Told to stop before there was a silo.
        }
        catch (Exception exception)
        {
            _whyNotFound = "The gateway could not begin to look for silos; its log says why.";
            logger.ConnectingFailed(exception);
        }
    }
}
