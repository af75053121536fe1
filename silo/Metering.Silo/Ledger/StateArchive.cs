using System.Runtime.CompilerServices;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Ledger.Segments;
using Metering.Ledger.States;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Ledger;

/// <summary>States of accounts, to the ledger and back. Few at a time, and none for a while after one has failed: accounts offer others.</summary>
internal sealed class StateArchive(ISegmentStore store, TimeProvider time, ILogger<StateArchive> logger) : IStateArchive
{
    /// <summary>On their way at the same time: what is in memory for it.</summary>
    private const int MaxOnTheirWay = 4;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private readonly KeptStates _states = new(store);
    private int _onTheirWay;
    private long _failedAt;

    public async Task<bool> TryKeepAsync(string account, int partition, KeptState state)
    {
        if (Volatile.Read(ref _failedAt) is > 0 and var failedAt && time.GetElapsedTime(failedAt) < RetryDelay)
        {
            return false;
        }

        try
        {
            if (Interlocked.Increment(ref _onTheirWay) > MaxOnTheirWay)
            {
                return false;
            }

            // Not where the account's turns run: it takes a while to compress.
            await Task.Run(() => _states.PutAsync(account, partition, state.Sequence, state.At, state.Bytes, CancellationToken.None));
            return true;
        }
        catch (Exception failure)
        {
            Volatile.Write(ref _failedAt, time.GetTimestamp());
            Log.StateNotKept(logger, account, state.Sequence, failure.Message);
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _onTheirWay);
        }
    }

    public async IAsyncEnumerable<KeptState> ReadAsync(string account, int partition, long sequence, DateTimeOffset at, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var name in await Guard(() => _states.ListAsync(account, partition, sequence, at, cancellationToken)))
        {
            if (await Guard(() => TryReadAsync(name, cancellationToken)) is { } state)
            {
                yield return new KeptState(state.Sequence, state.At, state.State);
            }
        }
    }

    private async Task<StoredState?> TryReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await _states.ReadAsync(name, cancellationToken);
        }
        catch (FormatException damage)
        {
            Log.StatePassedOver(logger, name, damage.Message);
            return null;
        }
    }

    private static async Task<T> Guard<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (LedgerStoreException fault)
        {
            throw new JournalArchiveException(fault.Message, fault);
        }
    }
}
