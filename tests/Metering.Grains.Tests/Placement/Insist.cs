using Metering.Contracts;

namespace Metering.Grains.Tests.Placement;

/// <summary>Asks again and again, as callers do: for what is the same however often it is asked. A call to a cluster of tests waits for a second only, which a busy machine may need.</summary>
internal static class Insist
{
    /// <summary>Until there is an answer that is none of those that ask to be asked again; the test's own time is the limit.</summary>
    internal static async Task<Answer<T>> OnAnswer<T>(Func<Task<Answer<T>>> call)
        where T : class
    {
        while (true)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            try
            {
                var answer = await call();
                if (answer.Refusal is not { Code: Code.Unavailable })
                {
                    return answer;
                }
            }
            catch (Exception lost) when (lost is TimeoutException or OrleansException)
            {
                // It was on its way to a silo that is gone, or that has too much to do.
            }
        }
    }
}
