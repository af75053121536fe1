using System.Globalization;
using System.Net;

namespace Metering.LoadTest;

/// <summary>
/// The accounts of one replay. Their names carry the run and their number, so another spread of the same calls never mixes with
/// this one; each gets one fixed grant, and a yearly period with a fixed anchor so that no counter begins anew while calls are replayed.
/// </summary>
internal sealed class ReplayAccounts(MeteringApi api, PatientCaller caller, string run, int count)
{
    /// <summary>Far more than any trace costs: a replay measures prices, not refusals.</summary>
    public const decimal GrantedCredits = 1_000_000m;

    private const int MaxConcurrentSetups = 16;

    public int Count => count;

    public string NameOf(int account) => $"{run}-of-{count}-{account:D4}";

    /// <summary>Creates what is missing, and tells every account's balance before the replay.</summary>
    public async Task<decimal[]> PrepareAsync(CancellationToken cancellationToken)
    {
        var balances = new decimal[count];
        await ForEachAsync(
            async (account, token) =>
            {
                var name = NameOf(account);
                var existing = await caller.CallAsync(t => api.GetAccountAsync(name, t), token);
                if (existing.Status == HttpStatusCode.NotFound)
                {
                    Require(await caller.CallAsync(t => api.PutAccountAsync(name, Settings, t), token), $"create the account {name}");
                }

                // Sent each time: a run that died between the two must not leave an account without credits.
                Require(await caller.CallAsync(t => api.AddGrantAsync(name, Grant, t), token), $"grant credits to {name}");
                balances[account] = await ReadBalanceAsync(account, token);
            },
            cancellationToken);
        return balances;
    }

    public async Task<decimal[]> ReadBalancesAsync(CancellationToken cancellationToken)
    {
        var balances = new decimal[count];
        await ForEachAsync(async (account, token) => balances[account] = await ReadBalanceAsync(account, token), cancellationToken);
        return balances;
    }

    private static object Settings => new
    {
        displayName = "Trace replay",
        period = new { every = "year", anchor = "2026-01-01T00:00:00Z" },
    };

    private static object Grant => new { id = "replay", amount = GrantedCredits.ToString(CultureInfo.InvariantCulture) };

    private async Task<decimal> ReadBalanceAsync(int account, CancellationToken cancellationToken)
    {
        var name = NameOf(account);
        return Require(await caller.CallAsync(token => api.GetAccountAsync(name, token), cancellationToken), $"read {name}").Amount("balance");
    }

    private Task ForEachAsync(Func<int, CancellationToken, Task> body, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentSetups, CancellationToken = cancellationToken },
        async (account, token) => await body(account, token));

    private static ApiReply Require(ApiReply reply, string intent) =>
        reply.IsSuccess ? reply : throw new ReplayException($"Could not {intent}: {reply}");
}
