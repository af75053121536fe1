using System.Collections.Concurrent;
using Metering.Contracts;
using Metering.Gateway.Health;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>
/// Lets callers of both edges watch accounts. However many watch one account here, its grain is asked by one long poll
/// (<see cref="AccountFeed"/>), and a watcher that does not keep up loses changes of its own and slows nobody. Every watcher ends when the
/// host stops.
/// </summary>
internal sealed class WatchHub(GrainRouter router, Drain drain, IOptions<GatewayOptions> options, TimeProvider time)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, AccountFeed> _feeds = new(StringComparer.Ordinal);
    private readonly int _maxWatchers = options.Value.MaxWatchers;

    // Only when it is over is it noticed that a silo has gone with the poll it held, so it is shorter than an account would bear.
    private readonly TimeSpan _patience = TimeSpan.FromTicks(Math.Min(WatchPage.MaxPatience.Ticks, options.Value.RequestTimeout.Ticks / 4));

    private int _watchers;

    /// <summary>How many accounts are polled now.</summary>
    public int FeedCount => _feeds.Count;

    private static Refusal TooMany { get; } = new()
    {
        Code = Code.Overloaded,
        Detail = "The gateway has as many watchers as it takes.",
        RetryAfter = RetryAfter,
    };

    /// <summary>Begins to watch. The watcher must be disposed, also when it has ended.</summary>
    /// <param name="account">The account.</param>
    /// <param name="after">The sequence last seen; null to begin with the account as it is now.</param>
    public async Task<Answer<AccountWatcher>> Watch(string account, long? after)
    {
        if (Interlocked.Increment(ref _watchers) > _maxWatchers)
        {
            Interlocked.Decrement(ref _watchers);
            return TooMany;
        }

        drain.EnterStream();
        var answer = default(Answer<AccountWatcher>);
        try
        {
            answer = await Begin(account, after);
            return answer;
        }
        finally
        {
            if (answer.Reply is null)
            {
                Leave();
            }
        }
    }

    private async Task<Answer<AccountWatcher>> Begin(string account, long? after)
    {
        // An account keeps its changes from the first time it is asked for them: asked before it is read, none falls between.
        var keeping = await router.Watch(account, long.MaxValue, TimeSpan.Zero);
        if (keeping.Refusal is { } unwatchable)
        {
            return unwatchable;
        }

        var read = await router.GetAccount(account);
        if (read.Reply is not { } view)
        {
            return read.Refusal!;
        }

        var watcher = new AccountWatcher(after is null ? view : null, after ?? view.Sequence, time);
        if (after > view.Sequence)
        {
            // Seen by the caller and lost since (or never true): from here on it is told what is.
            watcher.BeginAgain(view.Sequence);
        }

        var position = Math.Min(after ?? view.Sequence, view.Sequence);
        var feed = Join(account, watcher, position, out var isBehind);
        if (isBehind)
        {
            var missed = await router.Watch(account, position, TimeSpan.Zero);
            if (missed.Reply is not { } page)
            {
                Part(account, feed, watcher);
                return missed.Refusal!;
            }

            watcher.CatchUp(page, position);
        }

        watcher.EndWith(
            onLeave: () =>
            {
                Part(account, feed, watcher);
                Leave();
            },
            drain.Stopping);
        return watcher;
    }

    private AccountFeed Join(string account, AccountWatcher watcher, long position, out bool isBehind)
    {
        while (true)
        {
            var feed = _feeds.GetOrAdd(account, id => new AccountFeed(id, router, _patience, time));
            if (feed.TryAdd(watcher, position, out isBehind))
            {
                return feed;
            }

            Forget(account, feed);
        }
    }

    private void Part(string account, AccountFeed feed, AccountWatcher watcher)
    {
        if (feed.Remove(watcher))
        {
            Forget(account, feed);
        }
    }

    private void Leave()
    {
        Interlocked.Decrement(ref _watchers);
        drain.LeaveStream();
    }

    private void Forget(string account, AccountFeed feed) => _feeds.TryRemove(KeyValuePair.Create(account, feed));
}
