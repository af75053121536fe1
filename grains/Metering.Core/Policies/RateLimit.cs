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

        var seconds = (decimal)(now - At).Ticks / TimeSpan.TicksPerSecond;

        // Beyond this it is full; and below it the product stays within a decimal's digits.
        if (seconds >= (missing.Value / Limit.Quantity.Value * Limit.PerSeconds) + 1m)
        {
            return Limit.Burst;
        }

        var refilled = decimal.Round(seconds / Limit.PerSeconds * Limit.Quantity.Value, Credits.Decimals, MidpointRounding.ToZero);
        return refilled >= missing.Value ? Limit.Burst : Left + Quantity.From(refilled);
    }

    /// <summary>How long until a quantity fits; null when it never will.</summary>
    internal TimeSpan? WaitFor(Quantity quantity, DateTimeOffset now)
    {
        if (quantity > Limit.Burst)
        {
            return null;
        }

        var missing = Quantity.From(Math.Max(0m, quantity.Value - LeftAt(now).Value));
        var seconds = missing.Value / Limit.Quantity.Value * Limit.PerSeconds;
        return TimeSpan.FromSeconds((long)Math.Ceiling(Math.Min(seconds, 1_000_000_000m)));
    }

    /// <summary>Takes what was let through; recorded usage beyond the bucket empties it.</summary>
    internal void Take(Quantity quantity, DateTimeOffset now)
    {
        var left = LeftAt(now);
        Left = quantity > left ? Quantity.Zero : left - quantity;
        At = now;
    }
}
