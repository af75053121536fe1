using Microsoft.Extensions.Options;

namespace Metering.Grains;

/// <summary>Keeps a silo's <see cref="RateCards"/> younger than the lead time for as long as the silo is active. Without a lead time it does nothing.</summary>
internal sealed class RateCardRefresh(RateCards rateCards, IOptions<RateCardOptions> options, TimeProvider timeProvider)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stopped = new();
    private Task _loop = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle)
    {
        if (options.Value.LeadTime > TimeSpan.Zero)
        {
            lifecycle.Subscribe(nameof(RateCardRefresh), ServiceLifecycleStage.Active, Start, Stop);
        }
    }

    public void Dispose() => _stopped.Dispose();

    private Task Start(CancellationToken cancellationToken)
    {
        _loop = Task.Run(() => Run(_stopped.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task Stop(CancellationToken cancellationToken)
    {
        await _stopped.CancelAsync();
        await _loop.WaitAsync(cancellationToken);
    }

    private async Task Run(CancellationToken stopped)
    {
        using var timer = new PeriodicTimer(options.Value.RefreshInterval, timeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stopped))
            {
                await rateCards.RefreshAsync(stopped);
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // The silo stops.
        }
    }
}
