using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.TestServers;

namespace Metering.EndToEnd.Tests;

/// <summary>The load test's <c>run</c> and <c>join</c> against a server: what is acknowledged is counted once, and what is wrong is said.</summary>
public sealed partial class LoadRunTests : StandaloneTest
{
    private static readonly string[] Small = ["--accounts", "40", "--connections", "2", "--depth", "2", "--batch", "25", "--warm-up", "0"];

    [Theory]
    [InlineData("unary")]
    [InlineData("batch")]
    [InlineData("stream")]
    [InlineData("http")]
    [InlineData("http-batch")]
    [InlineData("events")]
    public async Task Every_acknowledged_charge_is_in_its_account_once_by_every_door(string kind)
    {
        var server = await StartReadyAsync();

        var tokens = await RunAsync(server, ["--kind", kind, "--seconds", "1", .. Small]);
        Assert.True(tokens.ExitCode == 0, $"The run of single tokens failed: {tokens}");
        Assert.Contains("40 of 40 accounts agree; lost 0, doubled 0", tokens.Output, StringComparison.Ordinal);

        var trace = await RunAsync(server, ["--kind", kind, "--trace", "sample", "--seconds", "1", "--mix", "uniform", .. Small]);
        Assert.True(trace.ExitCode == 0, $"The run of the trace failed: {trace}");
        Assert.Contains("40 of 40 accounts agree; lost 0, doubled 0", trace.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stream")]
    [InlineData("batch")]
    [InlineData("http-batch")]
    public async Task A_kill_in_the_middle_loses_and_doubles_nothing(string kind)
    {
        // The busiest account may be charged many more times than it remembers ids before the last call is sent again: what it forgot it refuses.
        var ports = new Dictionary<string, string> { ["HttpPort"] = Port(), ["GrpcPort"] = Port(), ["MaxIds"] = "1000" };
        var server = await StartReadyAsync(settings: ports);
        var running = RunAsync(server, ["--kind", kind, "--seconds", "4", "--run", "killed", .. Small]);
        await WaitForChargesAsync(server, "killed-0000000");
        await server.KillAsync();
        await StartReadyAsync(settings: ports);

        var run = await running;
        Assert.True(run.ExitCode == 0, $"The run across a kill failed: {run}");
        Assert.Contains("lost 0, doubled 0", run.Output, StringComparison.Ordinal);
        Assert.Matches(SentAgain(), run.Output);
    }

    [Fact]
    public async Task More_than_the_server_takes_at_once_is_refused_and_what_it_took_is_counted_once()
    {
        var server = await StartReadyAsync();

        // Twice as many charges under way as it takes of all accounts together.
        var run = await RunAsync(
            server, ["--accounts", "40", "--connections", "16", "--depth", "16", "--batch", "500", "--warm-up", "0", "--seconds", "2"]);
        Assert.True(run.ExitCode == 0, $"The run beyond the limits failed: {run}");
        Assert.Matches(Overloaded(), run.Output);
        Assert.Contains("lost 0, doubled 0", run.Output, StringComparison.Ordinal);

        var after = await RunAsync(server, ["--seconds", "1", .. Small]);
        Assert.True(after.ExitCode == 0, $"The run afterwards failed: {after}");
        Assert.Contains("; 0 refused", after.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_something_else_charged_meanwhile_fails_the_check()
    {
        var server = await StartReadyAsync();
        var running = RunAsync(server, ["--seconds", "3", "--run", "mixed", .. Small]);
        await WaitForChargesAsync(server, "mixed-0000000");
        var extra = await Call(server).ChargeAsync("mixed-0000000", new { id = "extra", meter = "llm.tokens", quantity = "1" }, Cancellation);
        Assert.True(extra.IsSuccess, $"{extra}");

        var run = await running;
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("WRONG: 1 of 40 accounts differ; lost 0, doubled 1", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stall_of_the_server_counts_for_every_charge_that_was_due_meanwhile()
    {
        var server = await StartReadyAsync();
        using var directory = new TemporaryDirectory();
        var json = Path.Combine(directory.Path, "report.json");
        var html = Path.Combine(directory.Path, "report.html");
        var running = RunAsync(server, ["--rate", "1000", "--seconds", "6", "--run", "stalled", "--json", json, "--html", html, .. Small]);
        await WaitForChargesAsync(server, "stalled-0000000");
        server.Pause();
        await Task.Delay(TimeSpan.FromSeconds(2), Cancellation);
        server.Continue();

        var run = await running;
        Assert.True(run.ExitCode == 0, $"The run failed: {run}");
        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(json, Cancellation));

        // A third of the charges were due within the stall, and waited for a second on average. A client that stops its clock while it is not
        // answered would see the stall in its four calls under way and nowhere else.
        var p90 = report.RootElement.GetProperty("latencyMilliseconds").GetProperty("p90").GetDouble();
        Assert.True(p90 > 800, $"p90 is {p90} ms, as if a stall of two seconds had kept hardly anybody waiting.");
        Assert.Contains("<svg", await File.ReadAllTextAsync(html, Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_processes_share_one_run()
    {
        var server = await StartReadyAsync();
        var port = Port();
        var leading = RunAsync(server, ["--processes", "2", "--listen", port, "--seconds", "2", .. Small]);
        var joining = Tool.RunAsync("dotnet", [Program, "join", "--coordinator", $"127.0.0.1:{port}"], AppContext.BaseDirectory, Cancellation);

        var join = await joining;
        Assert.True(join.ExitCode == 0, $"The process that joined failed: {join}");
        var lead = await leading;
        Assert.True(lead.ExitCode == 0, $"The process that led failed: {lead}");
        var joined = Number(Acknowledged().Match(join.Output));
        var all = Number(Agreed().Match(lead.Output));
        Assert.True(joined > 0 && joined < all, $"{joined} of {all} charges came from the process that joined.");
    }

    [Theory]
    [InlineData("--rate", "0", "--rate must be above 0")]
    [InlineData("--kind", "carrier-pigeon", "--kind must be one of")]
    [InlineData("--mix", "skewed", "--mix must be one of")]
    [InlineData("--grpc", "somewhere", "'somewhere' is not an address")]
    [InlineData("--batch", "10001", "--batch must be 1 to 10000")]
    [InlineData("--run", "a/b", "--run must be 1 to 32 of")]
    public async Task A_setting_that_cannot_be_is_named(string option, string value, string message)
    {
        var run = await Tool.RunAsync("dotnet", [Program, "run", option, value], AppContext.BaseDirectory, Cancellation);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        // Port 1 is reserved: nothing listens there.
        var run = await Tool.RunAsync("dotnet", [Program, "run", "--target", "http://127.0.0.1:1"], AppContext.BaseDirectory, Cancellation);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Cannot reach http://127.0.0.1:1/", run.Error, StringComparison.Ordinal);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Metering.LoadTest.dll");

    private static string Port() => FreePort.Next().ToString(CultureInfo.InvariantCulture);

    private static Task<Tool> RunAsync(StandaloneProcess server, IReadOnlyList<string> options)
    {
        var grpc = server.Log.Select(line => GrpcAddress().Match(line)).First(match => match.Success).Value;
        return Tool.RunAsync(
            "dotnet", [Program, "run", "--target", $"{server.BaseAddress}", "--grpc", grpc, .. options], AppContext.BaseDirectory, Cancellation);
    }

    /// <summary>The run is past its preparations when an account has many more entries than those make.</summary>
    private async Task WaitForChargesAsync(StandaloneProcess server, string account)
    {
        var api = Call(server);
        while (true)
        {
            var reply = await api.GetAccountAsync(account, Cancellation);
            if (reply.IsSuccess && reply.Sequence > 50)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), Cancellation);
        }
    }

    private static long Number(Match match) => long.Parse(match.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<=gRPC\s+)http://127\.0\.0\.1:\d+")]
    private static partial Regex GrpcAddress();

    [GeneratedRegex("refused, warm-up included: [1-9][0-9,]* overloaded")]
    private static partial Regex Overloaded();

    [GeneratedRegex("[1-9][0-9,]* calls sent again")]
    private static partial Regex SentAgain();

    [GeneratedRegex("process 1 is done: ([0-9,]+) charges acknowledged")]
    private static partial Regex Acknowledged();

    [GeneratedRegex("exactly once: ([0-9,]+) charges")]
    private static partial Regex Agreed();
}
