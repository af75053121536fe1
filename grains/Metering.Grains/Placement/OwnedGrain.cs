using Metering.Grains.Journal;

namespace Metering.Grains.Placement;

/// <summary>
/// A grain that answers where a partition is owned, and keeps nothing. Called anywhere else it leaves: Orleans remembers for a while where a grain was, and goes on asking there.
/// </summary>
/// <param name="ownership">As its silo sees it.</param>
public abstract class OwnedGrain(IPartitionOwnership ownership) : Grain, IIncomingGrainCallFilter
{
    /// <summary>Which: 0 to the number of partitions − 1.</summary>
    protected abstract int Partition { get; }

    /// <summary>What waits for an activation that leaves before it has answered anything is sent on by Orleans, to where it is placed now.</summary>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        LeaveUnlessMine();
        return base.OnActivateAsync(cancellationToken);
    }

    /// <summary>The partition may have moved since: what is asked now is refused, and what is asked next comes to its owner.</summary>
    public Task Invoke(IIncomingGrainCallContext context)
    {
        LeaveUnlessMine();
        return context.Invoke();
    }

    private void LeaveUnlessMine()
    {
        if (!ownership.IsMine(Partition))
        {
            DeactivateOnIdle();
        }
    }
}
