using Grpc.Core;

namespace Metering.Client;

/// <summary>
/// Sends a call again while its cause may pass: unreachable, overloaded, late. Every attempt is the same bytes with the same id, so an
/// attempt that was done but not heard of is recognised and not done again.
/// </summary>
internal sealed class Retries(MeteringClientOptions options)
{
    public async Task<Answer<T>> Run<T>(Func<CallOptions, Task<T>> attempt, CancellationToken cancellationToken)
        where T : class
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                var deadline = options.Time.GetUtcNow().UtcDateTime + options.AttemptTimeout;
                return new Answer<T>(await attempt(new CallOptions(deadline: deadline, cancellationToken: cancellationToken)), null);
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var refusal = Messages.RefusalOf(exception);
                if (!MayPass(exception.StatusCode) || tried == options.MaxAttempts)
                {
                    return refusal is not null
                        ? new Answer<T>(null, refusal)
                        : throw new MeteringException("No answer came. It may or may not have been done: send it again with the same id.", exception);
                }

                await Task.Delay(Delay(tried, refusal?.RetryAfter), options.Time, cancellationToken);
            }
        }
    }

    private static bool MayPass(StatusCode status) =>
        status is StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.DeadlineExceeded;

    // Half of the wait is chance: callers that failed together must not come back together.
    private TimeSpan Delay(int tried, TimeSpan? retryAfter)
    {
        var longest = TimeSpan.FromTicks(Math.Min(options.MaxDelay.Ticks, options.FirstDelay.Ticks << Math.Min(tried - 1, 20)));
        var delay = TimeSpan.FromTicks((longest.Ticks / 2) + Random.Shared.NextInt64((longest.Ticks / 2) + 1));
        return retryAfter > delay ? TimeSpan.FromTicks(Math.Min(retryAfter.Value.Ticks, options.MaxDelay.Ticks)) : delay;
    }
}
