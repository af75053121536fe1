namespace Metering.EndToEnd.Tests;

public sealed class GracefulStopTests : CallerTest
{
    [Fact]
    public async Task A_server_that_is_asked_to_stop_answers_everything_it_accepted()
    {
        var server = await StartReadyAsync();
        var api = Call(server);
        await CreateAccountsAsync(api);
        await TopUpAsync(api, "start");

        var callers = new Callers(Accounts, "stop", seed: 1);
        var exitCode = -1;
        await CallUntilAsync(callers, api, callers.AnsweredAsync(2_000), async () => exitCode = await server.StopAsync());
        Assert.Equal(0, exitCode);

        // Whoever heard nothing had not been let in: none of those charges was made.
        var unanswered = callers.Records.Count(record => record.Fate == ChargeFate.Unknown);
        Say($"of {callers.Records.Count} charges {unanswered} had no answer");
        var restarted = await StartReadyAsync();
        var findings = await SettleAsync(Call(restarted), callers.Records);
        Assert.True(findings.Landed.Count == 0, $"Charged and never answered: {string.Join("; ", findings.Landed.Take(5))} ({findings.Landed.Count} in all)");
    }

    [Fact]
    public async Task A_charge_after_a_stop_continues_where_the_last_one_ended()
    {
        var server = await StartReadyAsync();
        var api = Call(server);
        await CreateAccountsAsync(api);
        await TopUpAsync(api, "start");
        var first = await api.ChargeAsync("plain", new { id = "1", meter = "llm.tokens", quantity = "1200" }, Cancellation);
        Assert.Equal(0, await server.StopAsync());

        var restarted = await StartReadyAsync();
        var second = await Call(restarted).ChargeAsync("plain", new { id = "2", meter = "llm.tokens", quantity = "1200" }, Cancellation);

        // 1,000 granted; 1,200 tokens at 0.00006 are 0.072.
        Assert.Equal(999.928m, first.Amount("balance"));
        Assert.Equal(999.856m, second.Amount("balance"));
        Assert.Equal(first.Sequence + 1, second.Sequence);
    }
}
