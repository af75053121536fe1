using Microsoft.Extensions.Logging;

namespace Metering.Grains.Placement;

/// <summary>
/// Lets go of partitions that are to be other silos': whenever the cluster changes, and of all when this silo shuts down, so that their next owner
/// finds them closed and need not wait for the fence to settle who is right. And opens, in good time, what is this silo's and should be open though nobody asks for it.
/// </summary>
/// <remarks>
/// At shutdown it works in the stage that tells the others that this silo is shutting down, and keeps it from ending, because the next one deactivates
/// every grain: an account that left before its partition was let go would wait for a last snapshot that nobody needs. What it does not get done in time is left to
/// the fence.
/// </remarks>
internal sealed class HandOver(
    PartitionMap map, Journal.Journal journal, IClusterMembershipService membership, ILocalSiloDetails local, TimeProvider time, ILogger<HandOver> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Looked at again now and then even when nothing was heard of a change: a partition may have been opened on the way to it.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(1);

    /// <summary>How long a shutdown waits until the others have been told; by then the store of the membership is away.</summary>
    private static readonly TimeSpan MaxTelling = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim _changed = new(1, 1);
    private Task _watching = Task.CompletedTask;
    private Task _releasing = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(HandOver), ServiceLifecycleStage.Active, Start, static _ => Task.CompletedTask);
        lifecycle.Subscribe(nameof(HandOver), ServiceLifecycleStage.BecomeActive, static _ => Task.CompletedTask, Stop);
    }

    public void Dispose()
    {
        _stopped.Dispose();
        _changed.Dispose();
    }

    private Task Start(CancellationToken cancellationToken)
    {
        _watching = Task.Run(() => Watch(_stopped.Token), CancellationToken.None);
        _releasing = Task.Run(() => Release(_stopped.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task Stop(CancellationToken cancellationToken)
    {
        await ToldOthers(cancellationToken).WaitAsync(MaxTelling, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stopped.CancelAsync();
        await Task.WhenAll(_watching, _releasing).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (map.HasOthers)
        {
            await ReleaseAsync(Enumerable.Range(0, journal.Partitions), cancellationToken);
        }
    }

    private async Task ToldOthers(CancellationToken cancellationToken)
    {
        await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(cancellationToken))
        {
            if (snapshot.GetSiloStatus(local.SiloAddress).IsTerminating())
            {
                return;
            }
        }
    }

    private async Task Watch(CancellationToken stopped)
    {
        try
        {
            await foreach (var _ in membership.MembershipUpdates.WithCancellation(stopped))
            {
                if (_changed.CurrentCount == 0)
                {
                    _changed.Release();
                }
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task Release(CancellationToken stopped)
    {
        try
        {
            while (true)
            {
                await _changed.WaitAsync(Recheck, stopped);

                // Not cancelled when the silo stops: what is being made durable would fail.
                await ReleaseAsync(Enumerable.Range(0, journal.Partitions).Where(partition => !map.IsMine(partition)), CancellationToken.None);
                journal.OpenUnasked();
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task ReleaseAsync(IEnumerable<int> partitions, CancellationToken cancellationToken)
    {
        // Also those that are not open: they may be on the way to it.
        var lost = partitions.ToList();
        var open = lost.Count(journal.IsOpen);
        var began = time.GetTimestamp();
        try
        {
            await Task.WhenAll(lost.Select(partition => journal.ReleaseAsync(partition, cancellationToken)));
            if (open > 0)
            {
                Log.HandedOver(logger, open, time.GetElapsedTime(began).TotalMilliseconds);
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            Log.NotHandedOver(logger, failure);
        }
    }
}
