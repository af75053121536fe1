using Metering.Contracts;
using Metering.Core;
using Metering.Core.Entries;

namespace Metering.Grains.Accounts;

/// <summary>The last changes of an account that is watched, in order, without gaps; older ones make room.</summary>
/// <remarks>Used under the account's turn lock, except where a member says otherwise.</remarks>
internal sealed class RecentChanges : IDisposable
{
    private readonly Queue<AccountChange> _changes = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenRegistration _stopping;
    private long _before;
    private int _waiting;
    private long _last;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="since">The account's sequence.</param>
    /// <param name="stopping">When the silo stops: a watcher who went on waiting would hold the account up on its way out.</param>
    internal RecentChanges(long since, CancellationToken stopping)
    {
        _before = since;
        _last = since;
        _stopping = stopping.UnsafeRegister(static changes => ((RecentChanges)changes!).End(), this);
    }

    /// <summary>Watchers who wait for the next change.</summary>
    internal int Waiting => Volatile.Read(ref _waiting);

    internal void Add(Entry entry, Credits change)
    {
        if (_changes.Count == WatchPage.MaxChanges)
        {
            _before = _changes.Dequeue().Sequence;
        }

        _last = entry.Sequence;
        _changes.Enqueue(new AccountChange
        {
            Sequence = entry.Sequence,
            At = entry.At,
            Kind = (ChangeKind)entry.Kind,
            Subject = SubjectOf(entry),
            Credits = change.Value,
            Balance = entry.Balance.Value,
            Available = entry.Available.Value,
        });
        if (Waiting > 0)
        {
            _next.TrySetResult();
            _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Waits for the next change after it was called, but not longer than a time, and not for an activation that leaves.</summary>
    internal async Task NextAsync(TimeSpan patience, TimeProvider time)
    {
        Interlocked.Increment(ref _waiting);
        await _next.Task.WaitAsync(patience, time, _ended.Token)
            .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        Interlocked.Decrement(ref _waiting);
    }

    /// <summary>The activation leaves: whoever waits goes on at once, and asks the next one. From any thread.</summary>
    internal void End() => _ended.Cancel();

    public void Dispose()
    {
        _stopping.Dispose();
        End();
    }

    internal WatchPage After(long sequence) => new()
    {
        Changes = [.. _changes.Where(change => change.Sequence > sequence)],

        // One who has seen more than there is has seen what a crash lost (periodic durability), and must look where it stands as well.
        Skipped = sequence < _before || sequence > _last,
        Through = _last,
    };

    private static string? SubjectOf(Entry entry) => entry switch
    {
        Operation operation => operation.Id,
        GrantAdded added => added.Terms.Id,
        GrantActivated activated => activated.Grant,
        GrantRefilled refilled => refilled.Grant,
        GrantExpired expired => expired.Grant,
        GrantVoided voided => voided.Grant,
        HoldExpired expired => expired.Hold,
        BudgetChanged changed => changed.Terms.Id,
        BudgetRemoved removed => removed.Budget,
        BudgetCrossed crossed => crossed.Budget,
        _ => null,
    };
}
