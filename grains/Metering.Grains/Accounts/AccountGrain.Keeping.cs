using Metering.Core.Encoding;

namespace Metering.Grains.Accounts;

/// <summary>
/// States that are kept for good, so that the account can be looked back at however long it has lived: one of each <see cref="AccountOptions.KeptStateInterval"/> entries, taken in the turn that makes the first of them and put into
/// the ledger behind it. Not every snapshot is frequent enough: where very many entries come, snapshots are by time.
/// </summary>
public sealed partial class AccountGrain
{
    /// <summary>One that could not be kept is taken anew after so many entries, as a share of the interval.</summary>
    private const int RetryShare = 100;

    /// <summary>The first sequence of which a state is kept next; none while one is on its way.</summary>
    private long _keepFrom = long.MaxValue;

    private void KeepStateAfter(long sequence) =>
        _keepFrom = _services.StateArchive is null ? long.MaxValue : ((sequence / _options.KeptStateInterval) + 1) * _options.KeptStateInterval;

    private void KeepStateWhenDue()
    {
        if (_account.Sequence >= _keepFrom)
        {
            KeepState();
        }
    }

    // Apart: what it captures would be allocated for each charge.
    private void KeepState()
    {
        _keepFrom = long.MaxValue;
        var writer = _snapshotWriter ??= new ByteWriter();
        writer.Clear();
        _account.Write(writer);
        var (state, committed) = (new KeptState(_account.Sequence, _account.LastAt, writer.ToArray()), _log!.LastCommit);
        Post(() => _ = KeepAsync(state, committed));
    }

    /// <summary>As a snapshot it is of committed entries only: of others there may come to be none, and the account goes on another way.</summary>
    private async Task KeepAsync(KeptState state, Task committed)
    {
        await committed.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        var isKept = committed.IsCompletedSuccessfully && await _services.StateArchive!.TryKeepAsync(Id, _services.Journal.PartitionOf(Id), state);
        lock (this)
        {
            if (isKept)
            {
                KeepStateAfter(state.Sequence);
                KeepStateWhenDue();
            }
            else
            {
                _keepFrom = _account.Sequence + Math.Max(1, _options.KeptStateInterval / RetryShare);
            }
        }
    }
}
