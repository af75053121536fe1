namespace Metering.Grains.Journal;

/// <summary>How an owner knows that the log is still its own, and that the store still has all of it.</summary>
/// <remarks>
/// <para>On a store that others can append to, an owner that was paused may have lost the log without noticing. Its memory is then old, and what it answers from it
/// would be wrong: a balance before charges that another owner has acknowledged since. Leases would bound that by clocks, which a pause defeats. So an answer that
/// made no entries waits for a step of the store that began after the answer was decided: an append that commits, or a look at the last number that finds this
/// owner's. Numbers are only ever taken, so at some moment between that step's begin and its end nobody else had appended, and all that anybody had
/// acknowledged until the answer was decided was in this owner's memory.</para>
/// <para>Such steps are shared like appends: one is under way at most, and all who ask meanwhile wait for the next. When entries wait too, their append is that step.</para>
/// <para>A step that finds fewer records than were committed finds that the store has lost its tail, see <see cref="RetainedRecords"/>.</para>
/// </remarks>
internal sealed partial class JournalPartition
{
    private readonly bool _confirmsReads;
    private readonly ITimer? _tailTimer;
    private TaskCompletionSource? _asking;
    private TaskCompletionSource? _confirming;
    private long _stepBegunAt;
    private long _provenAt;
    private bool _isTailWatched;
    private bool _isStoreAway;

    /// <summary>The latest records, on a store that may lose them; otherwise null.</summary>
    internal RetainedRecords? Retained { get; }

    /// <summary>
    /// Completes once a step of the store that begins after this call has shown that the log is this owner's. At once when no other process can append, or
    /// when answers may be lost anyway (periodic durability).
    /// </summary>
    /// <returns>
    /// Fails with <see cref="JournalLostException"/> when the log has another owner, with <see cref="JournalUnavailableException"/> when the store could not be asked.
    /// </returns>
    internal Task Confirm(AccountJournal? journal = null)
    {
        if (!_confirmsReads)
        {
            return Task.CompletedTask;
        }

        Task confirmed;
        bool starts;
        lock (_gate)
        {
            ThrowIfEnded();
            journal?.ThrowIfLost();
            confirmed = Ask();
            starts = Wakes();
        }

        if (starts)
        {
            StartDraining();
        }

        return confirmed;
    }

    /// <summary>Under the gate. The task of the step that begins next.</summary>
    private Task Ask() => (_asking ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Under the gate. A step begins: it answers all who have asked by now.</summary>
    private void BeginStep()
    {
        _stepBegunAt = _services.Time.GetTimestamp();
        (_confirming, _asking) = (_asking, null);
    }

    /// <summary>A step has shown that the log ends with this owner's last record.</summary>
    private void Proven()
    {
        Retained?.Proven(_stepBegunAt);
        TaskCompletionSource? confirmed;
        lock (_gate)
        {
            (confirmed, _confirming) = (_confirming, null);
            _isStoreAway = false;
            _provenAt = _stepBegunAt;
            WatchTail();
        }

        confirmed?.TrySetResult();
    }

    /// <returns>False when the partition is lost.</returns>
    private async Task<bool> CheckAsync()
    {
        try
        {
            var last = await LogReading.Bounded(_services, _services.Store.LastAsync(LogName, _ended.Token));
            if (last > _tip.Number)
            {
                return GiveUp(JournalLoss.Fenced, $"another owner has appended record {_tip.Number + 1}");
            }

            if (last < _tip.Number && !await RepairAsync())
            {
                return false;
            }
        }
        catch (Exception exception)
        {
            // Nothing was written, so nothing is in doubt: whoever asked cannot be answered now, and that is all.
            return FailStep(exception);
        }

        if (IsEnded)
        {
            return false;
        }

        Proven();
        return true;
    }

    private bool FailStep(Exception exception)
    {
        TaskCompletionSource? asked;
        bool isNews;
        lock (_gate)
        {
            (asked, _confirming) = (_confirming, null);
            isNews = !_isStoreAway;
            _isStoreAway = true;
        }

        if (isNews && !IsEnded)
        {
            Log.CheckFailed(_services.Logger, exception, LogName);
        }

        asked?.TrySetException(new JournalUnavailableException($"Whether {LogName} is still this silo's cannot be asked.", ReopenDelay, exception));
        _ = asked?.Task.Exception;
        return !IsEnded;
    }

    /// <summary>The store has fewer records than were committed: puts them back. Between steps only, so the tip stands still.</summary>
    /// <returns>False when the partition is lost.</returns>
    /// <exception cref="JournalStoreException">How much is there again is not known; what was committed still is.</exception>
    private async Task<bool> RepairAsync()
    {
        var (found, _) = await LogReading.TipAsync(_services, LogName, _ended.Token);
        if (found == _tip)
        {
            return true;
        }

        if (found.Number >= _tip.Number)
        {
            return GiveUp(JournalLoss.Fenced, $"records were missing at its end, and another owner has appended record {found.Number}");
        }

        var repair = Retained is null ? TailRepair.Impossible : await Retained.RestoreAsync(found, _tip, _ended.Token);
        return repair switch
        {
            TailRepair.Restored => true,
            TailRepair.Disturbed => GiveUp(JournalLoss.Fenced, $"the store has lost records from {found.Number + 1} on, and another owner appends"),
            TailRepair.Impossible => GiveUp(JournalLoss.TailLost, $"the store has lost the committed records {found.Number + 1} to {_tip.Number}"),
        };
    }

    private bool GiveUp(JournalLoss loss, string reason)
    {
        Lose(loss, reason, null);
        return false;
    }

    /// <summary>Under the gate. As long as there is something to lose somebody looks now and then.</summary>
    private void WatchTail()
    {
        if (_tailTimer is not null && !_isTailWatched && !Retained!.IsEmpty)
        {
            _isTailWatched = true;
            _tailTimer.Change(_services.Options.TailCheckInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private void CheckTail()
    {
        bool starts;
        lock (_gate)
        {
            _isTailWatched = false;
            if (IsLost)
            {
                return;
            }

            // A busy log has just been looked at: its appends do.
            if (_services.Time.GetElapsedTime(_provenAt) >= _services.Options.TailCheckInterval)
            {
                _ = Ask();
            }

            WatchTail();
            starts = Wakes();
        }

        if (starts)
        {
            StartDraining();
        }
    }
}
