using Microsoft.Extensions.Time.Testing;

namespace Metering.Grains.Tests;

/// <summary>A clock that stands still unless the test moves it, and that knows the timers set by it.</summary>
internal sealed class TestClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    /// <summary>More than any test reads on one thread before the time changes.</summary>
    private const int MaxReads = 1_000_000;

    [ThreadStatic]
    private static (TestClock? Of, long At, int Count) _reads;

    private readonly Lock _lock = new();
    private readonly HashSet<SetTimer> _timers = [];

    /// <summary>
    /// Stands still, except for one reading after very many on a thread: Orleans waits for a moment by delays of whole milliseconds, and when less than one is left it asks for the time again at
    /// once, in a loop, until the moment has come. By this clock that would be for ever, in the middle of <see cref="FakeTimeProvider.Advance"/>. Its moments are random, so this happens seldom.
    /// </summary>
    public override DateTimeOffset GetUtcNow()
    {
        var now = base.GetUtcNow();
        ref var reads = ref _reads;
        reads = reads.Of == this && reads.At == now.Ticks ? reads with { Count = reads.Count + 1 } : (this, now.Ticks, 0);
        if (reads.Count < MaxReads)
        {
            return now;
        }

        reads = default;
        return now + TimeSpan.FromMilliseconds(1);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SetTimer(this, base.CreateTimer(callback, state, dueTime, period));
        timer.Set(dueTime);
        return timer;
    }

    /// <summary>
    /// Waits until somebody has set a timer now for so long. What a test lets go on sets its timers in its own time: moving the clock before that would not reach them.
    /// </summary>
    internal async Task UntilSetAsync(TimeSpan dueTime)
    {
        while (!IsSet(dueTime))
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private bool IsSet(TimeSpan dueTime)
    {
        var now = GetUtcNow();
        lock (_lock)
        {
            return _timers.Any(timer => timer.SetAt == now && timer.DueTime == dueTime);
        }
    }

    private sealed class SetTimer(TestClock clock, ITimer inner) : ITimer
    {
        internal DateTimeOffset SetAt { get; private set; }

        internal TimeSpan DueTime { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var isChanged = inner.Change(dueTime, period);
            Set(dueTime);
            return isChanged;
        }

        public void Dispose()
        {
            inner.Dispose();
            lock (clock._lock)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        /// <summary>Once it is: whoever waits for it moves the clock.</summary>
        internal void Set(TimeSpan dueTime)
        {
            lock (clock._lock)
            {
                (SetAt, DueTime) = (clock.GetUtcNow(), dueTime);
                clock._timers.Add(this);
            }
        }
    }
}
