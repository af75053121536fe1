namespace Metering.Grains.Journal;

/// <summary>
/// Keeps the log of one partition short: asks the accounts that pin its oldest records for a snapshot, moves the mark, and trims through what is in snapshots and, where there is one, in the archive.
/// </summary>
/// <remarks>
/// It looks now and then, and at once when the log outgrows a quarter of its limit. An account is asked when its oldest entries are older than the
/// interval, or, while the log is over that quarter, whatever their age: the more of them at the same time the longer the log, and all it may at half the limit. So under a steady load
/// snapshots are written at a steady rate; all at once, each time the log had grown, they took the disk from the commits. An account that cannot write its snapshot keeps
/// its records: nothing is trimmed beyond it, and it is asked again later.
/// </remarks>
internal sealed class Checkpoint : IDisposable
{
    /// <summary>Accounts asked before the log is trimmed again, for each that is asked at the same time.</summary>
    private const int AccountsPerTrim = 16;

    private readonly JournalServices _services;
    private readonly JournalPartition _partition;
    private readonly TailIndex _index;
    private readonly TimeSpan _pause;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopped = new();
    private readonly DelayedTrim _delayed;
    private long _trimmed;
    private int _presses;

    internal Checkpoint(JournalServices services, JournalPartition partition, TailIndex index)
    {
        _services = services;
        _partition = partition;
        _index = index;
        _delayed = new DelayedTrim(services.Options.TrimDelay, services.Time);
        _pause = services.Options.CheckpointInterval / 16;
        _timer = services.Time.CreateTimer(static checkpoint => ((Checkpoint)checkpoint!).Press(), this, _pause, _pause);
    }

    /// <summary>Bytes of log from which accounts are asked whatever the age of their entries.</summary>
    internal static long PressedFrom(JournalOptions options) => options.MaxTailBytes / 4;

    /// <summary>Looks now, or once more if it is just at it. Does not wait.</summary>
    internal void Press()
    {
        if (!_stopped.IsCancellationRequested && Interlocked.Increment(ref _presses) == 1)
        {
            _ = _services.Start(RunAsync);
        }
    }

    public void Dispose()
    {
        _stopped.Cancel();
        _timer.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            int served;
            do
            {
                served = Volatile.Read(ref _presses);
                do
                {
                    await TrimAsync();
                }
                while (await AskAsync());
            }
            while (Interlocked.Add(ref _presses, -served) > 0);
        }
        catch (JournalLostException)
        {
            // The partition has ended and said why; the next owner checkpoints.
        }
    }

    /// <returns>False when nobody is to be asked now.</returns>
    private async Task<bool> AskAsync()
    {
        var now = _services.Time.GetTimestamp();
        var pressure = Pressure();
        var atOnce = pressure > 0 ? Math.Max(1, (int)(pressure * _services.Options.MaxConcurrentCheckpoints)) : _services.Options.MaxConcurrentCheckpoints;
        var olderThan = pressure > 0 ? (long?)null : Before(now, _services.Options.CheckpointInterval);
        var accounts = _index.TakeOldest(AccountsPerTrim * atOnce, now, olderThan, Before(now, _pause));
        if (accounts.Count == 0 || _stopped.IsCancellationRequested)
        {
            return false;
        }

        var next = 0;
        var askers = Enumerable.Range(0, Math.Min(accounts.Count, atOnce)).Select(_ => AskNextAsync());
        await Task.WhenAll(askers.ToArray());
        return true;

        async Task AskNextAsync()
        {
            for (var i = Interlocked.Increment(ref next) - 1; i < accounts.Count && !_stopped.IsCancellationRequested; i = Interlocked.Increment(ref next) - 1)
            {
                await AskAsync(accounts[i]);
            }
        }
    }

    /// <summary>How long the log is: 0 up to a quarter of its limit, 1 from half of it on.</summary>
    private double Pressure()
    {
        var quarter = PressedFrom(_services.Options);
        return Math.Clamp((double)(_index.TailBytes - quarter) / quarter, 0, 1);
    }

    private async Task AskAsync(string account)
    {
        try
        {
            await _services.Accounts.Checkpoint(account);
        }
        catch (Exception exception)
        {
            Log.CheckpointFailed(_services.Logger, exception, account, _partition.LogName);
        }
    }

    private async Task TrimAsync()
    {
        var coverable = _partition.Coverable();
        if (coverable > _partition.Mark)
        {
            await _partition.CommitMarkAsync(coverable);
        }

        // Recovery reads from the mark, however far the archive is behind; what it has not taken only stays where it is.
        var mark = _delayed.Next(Math.Min(_partition.Mark, _partition.Archiving?.Through ?? long.MaxValue));
        if (mark <= _trimmed || _stopped.IsCancellationRequested)
        {
            return;
        }

        try
        {
            await LogReading.Bounded(_services, TrimAsync(mark));
            _trimmed = mark;
        }
        catch (Exception exception)
        {
            Log.TrimFailed(_services.Logger, exception, _partition.LogName, mark);
        }
    }

    private async Task<bool> TrimAsync(long mark)
    {
        await _services.Store.TrimAsync(_partition.LogName, mark, _stopped.Token);
        return true;
    }

    private long Before(long now, TimeSpan time) => now - (long)(time.Ticks * (Int128)_services.Time.TimestampFrequency / TimeSpan.TicksPerSecond);
}
