using Microsoft.Extensions.Logging;

namespace Metering.Grains.Accounts;

/// <summary>
/// Tells operators of what fails for thousands of accounts alike and again every few seconds, when a store is away: of each kind one line in a while, with the last failure and how many there were. Each
/// by itself would fill the disk with the same words, and take the processor time that an outage leaves.
/// </summary>
internal sealed class OutageLog(TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Seldom _snapshotsFailed = new(time);
    private readonly Seldom _snapshotsNotRead = new(time);
    private readonly Seldom _accountsNotReached = new(time);
    private readonly Seldom _rateCardsNotLoaded = new(time);

    public void SnapshotFailed(string account, Exception failure)
    {
        if (_snapshotsFailed.IsDue(out var untold))
        {
            Log.SnapshotFailed(logger, account, untold, failure);
        }
    }

    public void SnapshotNotRead(string account, Exception failure)
    {
        if (_snapshotsNotRead.IsDue(out var untold))
        {
            Log.SnapshotNotRead(logger, account, untold, failure);
        }
    }

    public void AccountNotReached(string account, Exception failure)
    {
        if (_accountsNotReached.IsDue(out var untold))
        {
            Log.AccountNotReached(logger, account, untold, failure);
        }
    }

    public void RateCardNotLoaded(string card, string account, Exception failure)
    {
        if (_rateCardsNotLoaded.IsDue(out var untold))
        {
            Log.RateCardNotLoaded(logger, card, account, untold, failure);
        }
    }

    private sealed class Seldom(TimeProvider time)
    {
        private readonly Lock _lock = new();
        private long? _toldAt;
        private long _untold;

        /// <param name="untold">How often it was not due since the last time it was.</param>
        public bool IsDue(out long untold)
        {
            lock (_lock)
            {
                if (_toldAt is { } toldAt && time.GetElapsedTime(toldAt) < Interval)
                {
                    untold = ++_untold;
                    return false;
                }

                (untold, _untold, _toldAt) = (_untold, 0, time.GetTimestamp());
                return true;
            }
        }
    }
}
