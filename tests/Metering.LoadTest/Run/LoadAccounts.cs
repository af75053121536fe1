using System.Globalization;

namespace Metering.LoadTest.Run;

/// <summary>
/// The accounts of one run: each with one grant far above what a run can spend, and a yearly period with a fixed anchor, so that no counter
/// begins anew while they are charged.
/// </summary>
internal sealed class LoadAccounts(MeteringApi api, PatientCaller caller, LoadPlan plan)
{
    public const decimal GrantedCredits = 1_000_000_000m;

    private const int MaxConcurrentSetups = 64;

    /// <summary>Makes the accounts and tells each one's sequence before the first charge.</summary>
    public Task<AccountState[]> PrepareAsync(CancellationToken cancellationToken) => ForEachAsync(
        async (name, token) =>
        {
            Require(await caller.CallAsync(t => api.PutAccountAsync(name, Settings, t), token), $"create the account {name}");
            Require(await caller.CallAsync(t => api.AddGrantAsync(name, Grant, t), token), $"grant credits to {name}");
            return await ReadAsync(name, token);
        },
        cancellationToken);

    public Task<AccountState[]> ReadAsync(CancellationToken cancellationToken) => ForEachAsync(ReadAsync, cancellationToken);

    private static object Settings => new { displayName = "Load test", period = new { every = "year", anchor = "2026-01-01T00:00:00Z" } };

    private static object Grant => new { id = "load", amount = GrantedCredits.ToString(CultureInfo.InvariantCulture) };

    private async Task<AccountState> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var account = Require(await caller.CallAsync(token => api.GetAccountAsync(name, token), cancellationToken), $"read {name}");
        return new AccountState(account.Amount("balance"), account.Sequence);
    }

    private async Task<AccountState[]> ForEachAsync(Func<string, CancellationToken, Task<AccountState>> body, CancellationToken cancellationToken)
    {
        var states = new AccountState[plan.Accounts];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, plan.Accounts),
            new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentSetups, CancellationToken = cancellationToken },
            async (account, token) => states[account] = await body(plan.AccountName(account), token));
        return states;
    }

    private static ApiReply Require(ApiReply reply, string intent) =>
        reply.IsSuccess ? reply : throw new LoadException($"Could not {intent}: {reply}");
}

internal readonly record struct AccountState(decimal Balance, long Sequence);
