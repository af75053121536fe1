using Metering.Contracts;
using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Metering.Grains.Accounts;

/// <summary>What falls due by itself, and telling watchers what happened.</summary>
public sealed partial class AccountGrain
{
    /// <summary>A timer further ahead is set again when it comes: most activations are gone by then.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    /// <summary>
    /// How long an activation that serves nobody (no such account, quarantined) goes on saying so before it leaves. Orleans sends what waits for
    /// an activation that leaves on to the next one, but only twice: if each left at its first refusal, most of many callers would hear of
    /// an error, the one who creates the account among them.
    /// </summary>
    private static readonly TimeSpan Lingering = TimeSpan.FromSeconds(1);

    /// <summary>The collector must not come before the alarm that records the last hold's expiry.</summary>
    private static readonly TimeSpan LastExpiry = TimeSpan.FromMinutes(1);

    private RecentChanges? _watched;
    private IGrainTimer? _unwatched;
    private IGrainTimer? _alarm;
    private DateTimeOffset _alarmAt = DateTimeOffset.MaxValue;
    private DateTimeOffset _staysUntil = DateTimeOffset.MinValue;

    /// <summary>
    /// Changes are kept from the first watcher on, as long as the activation lives: an account that nobody watches pays nothing. After a crash
    /// they are kept from the last snapshot on, so that a watcher who comes back soon has missed none. A watcher is shown only what is durable.
    /// </summary>
    public async Task<Answer<WatchPage>> Watch(long after, TimeSpan patience)
    {
        long? before;
        var next = Task.CompletedTask;
        lock (this)
        {
            before = _log?.LastSequence;
            if (Look() is { } refusal)
            {
                return refusal;
            }

            if (_account.Exists)
            {
                _watched ??= NewChanges(_account.Sequence);
                StopForgetting();
                var longest = patience > WatchPage.MaxPatience ? WatchPage.MaxPatience : patience;
                if (after == _account.Sequence && longest > TimeSpan.Zero)
                {
                    if (_watched.Waiting >= _options.MaxWatchers)
                    {
                        return Refuse(Code.Overloaded, $"{_options.MaxWatchers} watchers wait for this account, as many as may.") with { RetryAfter = TimeSpan.FromSeconds(1) };
                    }

                    next = _watched.NextAsync(longest, _time);
                }
            }
        }

        await next;
        Answer<WatchPage> page;
        Task settled;
        lock (this)
        {
            page = _account.Exists ? _watched!.After(after) : NotFoundAndLeave();
            try
            {
                settled = SettledSince(before);
            }
            catch (JournalLostException)
            {
                GiveUp();
                return Unavailable();
            }
        }

        return await FailureAsync(settled) is { } lost ? lost : page;
    }

    private RecentChanges NewChanges(long since) => new(since, ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);

    /// <summary>Who watched before a crash comes back within seconds; if nobody does, what the recovery read is not kept.</summary>
    private void KeepForReturningWatchers()
    {
        if (_watched is not null)
        {
            _unwatched = this.RegisterGrainTimer(
                ForgetUnwatched,
                new GrainTimerCreationOptions(_options.MaxWatcherAbsence, Timeout.InfiniteTimeSpan) { Interleave = true });
        }
    }

    private Task ForgetUnwatched()
    {
        lock (this)
        {
            StopForgetting();
            _watched?.Dispose();
            _watched = null;
        }

        return Task.CompletedTask;
    }

    private void StopForgetting()
    {
        _unwatched?.Dispose();
        _unwatched = null;
    }

    /// <summary>Under the turn lock: a turn in which nobody asks for anything, to record what fell due.</summary>
    private Refusal? Look()
    {
        try
        {
            if (Begin(_time.GetUtcNow(), out _) is { } refusal)
            {
                return refusal;
            }

            WakeWhenDue();
            return null;
        }
        catch (JournalLostException)
        {
            GiveUp();
            return Unavailable();
        }
        catch (Exception)
        {
            GiveUp();
            throw;
        }
    }

    /// <summary>Sees to it that what falls due next is recorded when it does, though nobody calls.</summary>
    private void WakeWhenDue()
    {
        StayForHolds();
        var dueAt = _account.NextDueAt;
        if (dueAt >= _alarmAt)
        {
            return;
        }

        if (IsAtHome)
        {
            var clock = _time.GetUtcNow();
            SetAlarm(clock, dueAt - clock > LongestSleep ? LongestSleep : dueAt > clock ? dueAt - clock : TimeSpan.Zero);
        }
        else
        {
            // Taken as set until it is, so that not every charge until then posts it again.
            _alarmAt = dueAt;
            Post(SetPostedAlarm);
        }
    }

    private void SetPostedAlarm()
    {
        lock (this)
        {
            _alarmAt = DateTimeOffset.MaxValue;
            WakeWhenDue();
        }
    }

    /// <summary>
    /// An account with open holds stays in memory, however idle, until none can be open any more: were it collected, a hold would expire only
    /// when somebody called, long after its time, and a watcher would not hear of it.
    /// </summary>
    private void StayForHolds()
    {
        if (_account.Holds.OpenUntil is var until && until != _staysUntil)
        {
            _staysUntil = until;
            Stay();
        }
    }

    /// <summary>Tells the idle collector how long holds and the router's calls keep this activation: one value, for the later would undo the earlier.</summary>
    private void Stay()
    {
        if (!IsAtHome)
        {
            Post(Stay);
            return;
        }

        var now = _time.GetUtcNow();
        var forHolds = _staysUntil > now ? _staysUntil - now + LastExpiry : TimeSpan.Zero;
        var forRouter = _usedUntil > now ? _usedUntil - now : TimeSpan.Zero;
        DelayDeactivation(forHolds > forRouter ? forHolds : forRouter);
    }

    private void LeaveSoon(TimeSpan wait)
    {
        if (_alarmAt == DateTimeOffset.MaxValue)
        {
            SetAlarm(_time.GetUtcNow(), wait);
        }
    }

    private void LeaveSoonIfUnknown()
    {
        if (_outOfService is null && !_account.Exists)
        {
            LeaveSoon(Lingering);
        }
    }

    private void SetAlarm(DateTimeOffset clock, TimeSpan wait)
    {
        _alarmAt = clock + wait;
        if (_alarm is null)
        {
            _alarm = this.RegisterGrainTimer(Wake, new GrainTimerCreationOptions(wait, Timeout.InfiniteTimeSpan) { Interleave = true });
        }
        else
        {
            _alarm.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private Task Wake()
    {
        lock (this)
        {
            _alarmAt = DateTimeOffset.MaxValue;
            if (_outOfService is not null || !_account.Exists)
            {
                Leave("It serves nobody.");
            }
            else if (Look() is { RetryAfter: { } pause } && _outOfService is null)
            {
                // There was no room for what is due; trying again at once would only spin.
                SetAlarm(_time.GetUtcNow(), pause);
            }
        }

        return Task.CompletedTask;
    }
}
