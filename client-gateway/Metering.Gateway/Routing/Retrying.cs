namespace Metering.Gateway.Routing;

/// <summary>
/// The attempts of one call after its first: a place in the <see cref="RetryBudget"/>, taken with the first of them and given back at the
/// end, and the waits between.
/// </summary>
/// <remarks>
/// Half of each wait is chance, so that those who failed together do not come back together. It begins with tens of milliseconds, for a partition changes
/// hands in less than that, and stops growing soon: silos that are back must not stand idle while their callers sleep.
/// </remarks>
internal sealed class Retrying(RetryBudget budget, Deadline deadline, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    public static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(250);

    private int _tried;
    private bool _hasEntered;

    /// <summary>Waits until the call is to be sent again; false when it is not: its time is over, or too many others are being tried again.</summary>
    /// <param name="retryAfter">What the silo asked for, if it did; taken up to <see cref="MaxDelay"/>.</param>
    public async ValueTask<bool> Again(TimeSpan? retryAfter)
    {
        var delay = Delay(++_tried, retryAfter ?? TimeSpan.Zero);
        if (delay >= deadline.Left || !(_hasEntered = _hasEntered || budget.TryEnter()))
        {
            return false;
        }

        await Task.Delay(delay, time);
        return true;
    }

    public void Dispose()
    {
        if (_hasEntered)
        {
            _hasEntered = false;
            budget.Leave();
        }
    }

    private static TimeSpan Delay(int tried, TimeSpan asked)
    {
        var doubled = FirstDelay.Ticks << Math.Min(tried - 1, 10);
        var longest = Math.Min(Math.Max(doubled, asked.Ticks), MaxDelay.Ticks);
        return TimeSpan.FromTicks((longest / 2) + Random.Shared.NextInt64((longest / 2) + 1));
    }
}
