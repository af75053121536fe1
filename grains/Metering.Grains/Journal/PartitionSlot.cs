namespace Metering.Grains.Journal;

/// <summary>
/// The place of one partition in this silo: empty, being opened for everybody who waits, or open. After a loss or a
/// failed opening it answers "unavailable" at once for a while, so that callers do not hammer the store.
/// </summary>
internal sealed class PartitionSlot(JournalServices services, int number) : IDisposable
{
    /// <summary>A damaged log is looked at again after so long: an operator may have restored it.</summary>
    private static readonly TimeSpan DamageRecheck = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private JournalPartition? _partition;
    private Task<JournalPartition>? _opening;
    private Exception? _failure;
    private long _failedAt;
    private LogTip _known;

    internal string LogName { get; } = $"partition-{number}";

    /// <summary>The partition, if it is open.</summary>
    internal JournalPartition? Current
    {
        get
        {
            lock (_lock)
            {
                return _partition is { IsLost: false } ? _partition : null;
            }
        }
    }

    /// <summary>The partition, opened if need be.</summary>
    internal async Task<JournalPartition> GetAsync(CancellationToken cancellationToken)
    {
        Task<JournalPartition> opening;
        lock (_lock)
        {
            if (_partition is { IsLost: false })
            {
                return _partition;
            }

            if (_opening is null)
            {
                ThrowIfTooEarly();
                _opening = services.Start(OpenAsync);
            }

            opening = _opening;
        }

        return await opening.WaitAsync(cancellationToken);
    }

    /// <summary>Lets go of the partition, if it is open, after everything taken in is durable. It may be opened again.</summary>
    internal Task ReleaseAsync(CancellationToken cancellationToken) => Current?.CloseAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Lets go for good.</summary>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        Task? opening;
        lock (_lock)
        {
            _stopping.Cancel();
            opening = _opening;
        }

        if (opening is not null)
        {
            await opening.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await ReleaseAsync(cancellationToken);
    }

    /// <summary>Lets go at once; what waits fails.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        Current?.Dispose();
    }

    private void ThrowIfTooEarly()
    {
        if (_stopping.IsCancellationRequested)
        {
            throw new JournalUnavailableException("The silo is stopping.", services.Options.ReopenDelay);
        }

        if (_partition is { Loss: not null and not JournalLoss.Closed } lost && Left(lost.LostAt, services.Options.ReopenDelay) is { } wait)
        {
            throw new JournalUnavailableException($"{LogName} was lost and is opened again soon.", wait);
        }

        if (_failure is DamagedLogException damage && Left(_failedAt, DamageRecheck) is not null)
        {
            throw new DamagedLogException(LogName, damage.Record, damage.Reason);
        }

        if (_failure is not null and not DamagedLogException && Left(_failedAt, services.Options.ReopenDelay) is { } left)
        {
            throw new JournalUnavailableException($"{LogName} could not be opened.", left, _failure);
        }
    }

    private async Task<JournalPartition> OpenAsync()
    {
        try
        {
            var known = _partition is { } lost && lost.Tip.Number > _known.Number ? lost.Tip : _known;
            _known = known;
            var partition = await new PartitionOpening(services, LogName, _stopping.Token).OpenAsync(known);
            lock (_lock)
            {
                (_partition, _opening, _failure) = (partition, null, null);
            }

            partition.Checkpoint.Press();
            return partition;
        }
        catch (DamagedLogException damage)
        {
            Log.PartitionDamaged(services.Logger, LogName, damage.Record, damage.Reason);
            Fail(damage);
            throw;
        }
        catch (Exception exception)
        {
            Log.OpeningFailed(services.Logger, exception, LogName);
            Fail(exception);
            throw new JournalUnavailableException($"{LogName} could not be opened.", services.Options.ReopenDelay, exception);
        }
    }

    private void Fail(Exception failure)
    {
        lock (_lock)
        {
            (_failure, _failedAt, _opening) = (failure, services.Time.GetTimestamp(), null);
        }
    }

    private TimeSpan? Left(long since, TimeSpan delay)
    {
        var left = delay - services.Time.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : null;
    }
}
