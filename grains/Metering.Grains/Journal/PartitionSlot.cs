namespace Metering.Grains.Journal;

/// <summary>
/// The place of one partition in this silo: empty, being opened for everybody who waits, or open. After a loss or a
/// failed opening it answers "unavailable" at once for a while, so that callers do not hammer the store.
/// </summary>
internal sealed class PartitionSlot(JournalServices services, int number) : IDisposable
{
    /// <summary>A damaged log is looked at again after so long: an operator may have restored it.</summary>
    private static readonly TimeSpan DamageRecheck = TimeSpan.FromSeconds(30);

    /// <summary>Longer than a former owner takes to let go: before that, opening would fence it out of what it is making durable.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    /// <summary>
    /// After another owner has fenced it out, how long to leave that one alone. Should both believe to own the partition, they take it from each other so often; should the other be gone, what it
    /// had not archived waits so long.
    /// </summary>
    private static readonly TimeSpan FencedPause = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private JournalPartition? _partition;
    private Task<JournalPartition>? _opening;
    private CancellationTokenSource? _openingEnds;
    private int _releases;
    private Exception? _failure;
    private long _failedAt;
    private LogTip _known;
    private long? _mineSince;

    internal string LogName { get; } = PartitionLog.NameOf(number);

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

    /// <summary>Why the partition is not open although it should be; null when it is open, or nobody asked for it, or it is another silo's.</summary>
    internal string? Fault
    {
        get
        {
            lock (_lock)
            {
                return !services.Ownership.IsMine(number) || _partition is { IsLost: false } ? null
                    : _failure is not null ? _failure.Message
                    : _partition is { Loss: not null and not JournalLoss.Closed } lost ? lost.Lost().Message
                    : null;
            }
        }
    }

    /// <summary>
    /// Opens the partition though nobody asks for it. If it was lost, or could not be opened: what a store has lost of it this silo alone may have, in memory, and is to put back
    /// before something happens to this silo too. With an archive also once it has been this silo's for a while: what a former owner had not archived waits in its log. After
    /// another owner has fenced it out only when that is some time ago: before, that would be to fight over it.
    /// </summary>
    internal async Task OpenUnaskedAsync()
    {
        lock (_lock)
        {
            var isSettled = IsSettled();
            var isToOpenAgain = _failure is not null || _partition?.Loss is JournalLoss.Uncertain or JournalLoss.TailLost;
            var isLeftAlone = _partition is { Loss: JournalLoss.Fenced } fenced && Left(fenced.LostAt, FencedPause) is not null;
            var isToOpenForArchive = services.Archive is not null && isSettled && !isLeftAlone && _partition is not { IsLost: false };
            if (_releases > 0 || _opening is not null || !(isToOpenAgain || isToOpenForArchive))
            {
                return;
            }
        }

        try
        {
            await GetAsync(_stopping.Token);
        }
        catch (Exception failure) when (failure is JournalUnavailableException or DamagedLogException or OperationCanceledException)
        {
            // It said so, or it is not this silo's, or it is too early; and it will be tried again.
        }
    }

    /// <summary>The partition, opened if need be.</summary>
    /// <exception cref="JournalUnavailableException">It is another silo's, on its way there, or cannot be opened now.</exception>
    internal async Task<JournalPartition> GetAsync(CancellationToken cancellationToken)
    {
        if (!services.Ownership.IsMine(number))
        {
            throw HandedOver("is another silo's");
        }

        Task<JournalPartition> opening;
        lock (_lock)
        {
            if (_releases > 0)
            {
                throw HandedOver("is being handed over");
            }

            if (_partition is { IsLost: false })
            {
                return _partition;
            }

            if (_opening is null)
            {
                ThrowIfTooEarly();
                var ends = _openingEnds = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                _opening = services.Start(() => OpenAsync(ends));
            }

            opening = _opening;
        }

        return await opening.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Lets go of the partition after everything taken in is durable, and of an opening that is under way; accounts are refused meanwhile. When the partition
    /// comes back it is opened again as if for the first time.
    /// </summary>
    internal async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        Task? opening;
        lock (_lock)
        {
            _releases++;
            opening = _opening;
            _openingEnds?.Cancel();
        }

        try
        {
            if (opening is not null)
            {
                await opening.WaitAsync(cancellationToken)
                    .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
            }

            if (_partition is { } partition)
            {
                await partition.CloseAsync(cancellationToken);
                partition.Retained?.Clear();
            }
        }
        finally
        {
            lock (_lock)
            {
                _releases--;
            }
        }
    }

    /// <summary>Lets go for good.</summary>
    internal Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping.Cancel();
        return ReleaseAsync(cancellationToken);
    }

    /// <summary>Lets go at once; what waits fails.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        Current?.Dispose();
    }

    /// <summary>Whether the partition has been this silo's for long enough that a former owner has let go of it. Asked now and then; begins anew when it is another's.</summary>
    private bool IsSettled()
    {
        if (!services.Ownership.IsMine(number))
        {
            _mineSince = null;
            return false;
        }

        _mineSince ??= services.Time.GetTimestamp();
        return services.Time.GetElapsedTime(_mineSince.Value) >= Settling;
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

    private async Task<JournalPartition> OpenAsync(CancellationTokenSource ends)
    {
        using var disposed = ends;
        try
        {
            var known = _partition is { } lost && lost.Tip.Number > _known.Number ? lost.Tip : _known;
            _known = known;
            var partition = await new PartitionOpening(services, LogName, number, ends.Token).OpenAsync(known, _partition?.Retained);
            lock (_lock)
            {
                (_partition, _opening, _openingEnds, _failure) = (partition, null, null, null);
            }

            partition.Checkpoint.Press();
            return partition;
        }
        catch (DamagedLogException damage)
        {
            JournalMetrics.QuarantinedPartition();
            Log.PartitionDamaged(services.Logger, LogName, damage.Record, damage.Reason);
            Fail(damage);
            throw;
        }
        catch (Exception exception) when (ends.IsCancellationRequested)
        {
            lock (_lock)
            {
                (_opening, _openingEnds) = (null, null);
            }

            throw HandedOver("was given up while it was being opened", exception);
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
            (_failure, _failedAt, _opening, _openingEnds) = (failure, services.Time.GetTimestamp(), null, null);
        }
    }

    private JournalUnavailableException HandedOver(string why, Exception? exception = null) =>
        new($"{LogName} {why}.", services.Options.HandOverDelay, exception!);

    private TimeSpan? Left(long since, TimeSpan delay)
    {
        var left = delay - services.Time.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : null;
    }
}
