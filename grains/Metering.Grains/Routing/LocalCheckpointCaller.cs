using Metering.Grains.Journal;

namespace Metering.Grains.Routing;

/// <summary>Reaches accounts that are active here on their own schedulers, and the others as grains, which wakes them. Nearly all that a busy journal asks for are active.</summary>
internal sealed class LocalCheckpointCaller(LocalAccounts accounts, IGrainFactory grains, TimeProvider time) : ICheckpointCaller
{
    /// <summary>As long as a call would take at most: an account whose store does not answer must not keep the checkpoint from asking the next.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly GrainCheckpointCaller _asleep = new(grains);

    public Task Checkpoint(string account) =>
        accounts.TryGet(account, out var grain) ? grain.CheckpointHere().WaitAsync(Patience, time) : _asleep.Checkpoint(account);
}
