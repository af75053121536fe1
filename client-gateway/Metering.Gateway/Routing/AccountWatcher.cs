using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>What a watcher hears: perhaps that changes were skipped, then changes; or that there is no more. Nothing at all when nothing happened in time.</summary>
/// <param name="SkippedThrough">Changes up to this sequence can no longer be told: where the account stands is read from the account.</param>
/// <param name="Changes">After what was skipped: oldest first, without gaps.</param>
/// <param name="HasEnded">No more will come.</param>
/// <param name="Refusal">Why it ended; null when the host stops.</param>
internal sealed record Watched(long? SkippedThrough, IReadOnlyList<AccountChange> Changes, bool HasEnded = false, Refusal? Refusal = null)
{
    public static Watched Nothing { get; } = new(null, []);
}

/// <summary>
/// One caller who watches an account. What it has not yet taken is kept, up to a bound; beyond it, all of that is skipped, and the watcher
/// told so, because whoever fills the buffer must not wait for whoever empties it.
/// </summary>
internal sealed class AccountWatcher(AccountView? start, long position, TimeProvider time) : IDisposable
{
    /// <summary>Two whole pages: one being written, one that came meanwhile.</summary>
    public const int MaxPending = 2 * WatchPage.MaxChanges;

    private readonly Lock _lock = new();
    private readonly Queue<AccountChange> _pending = [];
    private long _last = position;
    private long? _skippedThrough;
    private bool _hasEnded;
    private Refusal? _refusal;
    private TaskCompletionSource? _waiting;
    private CancellationTokenRegistration _stopping;
    private Action? _onLeave;

    /// <summary>The account as it was when watching began, for a caller who had no position.</summary>
    public AccountView? Start { get; } = start;

    /// <summary>Waits for what comes next, but not longer than a time. One caller at a time.</summary>
    public async Task<Watched> Next(TimeSpan wait, CancellationToken cancellationToken)
    {
        while (true)
        {
            TaskCompletionSource waiting;
            lock (_lock)
            {
                if (Take() is { } watched)
                {
                    return watched;
                }

                waiting = _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            try
            {
                await waiting.Task.WaitAsync(wait, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return Watched.Nothing;
            }
        }
    }

    public void Dispose()
    {
        _stopping.Dispose();
        Interlocked.Exchange(ref _onLeave, null)?.Invoke();
    }

    /// <summary>Changes from the account's feed; those already seen are left out.</summary>
    internal void Offer(WatchPage page)
    {
        lock (_lock)
        {
            if (page.Skipped)
            {
                SkipThrough(page);
            }

            foreach (var change in page.Changes)
            {
                Add(change);
            }

            _waiting?.TrySetResult();
        }
    }

    /// <summary>Puts what happened between the position and the feed before what the feed brought meanwhile.</summary>
    internal void CatchUp(WatchPage page, long position)
    {
        lock (_lock)
        {
            // Something was skipped meanwhile, and all before it with it.
            if (_skippedThrough is { } skipped && skipped != position)
            {
                return;
            }

            var meanwhile = _pending.ToArray();
            _pending.Clear();
            _last = position;
            Offer(page);
            foreach (var change in meanwhile)
            {
                Add(change);
            }
        }
    }

    /// <summary>The account went back to a sequence: what was seen after it is gone, and its numbers are given anew.</summary>
    internal void BeginAgain(long sequence)
    {
        lock (_lock)
        {
            _pending.Clear();
            _skippedThrough = _last = sequence;
            _waiting?.TrySetResult();
        }
    }

    internal void End(Refusal? refusal)
    {
        lock (_lock)
        {
            _hasEnded = true;
            _refusal ??= refusal;
            _waiting?.TrySetResult();
        }
    }

    /// <summary>Ties it to the host that serves it.</summary>
    internal void EndWith(Action onLeave, CancellationToken stopping)
    {
        _onLeave = onLeave;
        _stopping = stopping.Register(() => End(null));
    }

    private void Add(AccountChange change)
    {
        if (change.Sequence <= _last)
        {
            return;
        }

        if (_pending.Count == MaxPending)
        {
            _pending.Clear();
            _skippedThrough = _last;
        }

        _pending.Enqueue(change);
        _last = change.Sequence;
    }

    private void SkipThrough(WatchPage page)
    {
        var through = page.Changes.Count > 0 ? page.Changes[0].Sequence - 1 : page.Through;
        if (through > _last)
        {
            _pending.Clear();
            _skippedThrough = _last = through;
        }
    }

    private Watched? Take()
    {
        if (_pending.Count == 0 && _skippedThrough is null)
        {
            return _hasEnded ? new Watched(null, [], HasEnded: true, _refusal) : null;
        }

        var watched = new Watched(_skippedThrough, [.. _pending]);
        _pending.Clear();
        _skippedThrough = null;
        return watched;
    }
}
