namespace Metering.EndToEnd.Tests;

/// <summary>Law 8 embedded: two servers on one data directory would each believe their own balances.</summary>
public sealed class OneServerPerDirectoryTests : CallerTest
{
    [Fact]
    public Task A_second_server_on_the_same_data_is_refused_by_name_and_the_first_goes_on() => RefuseSecondAsync(pauseFirst: false);

    [Fact]
    public Task A_second_server_is_refused_even_while_the_first_is_paused() => RefuseSecondAsync(pauseFirst: true);

    private async Task RefuseSecondAsync(bool pauseFirst)
    {
        var first = await StartReadyAsync();
        var api = Call(first);
        await CreateAccountsAsync(api);
        await TopUpAsync(api, "start");
        if (pauseFirst)
        {
            first.Pause();
        }

        var second = Start();
        var exitCode = await second.WaitForExitAsync();
        first.Continue();

        Assert.NotEqual(0, exitCode);
        Assert.True(second.Log.Count(line => line.Contains(DataDirectory, StringComparison.Ordinal)) == 1, "One line should name the directory.");
        Assert.DoesNotContain(second.Log, line => line.TrimStart().StartsWith("at ", StringComparison.Ordinal));

        var charge = await api.ChargeAsync("plain", new { id = "after", meter = "llm.tokens", quantity = "1" }, Cancellation);
        Assert.True(charge.IsSuccess, $"The first server should go on: {charge}");
    }
}
