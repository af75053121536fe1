using Metering.Grains.Journal;
using Metering.Silo.Storage;

namespace Metering.Silo.SteppingDown;

/// <summary>
/// Asks the journal's store again and again whether it is there, and knows since when nothing was heard from it, or since when it has answered without a break. Every member may be called
/// from any thread.
/// </summary>
/// <remarks>
/// <para><b>A busy silo is not a silent store.</b> What counts is that nothing arrives, not that an answer is late: answers to questions long given up count too, as long as the store's
/// client waits for them. And the time counts only while this process runs as it should. The questions are asked by the same threads that hear the answers; when they could not ask in time (no
/// processor, a thread pool that is used up, a collection of garbage, a process that was stopped) they could not have heard either, and the silence begins anew.</para>
/// </remarks>
internal sealed class JournalLink(IAnsweringStore store, TimeProvider time) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>How often it asks. A request of a few bytes each time.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>A store that was not heard from for longer has not answered without a break.</summary>
    internal static readonly TimeSpan MaxBreak = 2 * Interval;

    /// <summary>Questions that wait for an answer at most; a store that leaves more unanswered is asked no more before one of them has ended.</summary>
    private const int MaxWaiting = 8;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopped = new();
    private Task _asking = Task.CompletedTask;
    private long _heardAt = time.GetTimestamp();
    private long _wellSince = time.GetTimestamp();
    private long _awakeSince = time.GetTimestamp();
    private long _askedAt = time.GetTimestamp();
    private bool _isBroken;
    private int _waiting;

    /// <summary>For how long nothing has been heard from the store although this process ran as it should. Up to <see cref="Interval"/> it means nothing.</summary>
    internal TimeSpan Silence
    {
        get
        {
            lock (_lock)
            {
                return IsLate ? TimeSpan.Zero : time.GetElapsedTime(Math.Max(_heardAt, _awakeSince));
            }
        }
    }

    /// <summary>For how long the store has answered this silo without a break; zero when it does not now.</summary>
    internal TimeSpan WellFor
    {
        get
        {
            lock (_lock)
            {
                return _isBroken || time.GetElapsedTime(_heardAt) > MaxBreak ? TimeSpan.Zero : time.GetElapsedTime(_wellSince);
            }
        }
    }

    /// <summary>Under the lock. Whether this process could not even ask in time.</summary>
    private bool IsLate => time.GetElapsedTime(_askedAt) > 2 * Interval;

    /// <summary>While the silo is active: before, its start fails without the store, and afterwards it needs nobody to tell it to go.</summary>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(JournalLink), ServiceLifecycleStage.Active, Start, Stop);

    public void Dispose() => _stopped.Dispose();

    /// <summary>Asks once more.</summary>
    /// <returns>Completes with the answer, or its failure; nobody need wait.</returns>
    internal Task AskAsync()
    {
        lock (_lock)
        {
            if (IsLate)
            {
                _awakeSince = time.GetTimestamp();
            }

            _askedAt = time.GetTimestamp();
            if (Volatile.Read(ref _waiting) >= MaxWaiting)
            {
                return Task.CompletedTask;
            }

            Interlocked.Increment(ref _waiting);
        }

        return HearAsync();
    }

    private async Task HearAsync()
    {
        try
        {
            await store.AskAsync(_stopped.Token);
            Heard();
        }
        catch (Exception failure) when (failure is JournalStoreException or OperationCanceledException)
        {
            Missed();
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void Heard()
    {
        lock (_lock)
        {
            if (_isBroken || time.GetElapsedTime(_heardAt) > MaxBreak)
            {
                _wellSince = time.GetTimestamp();
            }

            _isBroken = false;
            _heardAt = time.GetTimestamp();
        }
    }

    private void Missed()
    {
        lock (_lock)
        {
            _isBroken = true;
        }
    }

    private Task Start(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _heardAt = _wellSince = _awakeSince = _askedAt = time.GetTimestamp();
        }

        _asking = Task.Run(() => AskOnAsync(_stopped.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task Stop(CancellationToken cancellationToken)
    {
        await _stopped.CancelAsync();
        await _asking;
    }

    private async Task AskOnAsync(CancellationToken stopped)
    {
        using var ticks = new PeriodicTimer(Interval, time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stopped))
            {
                _ = AskAsync();
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // The silo stops.
        }
    }
}
