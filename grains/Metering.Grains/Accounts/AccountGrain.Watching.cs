using Metering.Contracts;

namespace Metering.Grains.Accounts;

/// <summary>What falls due by itself, and telling watchers what happened.</summary>
public sealed partial class AccountGrain
{
    /// <summary>A timer further ahead is set again when it comes: most activations are gone by then.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    private RecentChanges? _watched;
    private IGrainTimer? _alarm;
    private DateTimeOffset _alarmAt = DateTimeOffset.MaxValue;

    /// <summary>
    /// Changes are kept from the first watcher on, as long as the activation lives: an account that nobody watches pays nothing. A watcher is
    /// shown only what is durable.
    /// </summary>
    public async Task<Answer<WatchPage>> Watch(long after, TimeSpan patience)
    {
        if (Begin(out _) is { } refusal)
        {
            return refusal;
        }

        if (!_account.Exists)
        {
            return NotFoundAndLeave();
        }

        _watched ??= new RecentChanges(_account.Sequence);
        var longest = patience > WatchPage.MaxPatience ? WatchPage.MaxPatience : patience;
        if (after == _account.Sequence && longest > TimeSpan.Zero)
        {
            await _watched.NextAsync(longest, _time);
        }

        var page = _watched.After(after);
        return await SettleAsync() is { } lost ? lost : page;
    }

    /// <summary>Sees to it that what falls due next is recorded when it does, though nobody calls.</summary>
    private void WakeWhenDue()
    {
        var dueAt = _account.NextDueAt;
        if (dueAt >= _alarmAt || _outOfService is not null)
        {
            return;
        }

        var clock = _time.GetUtcNow();
        var wait = dueAt - clock > LongestSleep ? LongestSleep : dueAt > clock ? dueAt - clock : TimeSpan.Zero;
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
        _alarmAt = DateTimeOffset.MaxValue;
        if (_outOfService is null && _log is { IsLost: false })
        {
            Begin(out _);
            WakeWhenDue();
        }

        return Task.CompletedTask;
    }
}
