using Grpc.Core;
using Metering.Client.Wire;

namespace Metering.Client.Sending;

/// <summary>
/// Sends a call again while its cause may pass: unreachable, overloaded, late. Every attempt is the same bytes with the same id, so an
/// attempt that was done but not heard of is recognised and not done again.
/// </summary>
internal sealed class Retries(MeteringClientOptions options, Backoff backoff)
{
    public Task<Answer<T>> Run<T>(Func<CallOptions, Task<T>> attempt, CancellationToken cancellationToken)
        where T : class =>
        Run(attempt, new Due(options.Time, options.Deadline), cancellationToken);

    public Task<Answer<T>> Run<T>(Func<CallOptions, Task<T>> attempt, Due due, CancellationToken cancellationToken)
        where T : class =>
        Run(attempt, options.AttemptTimeout, due, cancellationToken);

    public async Task<Answer<T>> Run<T>(Func<CallOptions, Task<T>> attempt, TimeSpan attemptTimeout, Due due, CancellationToken cancellationToken)
        where T : class
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                var timeout = TimeSpan.FromTicks(Math.Min(attemptTimeout.Ticks, due.Left.Ticks));
                var call = new CallOptions(deadline: options.Time.GetUtcNow().UtcDateTime + timeout, cancellationToken: cancellationToken);
                return new Answer<T>(await attempt(call), null);
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var refusal = RefusalMessages.Of(exception);
                var delay = backoff.Delay(tried, refusal?.RetryAfter);
                if (!Backoff.MayPass(exception, refusal) || delay >= due.Left)
                {
                    return refusal is not null ? new Answer<T>(null, refusal) : throw new MeteringException(MeteringException.Unanswered, exception);
                }

                await Task.Delay(delay, options.Time, cancellationToken);
            }
        }
    }
}
