namespace Metering.EndToEnd.Tests;

/// <summary>The load test against a server: every credit of a real trace, and what it says when something is wrong.</summary>
public sealed class ReplayTests : StandaloneTest
{
    [Fact]
    public async Task A_replayed_trace_is_charged_exactly_and_a_second_replay_changes_nothing()
    {
        var server = await StartReadyAsync();

        var first = await ReplayAsync("--target", $"{server.BaseAddress}");
        Assert.True(first.ExitCode == 0, $"The first replay failed: {first}");
        Assert.Contains("200 of 200 agree", first.Output, StringComparison.Ordinal);

        var second = await ReplayAsync("--target", $"{server.BaseAddress}");
        Assert.True(second.ExitCode == 0, $"The second replay failed: {second}");
        Assert.Contains("Replayed: all 4,000. No balance changed.", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replay_keeps_its_promise_across_a_kill_of_the_server()
    {
        var server = await StartReadyAsync();
        var killed = await ReplayAsync("--target", $"{server.BaseAddress}", "--limit", "500");
        Assert.True(killed.ExitCode == 0, $"The first replay failed: {killed}");
        await server.KillAsync();

        var restarted = await StartReadyAsync();
        var again = await ReplayAsync("--target", $"{restarted.BaseAddress}", "--limit", "500");
        Assert.True(again.ExitCode == 0, $"The replay after the kill failed: {again}");
        Assert.Contains("Replayed: all 500. No balance changed.", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_something_else_charged_fails_the_check()
    {
        var server = await StartReadyAsync();
        var clean = await ReplayAsync("--target", $"{server.BaseAddress}", "--limit", "10", "--accounts", "2", "--run", "mixed");
        Assert.True(clean.ExitCode == 0, $"The first replay failed: {clean}");

        var extra = new { id = "extra", meter = "llm.tokens", quantity = "0.000100000" };
        var charge = await Call(server).ChargeAsync("mixed-of-2-0001", extra, Cancellation);
        Assert.True(charge.IsSuccess, $"{charge}");

        // 0.0001 tokens at 0.00006 are 0.000000006 credits: the smallest differences count.
        var mixed = await ReplayAsync("--target", $"{server.BaseAddress}", "--limit", "10", "--accounts", "2", "--run", "mixed");
        Assert.Equal(1, mixed.ExitCode);
        Assert.Contains("mixed-of-2-0001", mixed.Output, StringComparison.Ordinal);
        Assert.Contains("0.000000006", mixed.Output, StringComparison.Ordinal);
        Assert.Contains("1 of 2 accounts were not charged what the trace costs", mixed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_trace_directory_is_named()
    {
        var replay = await ReplayAsync("--trace", "/nowhere/trace");
        Assert.Equal(1, replay.ExitCode);
        Assert.Contains("/nowhere/trace", replay.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_row_of_a_trace_is_named_by_file_and_line()
    {
        using var directory = new TemporaryDirectory();
        var code = Path.Combine(directory.Path, "code.csv");
        await File.WriteAllLinesAsync(
            code, ["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03.9799600,4808,10", "2023-11-16 18:17:04.0319600,-1,8"], Cancellation);

        var replay = await ReplayAsync("--trace", directory.Path);

        Assert.Equal(1, replay.ExitCode);
        Assert.Contains($"{code}:3: '-1' is not a number of tokens", replay.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_nobody_listens_on_is_named()
    {
        // Port 1 is reserved: nothing listens there.
        var replay = await ReplayAsync("--target", "http://127.0.0.1:1");
        Assert.Equal(1, replay.ExitCode);
        Assert.Contains("Cannot reach http://127.0.0.1:1/", replay.Error, StringComparison.Ordinal);
    }

    private static Task<Tool> ReplayAsync(params string[] arguments) => Tool.RunAsync(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "Metering.LoadTest.dll"), "replay", .. arguments], AppContext.BaseDirectory, Cancellation);
}
