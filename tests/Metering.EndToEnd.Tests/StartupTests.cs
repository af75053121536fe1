namespace Metering.EndToEnd.Tests;

public sealed class StartupTests : StandaloneTest
{
    [Fact]
    public async Task The_first_charge_on_an_empty_directory_is_answered()
    {
        // The directory does not exist yet: nobody should have to make it.
        Assert.False(Directory.Exists(DataDirectory));
        var api = Call(await StartReadyAsync());
        Assert.True((await api.PutAccountAsync("acme", new { }, Cancellation)).IsSuccess);
        Assert.True((await api.AddGrantAsync("acme", new { id = "plan", amount = "100" }, Cancellation)).IsSuccess);

        var charge = await api.ChargeAsync("acme", new { id = "req-1", meter = "llm.tokens", quantity = "1200" }, Cancellation);

        // 1,200 tokens at 0.00006 credits.
        Assert.Equal(0.072m, charge.Amount("credits"));
        Assert.Equal(99.928m, charge.Amount("balance"));
    }

    [Fact]
    public async Task A_data_directory_that_cannot_be_made_is_named_and_ends_the_server()
    {
        var file = Path.Combine(Path.GetDirectoryName(DataDirectory)!, "occupied");
        await File.WriteAllTextAsync(file, "a file, not a directory", Cancellation);

        var server = Start(file);

        Assert.NotEqual(0, await server.WaitForExitAsync());
        Assert.Contains(server.Log, line => line.Contains(file, StringComparison.Ordinal));
    }
}
