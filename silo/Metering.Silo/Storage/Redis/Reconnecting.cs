using StackExchange.Redis;

namespace Metering.Silo.Storage.Redis;

/// <summary>
/// When to try to connect again: a quarter of a second after a connection was lost, since most are back by then, and then less and less often. The client also asks it
/// when to give up an attempt that is under way; so the steps reach what a slow network needs.
/// </summary>
internal sealed class Reconnecting : IReconnectRetryPolicy
{
    private const int FirstMilliseconds = 250;
    private const int MaxDoublings = 2;

    public bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry) =>
        timeElapsedMillisecondsSinceLastRetry >= FirstMilliseconds << (int)Math.Min(currentRetryCount, MaxDoublings);
}
