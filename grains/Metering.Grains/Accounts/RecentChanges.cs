using Metering.Contracts;
using Metering.Core;
using Metering.Core.Entries;

namespace Metering.Grains.Accounts;

/// <summary>The last changes of an account that is watched, in order, without gaps; older ones make room.</summary>
internal sealed class RecentChanges(long since)
{
    private readonly Queue<AccountChange> _changes = [];
    private long _before = since;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void Add(Entry entry, Credits change)
    {
        if (_changes.Count == WatchPage.MaxChanges)
        {
            _before = _changes.Dequeue().Sequence;
        }

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
        _next.TrySetResult();
        _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Waits for the next change, but not longer than a time.</summary>
    internal async Task NextAsync(TimeSpan patience, TimeProvider time)
    {
        try
        {
            await _next.Task.WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            // Nothing happened: the page will be empty.
        }
    }

    internal WatchPage After(long sequence)
    {
        var changes = _changes.Where(change => change.Sequence > sequence).ToArray();
        return new WatchPage
        {
            Changes = changes,
            Skipped = sequence < _before,
            Through = changes.Length > 0 ? changes[^1].Sequence : Math.Max(sequence, _before),
        };
    }

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
