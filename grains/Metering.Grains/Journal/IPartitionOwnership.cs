namespace Metering.Grains.Journal;

/// <summary>
/// Which partitions this silo is to own, by its own view of the cluster. Two silos may both believe they own one for a while: this only keeps a silo from
/// claiming what it knows to be another's. Who really owns a log is decided by the store alone.
/// </summary>
public interface IPartitionOwnership
{
    /// <summary>Asked before each opening, from any thread; it must be cheap.</summary>
    /// <param name="partition">0 to the number of partitions − 1.</param>
    bool IsMine(int partition);
}

/// <summary>The only silo there is owns every partition.</summary>
internal sealed class OwnsAll : IPartitionOwnership
{
    public bool IsMine(int partition) => true;
}
