using Metering.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Messaging;

namespace Metering.Gateway.Routing.Lanes;

/// <summary>
/// Asks the silos whom they take for the cluster: every second, and soon after a message has failed. No charge waits for it: until it is known who owns what, and while that is wrong,
/// charges go by ordinary calls.
/// </summary>
internal sealed class ClusterMapRefresh(
    ISilos silos, IGatewayListProvider gateways, RouterAt routers, ChargeLanes lanes, IOptions<GatewayOptions> options, TimeProvider time, ILogger<ClusterMapRefresh> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>While there is no map, and between two times that it is asked because something failed.</summary>
    private static readonly TimeSpan SoonInterval = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan _attempt = options.Value.SiloTimeout;
    private readonly SemaphoreSlim _soon = new(0, 1);
    private HashSet<SiloAddress> _listed = [];
    private bool _isToldOfFailure;

    public override void Dispose()
    {
        _soon.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lanes.Failed = AskSoon;
        try
        {
            while (true)
            {
                await Task.Delay(SoonInterval, time, stoppingToken);
                await Refresh();
                if (lanes.HasMap)
                {
                    await _soon.WaitAsync(Interval - SoonInterval, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Told to stop. A host that could not start would take it for a failure of its own.
        }
    }

    private void AskSoon()
    {
        try
        {
            _soon.Release();
        }
        catch (Exception given) when (given is SemaphoreFullException or ObjectDisposedException)
        {
            // It is about to ask anyway, or never again.
        }
    }

    private async Task Refresh()
    {
        if (silos.WhyNotFound is not null)
        {
            return;
        }

        try
        {
            // A silo that has just come is asked the next time: the client itself must have heard of it.
            var listed = (await gateways.GetGateways()).Select(static gateway => gateway.ToGatewayAddress()).OfType<SiloAddress>().ToHashSet();
            var asked = lanes.HasMap ? listed.Where(_listed.Contains) : listed;
            _listed = listed;
            lanes.Update([.. (await Task.WhenAll(asked.Select(View))).OfType<ClusterView>()]);
            _isToldOfFailure = false;
        }
        catch (Exception exception)
        {
            // What is known of the cluster stays as good as it was.
            if (!_isToldOfFailure)
            {
                _isToldOfFailure = true;
                logger.SilosNotListed(exception.Message);
            }
        }
    }

    private async Task<ClusterView?> View(SiloAddress gateway)
    {
        try
        {
            return await routers(gateway).View().WaitAsync(_attempt, time);
        }
        catch (Exception exception) when (SiloFailure.IsForeseen(exception))
        {
            return null;
        }
    }
}
