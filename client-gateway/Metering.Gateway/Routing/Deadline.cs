namespace Metering.Gateway.Routing;

/// <summary>When a caller has waited long enough, over all attempts.</summary>
internal readonly struct Deadline(TimeProvider time, TimeSpan timeout)
{
    private readonly long _startedAt = time.GetTimestamp();

    /// <summary>What is left of it; never negative.</summary>
    public TimeSpan Left
    {
        get
        {
            var left = timeout - time.GetElapsedTime(_startedAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>How long the caller has waited.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_startedAt);

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Within(TimeSpan attempt) => TimeSpan.FromTicks(Math.Min(attempt.Ticks, Left.Ticks));
}
