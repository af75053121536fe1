namespace Metering.Gateway.Routing;

/// <summary>When a caller has waited long enough, over all attempts.</summary>
internal readonly struct Deadline(TimeProvider time, TimeSpan timeout)
{
    /// <summary>Timers may end about so much early. With less left nothing is begun: nobody would wait for it.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    private readonly long _startedAt = time.GetTimestamp();

    /// <summary>What is left of it; never negative.</summary>
    public TimeSpan Left
    {
        get
        {
            var left = timeout - time.GetElapsedTime(_startedAt);
            return left > Tick ? left : TimeSpan.Zero;
        }
    }

    /// <summary>How long the caller has waited.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_startedAt);

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Within(TimeSpan attempt) => TimeSpan.FromTicks(Math.Min(attempt.Ticks, Left.Ticks));
}
