using System.Text.RegularExpressions;
using Metering.Cluster;

namespace Metering.EndToEnd.Tests.Cluster;

/// <summary><c>./cluster</c>, but for its building: what it starts goes on running, what it prints can be typed, and it ends what it started.</summary>
public sealed partial class ClusterCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cluster_that_was_started_takes_the_lines_it_printed_and_is_gone_when_ended()
    {
        if (LocalCluster.WhyNot() is { } reason)
        {
            ClusterFixture.SkipWithout(reason);
        }

        try
        {
            var up = await RunAsync("up");
            Assert.True(up.ExitCode == 0, $"{up}");
            var lines = CurlLine().Matches(up.Output).Select(match => match.Value).ToList();
            Assert.Equal(3, lines.Count);
            var answers = new List<string>();
            foreach (var line in lines)
            {
                answers.Add((await Tool.RunAsync("/bin/sh", ["-c", line], "/", Cancellation)).Output);
            }

            // 1,200 tokens at 0.00006 credits.
            Assert.Contains("\"credits\":\"0.072\",\"balance\":\"99.928\"", answers[^1], StringComparison.Ordinal);

            var again = await RunAsync("up");
            Assert.Equal(1, again.ExitCode);
            Assert.Contains("runs already", again.Error, StringComparison.Ordinal);

            var status = await RunAsync("status");
            Assert.Equal(0, status.ExitCode);
            var processes = ProcessNumber().Matches(status.Output).Select(match => match.Groups[1].Value).ToList();
            Assert.Equal(7, processes.Count);

            Assert.Equal(0, (await RunAsync("down")).ExitCode);
            Assert.All(processes, process => Assert.False(Runs(process), $"Process {process} still runs."));
            Assert.Equal(1, (await RunAsync("status")).ExitCode);
        }
        finally
        {
            await RunAsync("down");
        }
    }

    public void Dispose() => _directory.Dispose();

    // Ended, and not yet asked after by whoever inherited it, is ended.
    private static bool Runs(string process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private Task<Tool> RunAsync(string command) => Tool.RunAsync(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "Metering.Cluster.dll"), command, "--directory", Path.Combine(_directory.Path, "cluster")], "/", Cancellation);

    [GeneratedRegex("curl .*")]
    private static partial Regex CurlLine();

    [GeneratedRegex(@"process (\d+)")]
    private static partial Regex ProcessNumber();
}
