using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>
/// Bounds the calls that are being tried again at once. While silos are away every caller waits here for their return: without the bound they would
/// take all places of the gateway, also from those whose silos are well, and come down on the first silo that is back all together.
/// </summary>
internal sealed class RetryBudget(IOptions<GatewayOptions> options)
{
    private readonly int _max = options.Value.MaxConcurrentRetries;
    private int _retrying;

    /// <summary>How many calls are being tried again now.</summary>
    public int Retrying => Volatile.Read(ref _retrying);

    /// <summary>When true, <see cref="Leave"/> must follow. False at once when the budget is spent.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _retrying) <= _max)
        {
            return true;
        }

        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _retrying);
}
