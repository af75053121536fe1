namespace Metering.EndToEnd.Tests;

/// <summary>What <c>Durability=Periodic</c> gives up, and what it does not.</summary>
public sealed class PeriodicDurabilityTests : CallerTest
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // The answer travels to its caller, and the kill to the server, on a machine that is busy with both.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(500);

    private static readonly Dictionary<string, string> Periodic = new()
    {
        ["Durability"] = "Periodic",
        ["PeriodicInterval"] = Interval.ToString("c"),

        // The callers ask again for everything: none of its ids may have made room for newer ones.
        ["MaxIds"] = "1000000",
    };

    [Fact]
    public async Task An_account_says_that_its_answers_do_not_wait()
    {
        var api = Call(await StartReadyAsync(settings: Periodic));
        await CreateAccountsAsync(api);
        Assert.Equal("periodic", (await api.GetAccountAsync("plain", Cancellation)).Body.GetProperty("durability").GetString());
    }

    [Fact]
    public async Task A_kill_loses_about_one_interval_and_balances_stay_consistent()
    {
        var server = await StartReadyAsync(settings: Periodic);
        var api = Call(server);
        await CreateAccountsAsync(api);
        await TopUpAsync(api, "start");
        var callers = new Callers(Accounts, "periodic", seed: 1);
        var killedAt = TimeSpan.Zero;
        await CallUntilAsync(callers, api, callers.AnsweredAfterAsync(4 * Interval), () =>
        {
            killedAt = callers.Elapsed;
            return server.KillAsync();
        });

        var restarted = Call(await StartReadyAsync(settings: Periodic));
        var settlement = new Settlement(restarted, Cancellation);
        var findings = await settlement.ReadBackAsync(callers.Records);
        var oldest = killedAt - findings.Missing.Select(missing => missing.AnsweredAt).DefaultIfEmpty(killedAt).Min();
        Say($"{findings.Missing.Count} of {callers.Records.Count} charges are gone; the oldest was acknowledged {oldest} before the kill");
        Assert.True(oldest <= Interval + Slack, $"A charge acknowledged {oldest} before the kill is gone; at most {Interval} should be.");
        foreach (var missing in findings.Missing)
        {
            missing.Lose();
        }

        await settlement.CheckAccountsAsync(Accounts, AllRecords);
        await settlement.RetryAsync(callers.Records);
        await settlement.CheckAccountsAsync(Accounts, AllRecords);
    }

    [Fact]
    public async Task A_stop_loses_nothing()
    {
        var server = await StartReadyAsync(settings: Periodic);
        var api = Call(server);
        await CreateAccountsAsync(api);
        await TopUpAsync(api, "start");
        var callers = new Callers(Accounts, "periodic", seed: 1);
        await CallUntilAsync(callers, api, callers.AnsweredAsync(2_000), server.StopAsync);

        await SettleAsync(Call(await StartReadyAsync(settings: Periodic)), callers.Records);
    }
}
