using System.Diagnostics;
using System.Globalization;
using Metering.Benchmarks.Peers;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks;

/// <summary>
/// What becomes of a server that is asked for more than it can do: its goodput at twice its peak, how long refusals take, how soon it is well again; and what a quiet account
/// notices of a noisy one.
/// </summary>
internal sealed class OverloadBenchmark(int accounts, int rounds, TimeSpan turn)
{
    private const int ChargesPerCall = 500;
    private const int QuietChargesPerSecond = 200;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    // Enough to keep a server busy, and far from what it takes at once.
    private static readonly (int Connections, int Calls) Some = (4, 8);

    // More than a server takes at once, also of one stream.
    private static readonly (int Connections, int Calls) TooMany = (16, 24);

    private int _runs;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(accounts: 0, cancellationToken);
        var isHalved = ProcessorShare.TryHalve(server.Process.ProcessId);
        Console.WriteLine($"{accounts:N0} accounts, Zipf; streams of batches of {ChargesPerCall}; {rounds} rounds of {turn.TotalSeconds:0.#} s a turn; the server has {(isHalved ? "half of the processors, the client the others" : "the processors together with the client")}");
        using var many = await OpenAsync(Plan(server, accounts, "many"), cancellationToken);
        var plan = Plan(server, accounts, "many");
        await RunAsync(server, many, plan with { Duration = WarmUp }, cancellationToken);

        var steps = new Dictionary<string, List<Step>> { ["peak"] = [], ["at twice the peak"] = [], ["right after, at half"] = [] };
        for (var round = 1; round <= rounds; round++)
        {
            var peak = await RunAsync(server, many, plan, cancellationToken);
            var twice = await RunAsync(
                server, many, plan with { ChargesPerSecond = 2 * peak.Rate, Connections = TooMany.Connections, CallsPerConnection = TooMany.Calls }, cancellationToken);
            var after = await RunAsync(server, many, plan with { ChargesPerSecond = peak.Rate / 2, Duration = turn / 4 }, cancellationToken);
            foreach (var (name, step) in steps.Keys.Zip([peak, twice, after]))
            {
                steps[name].Add(step);
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"round {round}: {peak.Rate,9:N0}/s at the peak, {twice.Rate,9:N0}/s when asked for twice as much ({twice.Rate / peak.Rate:F2}), through with it {twice.Drain.TotalMilliseconds:N0} ms after the end"));
        }

        Console.WriteLine();
        Console.WriteLine("| load | goodput/s | ÷ peak | refused/s | a refusal takes, p50 / p99 ms | an answer takes, p50 / p99 ms | server CPU µs/charge | client cores |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        var best = Median(steps["peak"], step => step.Rate);
        foreach (var (name, all) in steps)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {Median(all, step => step.Rate):N0} | {Median(all, step => step.Rate) / best:F2} | {Median(all, step => step.RefusedRate):N0} | {Median(all, step => step.RefusalP50):F1} / {Median(all, step => step.RefusalP99):F1} | {Median(all, step => step.P50):F1} / {Median(all, step => step.P99):F1} | {Median(all, step => step.Microseconds):F2} | {Median(all, step => step.ClientCores):F1} |"));
        }

        Console.WriteLine();
        await BesideANoisyOneAsync(server, cancellationToken);
        return await IsRightAsync("all accounts", many, cancellationToken);
    }

    private async Task BesideANoisyOneAsync(BenchmarkServer server, CancellationToken cancellationToken)
    {
        var quietPlan = Plan(server, 1, "quiet") with { Kind = CallKind.Http, ChargesPerCall = 1, ChargesPerSecond = QuietChargesPerSecond, Mix = MixKind.OneHot };
        var noisyPlan = Plan(server, 1, "noisy") with { Mix = MixKind.OneHot, Connections = TooMany.Connections, CallsPerConnection = TooMany.Calls };
        using var quiet = await OpenAsync(quietPlan, cancellationToken);
        using var noisy = await OpenAsync(noisyPlan, cancellationToken);
        var alone = await RunAsync(server, quiet, quietPlan, cancellationToken);
        var flood = RunAsync(server, noisy, noisyPlan with { Duration = turn * 2 }, cancellationToken);
        await Task.Delay(turn / 2, cancellationToken);
        var beside = await RunAsync(server, quiet, quietPlan, cancellationToken);
        var noise = await flood;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a quiet account, {QuietChargesPerSecond} single charges a second over HTTP: alone p50 {alone.P50:F1}, p99 {alone.P99:F1} ms, {alone.RefusedRate:N0} refused/s"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"the same beside one account that sends without end: p50 {beside.P50:F1}, p99 {beside.P99:F1} ms, {beside.RefusedRate:N0} refused/s{beside.Codes}; the noisy one is charged {noise.Rate:N0}/s and refused {noise.RefusedRate:N0}/s{noise.Codes}"));
        await IsRightAsync("the quiet account", quiet, cancellationToken);
        await IsRightAsync("the noisy account", noisy, cancellationToken);
    }

    private async Task<Step> RunAsync(BenchmarkServer server, LoadSession session, LoadPlan plan, CancellationToken cancellationToken)
    {
        var record = new LoadRecord();
        var run = new LoadRun(plan, session.Pattern, session.Totals, ++_runs);
        var (cpu, clock) = (ProcessorTime.Of(server.Process.ProcessId), Stopwatch.StartNew());
        var result = await run.RunAsync(
            sample =>
            {
                record.Add(sample);
                return Task.CompletedTask;
            },
            cancellationToken);
        var seconds = clock.Elapsed.TotalSeconds;
        return new Step(
            record.Charged / seconds,
            record.Refused / seconds,
            Milliseconds(50),
            Milliseconds(99),
            result.RefusalMilliseconds(50),
            result.RefusalMilliseconds(99),
            (ProcessorTime.Of(server.Process.ProcessId) - cpu) * 1_000_000 / Math.Max(1, record.Charged),
            result.CpuSeconds / seconds,
            clock.Elapsed - plan.Duration,
            result.Refused.Count == 0 ? "" : $" ({string.Join(", ", result.Refused.Select(code => $"{code.Key} {code.Value:N0}"))})");

        double Milliseconds(double percentile) => record.Latency.TotalCount == 0 ? 0 : record.Latency.GetValueAtPercentile(percentile) / 1_000d;
    }

    private static async Task<LoadSession> OpenAsync(LoadPlan plan, CancellationToken cancellationToken)
    {
        var session = await LoadSession.OpenAsync(plan, cancellationToken);
        await session.PrepareAsync(cancellationToken);
        return session;
    }

    private static async Task<bool> IsRightAsync(string whose, LoadSession session, CancellationToken cancellationToken)
    {
        var check = await session.CheckAsync(cancellationToken);
        Console.WriteLine($"{whose}: {check.Charges:N0} charges acknowledged, lost {check.Lost}, doubled {check.Doubled}{string.Concat(check.Wrong.Select(wrong => Environment.NewLine + wrong))}");
        return check.IsRight;
    }

    private LoadPlan Plan(BenchmarkServer server, int count, string run) => new()
    {
        Kind = CallKind.Stream,
        Targets = [server.Process.BaseAddress],
        GrpcTargets = [server.GrpcAddress],
        Connections = Some.Connections,
        CallsPerConnection = Some.Calls,
        ChargesPerCall = ChargesPerCall,
        Accounts = count,
        Mix = MixKind.Zipf,
        ZipfExponent = 1,
        HotShare = 1,
        WarmUp = TimeSpan.Zero,
        Duration = turn,
        Run = run,
        Seed = 1,
    };

    private static double Median(List<Step> steps, Func<Step, double> number) => steps.Select(number).Order().ElementAt(steps.Count / 2);

    /// <summary>What a turn was like; rates by the second, latencies in milliseconds.</summary>
    private sealed record Step(
        double Rate, double RefusedRate, double P50, double P99, double RefusalP50, double RefusalP99, double Microseconds, double ClientCores, TimeSpan Drain, string Codes);
}
