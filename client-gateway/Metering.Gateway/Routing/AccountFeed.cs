using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>
/// The one long poll of an account, for all who watch it here: it begins with the first watcher, and is over when the last leaves or the
/// account refuses. What it has passed is its cursor; adding a watcher and passing a page exclude each other, so a watcher hears
/// everything after the cursor it joined at.
/// </summary>
internal sealed class AccountFeed(string account, GrainRouter router, TimeSpan patience, TimeProvider time)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    // A busy account would otherwise be asked again for every few charges: so it is asked at most a hundred times a second.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly List<AccountWatcher> _watchers = [];
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _cursor;
    private bool _isOver;

    /// <summary>False when the feed is over: another must be begun.</summary>
    /// <param name="watcher">It hears every change after the later of its position and the cursor.</param>
    /// <param name="position">The sequence it has seen.</param>
    /// <param name="isBehind">Whether changes lie between its position and the cursor: those it has to fetch itself.</param>
    public bool TryAdd(AccountWatcher watcher, long position, out bool isBehind)
    {
        lock (_lock)
        {
            isBehind = false;
            if (_isOver)
            {
                return false;
            }

            _watchers.Add(watcher);
            if (_watchers.Count == 1)
            {
                _cursor = position;
                _ = Poll();
            }

            isBehind = position < _cursor;
            return true;
        }
    }

    /// <summary>True when it was the last: the feed is over.</summary>
    public bool Remove(AccountWatcher watcher)
    {
        lock (_lock)
        {
            _watchers.Remove(watcher);
            if (_watchers.Count > 0)
            {
                return false;
            }

            _isOver = true;
        }

        _over.TrySetResult();
        return true;
    }

    private async Task Poll()
    {
        // It begins while the lock is held, and must not ask under it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_over.Task.IsCompleted)
        {
            var askedAt = time.GetTimestamp();
            var asked = router.Watch(account, _cursor, patience);
            if (await Task.WhenAny(asked, _over.Task) != asked)
            {
                return;
            }

            var answer = await asked;
            if (answer.Refusal is { } refusal && !refusal.IsRetryable)
            {
                End(refusal);
                return;
            }

            var next = answer.Reply is { } page ? await Pass(page, time.GetElapsedTime(askedAt)) : answer.Refusal!.RetryAfter ?? RetryDelay;
            await Task.WhenAny(Task.Delay(next, time), _over.Task);
        }
    }

    /// <summary>Passes a page on; returns how long to wait before the next is asked for.</summary>
    private async Task<TimeSpan> Pass(WatchPage page, TimeSpan waited)
    {
        if (page.Changes.Count == 0 && !page.Skipped)
        {
            return waited < patience / 2 ? await FallBack() : TimeSpan.Zero;
        }

        lock (_lock)
        {
            _cursor = page.Through;
            foreach (var watcher in _watchers)
            {
                watcher.Offer(page);
            }
        }

        return Pause;
    }

    /// <summary>
    /// No changes and no waiting either: the account's last sequence is not the cursor. One that lost its last interval
    /// (<see cref="Durability.Periodic"/>) has gone back, and its watchers with it.
    /// </summary>
    private async Task<TimeSpan> FallBack()
    {
        var read = await router.GetAccount(account);
        lock (_lock)
        {
            if (read.Reply is { } view && view.Sequence < _cursor)
            {
                _cursor = view.Sequence;
                foreach (var watcher in _watchers)
                {
                    watcher.BeginAgain(view.Sequence);
                }
            }
        }

        return RetryDelay;
    }

    private void End(Refusal refusal)
    {
        lock (_lock)
        {
            _isOver = true;
            foreach (var watcher in _watchers)
            {
                watcher.End(refusal);
            }
        }
    }
}
