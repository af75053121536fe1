using System.Globalization;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks;

/// <summary>
/// How soon a server that has just started is as fast as it gets, under as much load as it takes from the first second: as it is set, in turns with what the runtime would do by itself.
/// </summary>
internal sealed class WarmUpBenchmark(int accounts, int rounds, int seconds)
{
    /// <summary>Of .NET, in hexadecimal: https://github.com/dotnet/runtime/blob/main/src/coreclr/inc/clrconfigvalues.h.</summary>
    private static readonly Dictionary<string, string> RuntimesOwn = new() { ["DOTNET_TC_CallCountingDelayMs"] = "64", ["DOTNET_TC_CallCountThreshold"] = "1E" };

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var sides = new Dictionary<string, List<double[]>> { ["as it is set"] = [], ["the runtime's own"] = [] };
        Console.WriteLine($"{accounts:N0} accounts, Zipf; streams of batches of 500 from the first second; {rounds} starts of each in turns; client on the same machine");

        // The client is compiled while it runs, too.
        var isRight = (await RunAsync(new Dictionary<string, string>(), cancellationToken)).IsRight;
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (name, starts) in sides)
            {
                var (rates, isExact) = await RunAsync(name == "as it is set" ? [] : RuntimesOwn, cancellationToken);
                starts.Add(rates);
                isRight &= isExact;
            }
        }

        Console.WriteLine($"| charges/s in second | {string.Join(" | ", Enumerable.Range(1, seconds))} |");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---|", seconds))}");
        foreach (var (name, starts) in sides)
        {
            var medians = Enumerable.Range(0, seconds).Select(second => starts.Select(rates => rates[second]).Order().ElementAt(starts.Count / 2));
            Console.WriteLine($"| {name} | {string.Join(" | ", medians.Select(static rate => rate.ToString("N0", CultureInfo.InvariantCulture)))} |");
        }

        Console.WriteLine(isRight ? "Every account holds exactly what was charged." : "WRONG: an account does not hold what was charged.");
        return isRight;
    }

    /// <returns>Charges per second, second by second, of a server that has just started.</returns>
    private async Task<(double[] Rates, bool IsRight)> RunAsync(Dictionary<string, string> settings, CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(accounts: 0, cancellationToken, settings);
        var plan = new LoadPlan
        {
            Kind = CallKind.Stream,
            Targets = [server.Process.BaseAddress],
            GrpcTargets = [server.GrpcAddress],
            Connections = 4,
            CallsPerConnection = 8,
            ChargesPerCall = 500,
            Accounts = accounts,
            Mix = MixKind.Zipf,
            ZipfExponent = 1,
            HotShare = 1,
            WarmUp = TimeSpan.Zero,
            Duration = TimeSpan.FromSeconds(seconds),
            Run = "warm-up",
            Seed = 1,
        };
        using var session = await LoadSession.OpenAsync(plan, cancellationToken);
        await session.PrepareAsync(cancellationToken);
        var record = new LoadRecord();
        await new LoadRun(plan, session.Pattern, session.Totals, 1).RunAsync(
            sample =>
            {
                record.Add(sample);
                return Task.CompletedTask;
            },
            cancellationToken);
        var rates = record.Seconds.Take(seconds).Select(static second => second.ChargesPerSecond).ToArray();
        var check = await session.CheckAsync(cancellationToken);
        return (rates, check.IsRight);
    }
}
