using Metering.Contracts;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>
/// Calls of grains, each sent again while a silo is away, within the caller's time (<see cref="Retrying"/>). Every attempt is the same request with the same id; why each may be
/// repeated stands beside it (<see cref="Repetition"/>). What cannot be answered even so becomes a refusal here, once, for both edges (<see cref="SiloFailure"/>).
/// </summary>
/// <remarks>
/// An attempt whose time is over is not waited for, and may still be done (not for long: <see cref="AttemptTime"/>): its repetition then hears what it did. Only one attempt of a call is
/// waited for at a time, and Orleans lets go of the others when their own time is over, so they do not pile up.
/// </remarks>
internal sealed class GrainCalls(AccountGrains accounts, ISilos silos, RetryBudget budget, FailureLog failures, IOptions<GatewayOptions> options, TimeProvider time)
{
    private readonly TimeSpan _request = options.Value.RequestTimeout;

    /// <summary>How long one attempt may take, where its call has no other time.</summary>
    public TimeSpan Attempt { get; } = options.Value.SiloTimeout;

    /// <summary>For a call that begins now: when all of it has taken long enough.</summary>
    public Deadline Begin() => Begin(TimeSpan.Zero);

    /// <summary>The same for one that may take longer.</summary>
    public Deadline Begin(TimeSpan longer) => new(time, _request + longer);

    /// <summary>For the next call: when it is too late for it (<see cref="AttemptTime"/>).</summary>
    public void BeginAttempt(TimeSpan wait)
    {
        if (silos.AreElsewhere)
        {
            AttemptTime.Begin(time.GetUtcNow(), wait);
        }
    }

    /// <summary>Calls an account, if any silo has been found yet.</summary>
    public Task<Answer<T>> Ask<TArgument, T>(
        string account, Repetition repetition, TArgument argument, Func<IAccountGrain, TArgument, Task<Answer<T>>> call, TimeSpan attempt, Deadline deadline)
        where T : class =>
        silos.WhyNotFound is { } reason
            ? Task.FromResult<Answer<T>>(SiloFailure.NotFound(account, reason))
            : Send(account, repetition, accounts.Of(account), argument, call, attempt, deadline);

    /// <summary>Calls any grain. Until a silo has been found there is none to be had.</summary>
    /// <param name="account">To be named where the call is refused; null when it is about none.</param>
    /// <param name="repetition">What a second attempt would do.</param>
    /// <param name="grain">Whom to call.</param>
    /// <param name="argument">With what.</param>
    /// <param name="call">The call.</param>
    /// <param name="attempt">How long one attempt may take.</param>
    /// <param name="deadline">How long all may.</param>
    public Task<Answer<T>> Send<TGrain, TArgument, T>(
        string? account,
        Repetition repetition,
        TGrain grain,
        TArgument argument,
        Func<TGrain, TArgument, Task<Answer<T>>> call,
        TimeSpan attempt,
        Deadline deadline)
        where T : class =>
        Send(account, repetition, grain, argument, static (argument, _) => argument, call, attempt, deadline);

    /// <inheritdoc cref="Send{TGrain, TArgument, T}(string, Repetition, TGrain, TArgument, Func{TGrain, TArgument, Task{Answer{T}}}, TimeSpan, Deadline)"/>
    /// <param name="account">To be named where the call is refused; null when it is about none.</param>
    /// <param name="repetition">What a second attempt would do.</param>
    /// <param name="grain">Whom to call.</param>
    /// <param name="argument">With what.</param>
    /// <param name="again">With what after the first attempt; it is told how long ago that was.</param>
    /// <param name="call">The call.</param>
    /// <param name="attempt">How long one attempt may take.</param>
    /// <param name="deadline">How long all may.</param>
    public async Task<Answer<T>> Send<TGrain, TArgument, T>(
        string? account,
        Repetition repetition,
        TGrain grain,
        TArgument argument,
        Func<TArgument, TimeSpan, TArgument> again,
        Func<TGrain, TArgument, Task<Answer<T>>> call,
        TimeSpan attempt,
        Deadline deadline)
        where T : class
    {
        var first = argument;
        var retrying = (Retrying?)null;
        try
        {
            while (true)
            {
                Answer<T> answer;
                bool mayPass;
                var failure = (Exception?)null;
                try
                {
                    var left = deadline.Within(attempt);
                    BeginAttempt(left);
                    var sent = left > TimeSpan.Zero ? call(grain, argument) : throw new TimeoutException();
                    answer = await (sent.IsCompletedSuccessfully ? sent : sent.WaitAsync(left, time));
                    mayPass = answer.Refusal is { Code: Code.Unavailable };
                }
                catch (Exception exception)
                {
                    failure = exception;
                    (var refusal, mayPass) = SiloFailure.Of(account, exception);
                    answer = refusal;
                }

                if (mayPass && repetition.IsSafe())
                {
                    // What the silo asks for counts; what is asked of callers after a failed attempt does not.
                    retrying ??= new Retrying(budget, deadline, time);
                    if (await retrying.Again(failure is null ? answer.Refusal!.RetryAfter : null))
                    {
                        argument = again(first, deadline.Elapsed);
                        continue;
                    }
                }

                if (failure is not null)
                {
                    failures.GivenUp(failure);
                }

                return answer;
            }
        }
        finally
        {
            retrying?.Dispose();
        }
    }
}
