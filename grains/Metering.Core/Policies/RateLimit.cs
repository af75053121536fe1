using System.Numerics;
using Metering.Core.Grants;

namespace Metering.Core.Policies;

/// <summary>A token bucket for the meters that fit a pattern: at most <c>Burst</c> at once, refilled by <c>Quantity</c> every <c>PerSeconds</c>.</summary>
public sealed record RateLimit(string Meter, Quantity Quantity, int PerSeconds, Quantity Burst)
{
    private readonly MeterPatterns _pattern = MeterPatterns.From([Meter]);

    internal bool Fits(string meter) => _pattern.Fit(meter);

    public bool Equals(RateLimit? other) =>
        other is not null && (Meter, Quantity, PerSeconds, Burst) == (other.Meter, other.Quantity, other.PerSeconds, other.Burst);

    public override int GetHashCode() => HashCode.Combine(Meter, Quantity, PerSeconds, Burst);
}

/// <summary>
/// What a rate limit still lets through. It is refilled by arithmetic when it is looked at, rounded down at nine decimals: a bucket may be
/// a nano short, never one over.
/// </summary>
internal sealed class Bucket(RateLimit limit, Quantity left, DateTimeOffset at)
{
    private const long MaxWaitSeconds = 1_000_000_000;

    internal RateLimit Limit { get; } = limit;
    internal Quantity Left { get; private set; } = left;
    internal DateTimeOffset At { get; private set; } = at;

    internal Quantity LeftAt(DateTimeOffset now)
    {
        var missing = Limit.Burst - Left;
        if (missing.IsZero || now <= At)
        {
            return Left;
        }

        var refilled = (BigInteger)Limit.Quantity.Nanos * (now - At).Ticks / (Limit.PerSeconds * TimeSpan.TicksPerSecond);
        return refilled >= (BigInteger)missing.Nanos ? Limit.Burst : Left + Quantity.FromNanos((Int128)refilled);
    }

    /// <summary>How long until a quantity fits; null when it never will.</summary>
    internal TimeSpan? WaitFor(Quantity quantity, DateTimeOffset now)
    {
        if (quantity > Limit.Burst)
        {
            return null;
        }

        var left = LeftAt(now);
        var missing = quantity > left ? quantity - left : Quantity.Zero;
        var rate = (BigInteger)Limit.Quantity.Nanos;
        var seconds = (((BigInteger)missing.Nanos * Limit.PerSeconds) + rate - 1) / rate;
        return TimeSpan.FromSeconds((long)BigInteger.Min(seconds, MaxWaitSeconds));
    }

    /// <summary>Takes what was let through; recorded usage beyond the bucket empties it.</summary>
    internal void Take(Quantity quantity, DateTimeOffset now)
    {
        var left = LeftAt(now);
        Left = quantity > left ? Quantity.Zero : left - quantity;
        At = now;
    }
}
