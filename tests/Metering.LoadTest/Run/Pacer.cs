using System.Diagnostics;

namespace Metering.LoadTest.Run;

/// <summary>Says when the next call is to be sent. Calls are sent until its end; what is under way then is still answered.</summary>
internal abstract class Pacer : IDisposable
{
    /// <summary>What <see cref="WaitAsync"/> says when the run is over.</summary>
    public const long Over = -1;

    /// <summary>Waits until a call is due, and tells the moment it was due: ticks of <see cref="Stopwatch"/>, or <see cref="Over"/>.</summary>
    public abstract ValueTask<long> WaitAsync();

    /// <summary>From now on, for so long.</summary>
    public abstract void Start(TimeSpan duration);

    /// <summary>When calls were due that nobody was free to send: each has waited from then until the end.</summary>
    public virtual IEnumerable<long> Unsent() => [];

    public virtual void Dispose()
    {
    }

    public static Pacer Of(double? callsPerSecond) => callsPerSecond is { } rate ? new FixedRate(rate) : new AsAnswered();

    /// <summary>A closed loop: whoever has been answered may send.</summary>
    private sealed class AsAnswered : Pacer
    {
        private long _endsAt;

        public override void Start(TimeSpan duration) => Volatile.Write(ref _endsAt, Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency));

        public override ValueTask<long> WaitAsync()
        {
            var now = Stopwatch.GetTimestamp();
            return new(now < Volatile.Read(ref _endsAt) ? now : Over);
        }
    }

    /// <summary>
    /// An open loop: call k is due k intervals after the start, whatever became of the calls before it. When nobody is free the call
    /// waits, and its latency counts from when it was due: a server that stalls is charged for every call it kept waiting.
    /// </summary>
    private sealed class FixedRate(double callsPerSecond) : Pacer
    {
        // The clock of the operating system wakes a thread no more precisely than this without spinning, which would take a core of the machine.
        private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

        private readonly SemaphoreSlim _due = new(0);
        private readonly CancellationTokenSource _over = new();
        private readonly double _ticksPerCall = Stopwatch.Frequency / callsPerSecond;
        private long _startedAt;
        private long _endsAt;
        private long _taken;

        public override void Start(TimeSpan duration)
        {
            _startedAt = Stopwatch.GetTimestamp();
            _endsAt = _startedAt + (long)(duration.TotalSeconds * Stopwatch.Frequency);
            new Thread(Release) { IsBackground = true, Name = "pacer", Priority = ThreadPriority.AboveNormal }.Start();
        }

        public override async ValueTask<long> WaitAsync()
        {
            try
            {
                await _due.WaitAsync(_over.Token);
            }
            catch (OperationCanceledException)
            {
                return Over;
            }

            return DueAt(Interlocked.Increment(ref _taken) - 1);
        }

        public override IEnumerable<long> Unsent()
        {
            for (var call = Volatile.Read(ref _taken); DueAt(call) < _endsAt; call++)
            {
                yield return DueAt(call);
            }
        }

        public override void Dispose()
        {
            _over.Cancel();
            _over.Dispose();
            _due.Dispose();
            base.Dispose();
        }

        private long DueAt(long call) => _startedAt + (long)(call * _ticksPerCall);

        private void Release()
        {
            var released = 0L;
            for (var now = Stopwatch.GetTimestamp(); now < _endsAt; now = Stopwatch.GetTimestamp())
            {
                var due = (long)((now - _startedAt) / _ticksPerCall) + 1;
                if (due > released)
                {
                    _due.Release((int)(due - released));
                    released = due;
                }

                Thread.Sleep(Tick);
            }

            _over.Cancel();
        }
    }
}
