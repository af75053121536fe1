using Metering.Contracts;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>
/// Bounds the requests in work over both edges, so that a flood costs refusals and not memory; and once there are many, those of any one account.
/// </summary>
internal sealed class Admission
{
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Below one in so many of the most there may be, accounts are not told apart.</summary>
    private const int Crowded = 8;

    /// <summary>Above, an account may have one in so many.</summary>
    private const int ShareOfAccount = 4;

    private readonly int _max;
    private readonly int _crowded;
    private readonly AccountShares _shares;
    private int _inWork;

    public Admission(IOptions<GatewayOptions> options)
    {
        _max = options.Value.MaxConcurrentRequests;
        _crowded = _max / Crowded;
        _shares = new AccountShares(Math.Max(1, _max / ShareOfAccount));
    }

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

    /// <summary>For a request that has entered: a place among those of its account, to be disposed; or a refusal, when the account has its share of them.</summary>
    public Refusal? TryTake(string account, out AccountPlace place)
    {
        place = default;
        if (InWork <= _crowded)
        {
            return null;
        }

        if (!_shares.TryTake(account))
        {
            return new Refusal
            {
                Code = Code.Overloaded,
                Detail = "The gateway has as many requests of this account in work as it takes.",
                Account = account,
                RetryAfter = RetryAfter,
            };
        }

        place = new AccountPlace(_shares, account);
        return null;
    }
}
