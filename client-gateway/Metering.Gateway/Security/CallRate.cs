using Metering.Contracts;

namespace Metering.Gateway.Security;

/// <summary>
/// How many requests and charges of one key this gateway takes: two buckets, each filled continuously and holding a second's worth. A batch is let in while there is
/// anything in the bucket, and what it takes too much is paid back first: so batches larger than the bucket are not shut out for ever.
/// </summary>
internal sealed class CallRate(int? requestsPerSecond, int? chargesPerSecond, TimeProvider time)
{
    private readonly Bucket? _requests = requestsPerSecond is { } requests ? new Bucket(requests, time) : null;
    private readonly Bucket? _charges = chargesPerSecond is { } charges ? new Bucket(charges, time) : null;

    public bool Has(int? requests, int? charges) => requestsPerSecond == requests && chargesPerSecond == charges;

    /// <returns>Null when it may go on.</returns>
    public Refusal? TakeRequest() => _requests?.Take(1) is { } wait ? TooOften("requests", requestsPerSecond!.Value, wait) : null;

    /// <returns>Null when they may go on.</returns>
    public Refusal? TakeCharges(int count) => _charges?.Take(count) is { } wait ? TooOften("charges", chargesPerSecond!.Value, wait) : null;

    private static Refusal TooOften(string what, int most, TimeSpan wait) => new()
    {
        Code = Code.RateLimited,
        Detail = $"The key may send {most} {what} a second.",
        RetryAfter = wait,
    };

    private sealed class Bucket(int perSecond, TimeProvider time)
    {
        private readonly Lock _lock = new();
        private double _level = perSecond;
        private long _at = time.GetTimestamp();

        /// <returns>Null when there was something in it; otherwise how long until there is.</returns>
        public TimeSpan? Take(int count)
        {
            lock (_lock)
            {
                var now = time.GetTimestamp();
                _level = Math.Min(perSecond, _level + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
                _at = now;
                if (_level < 1)
                {
                    return TimeSpan.FromSeconds((1 - _level) / perSecond);
                }

                _level -= count;
                return null;
            }
        }
    }
}
