namespace Metering.Grains.Journal;

/// <summary>An account as the checkpoint sees it.</summary>
[Alias("metering.ICheckpointedAccount")]
internal interface ICheckpointedAccount : IGrainWithStringKey
{
    /// <summary>
    /// Writes a snapshot if anything committed is not in one, and tells the journal (<see cref="AccountJournal.Snapshotted"/>).
    /// A sleeping account wakes for it; when it finds all of its tail in its snapshot, telling the journal is enough.
    /// </summary>
    [Alias("Checkpoint")]
    Task Checkpoint();
}

/// <summary>How the checkpoint reaches accounts, awake or asleep.</summary>
internal interface ICheckpointCaller
{
    Task Checkpoint(string account);
}

/// <summary>Reaches them as grains.</summary>
internal sealed class GrainCheckpointCaller(IGrainFactory grains) : ICheckpointCaller
{
    public Task Checkpoint(string account) => grains.GetGrain<ICheckpointedAccount>(account).Checkpoint();
}
