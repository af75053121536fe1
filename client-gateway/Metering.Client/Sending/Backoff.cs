using Grpc.Core;

namespace Metering.Client.Sending;

/// <summary>What is worth another attempt, and how long to wait before it.</summary>
internal sealed class Backoff(MeteringClientOptions options)
{
    private const int MaxDoublings = 20;

    /// <summary>
    /// Every call can be sent again: its id, or what it sets, is the same. So only what cannot end otherwise is not tried again: what the
    /// gateway refused for good, and what no server took, such as a message that is too large.
    /// </summary>
    public static bool MayPass(RpcException exception, Refusal? refusal) => refusal?.IsRetryable ?? exception.StatusCode is
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Aborted or StatusCode.Internal or StatusCode.Unknown;

    /// <summary>Half of the wait is chance: callers that failed together must not come back together.</summary>
    /// <param name="tried">Attempts so far: 1 or more.</param>
    /// <param name="retryAfter">What the gateway asked for, if it did.</param>
    public TimeSpan Delay(int tried, TimeSpan? retryAfter)
    {
        var longest = Math.Min(options.MaxDelay.Ticks, options.FirstDelay.Ticks << Math.Min(tried - 1, MaxDoublings));
        var delay = TimeSpan.FromTicks((longest / 2) + Random.Shared.NextInt64((longest / 2) + 1));
        return retryAfter > delay ? TimeSpan.FromTicks(Math.Min(retryAfter.Value.Ticks, options.MaxDelay.Ticks)) : delay;
    }
}
