using Metering.Contracts;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Http;

/// <summary>Bounds the requests in work over both edges, so that a flood costs refusals and not memory.</summary>
internal sealed class Admission(IOptions<GatewayOptions> options)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly int _max = options.Value.MaxConcurrentRequests;
    private int _inWork;

    public static Refusal Overloaded { get; } = new()
    {
        Code = Code.Overloaded,
        Detail = "The gateway has as many requests in work as it takes.",
        RetryAfter = RetryAfter,
    };

    /// <summary>Requests in work now.</summary>
    public int InWork => Volatile.Read(ref _inWork);

    /// <summary>When true, <see cref="Leave"/> must follow.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _inWork) <= _max)
        {
            return true;
        }

        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _inWork);
}
