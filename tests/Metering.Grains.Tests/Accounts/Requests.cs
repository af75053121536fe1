using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>What callers ask of an account, in the test's words. A call costs one credit unless a test publishes another card.</summary>
internal static class Requests
{
    internal static ChargeRequest Calls(string id, decimal calls, ChargeMode mode = ChargeMode.Enforce) => new()
    {
        Id = id,
        Lines = [new ChargeLine { Meter = "api.calls", Quantity = calls }],
        Mode = mode,
    };

    internal static GrantRequest Grant(decimal amount, string id = "plan") => new() { Id = id, Amount = amount };

    internal static HoldRequest Hold(string id, decimal credits, TimeSpan? timeToLive = null) => new()
    {
        Id = id,
        Credits = credits,
        TimeToLive = timeToLive ?? HoldRequest.DefaultTimeToLive,
    };

    /// <summary>Creates an account with credits.</summary>
    internal static async Task<IAccountGrain> FundAsync(this AccountCluster cluster, string account, decimal credits)
    {
        var grain = cluster.Account(account);
        (await grain.Put(new AccountRequest())).Granted();
        (await grain.AddGrant(Grant(credits))).Granted();
        return grain;
    }

    /// <summary>The reply of a request that had to be granted.</summary>
    internal static T Granted<T>(this Answer<T> answer)
        where T : class
    {
        Assert.True(answer.Refusal is null, $"Expected a reply, but it was refused: {answer.Refusal?.Code}: {answer.Refusal?.Detail}");
        return answer.Reply!;
    }

    /// <summary>The refusal of a request that had to be refused with a code.</summary>
    internal static Refusal Refused<T>(this Answer<T> answer, Code code)
        where T : class
    {
        Assert.True(answer.Refusal is not null, $"Expected the refusal {code}, but there was a reply: {answer.Reply}");
        Assert.True(answer.Refusal.Code == code, $"Expected the refusal {code}, but it was {answer.Refusal.Code}: {answer.Refusal.Detail}");
        return answer.Refusal;
    }

    internal static async Task<T> Granted<T>(this Task<Answer<T>> answer)
        where T : class => (await answer).Granted();

    internal static async Task<Refusal> Refused<T>(this Task<Answer<T>> answer, Code code)
        where T : class => (await answer).Refused(code);
}
