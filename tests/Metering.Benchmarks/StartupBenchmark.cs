using System.Diagnostics;
using System.Globalization;

namespace Metering.Benchmarks;

/// <summary>From the start of the process to the answer of the first charge, on data that has a card and an account.</summary>
internal sealed class StartupBenchmark(int starts)
{
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(accounts: 1, cancellationToken);
        var times = new List<TimeSpan>();
        for (var start = 1; start <= starts; start++)
        {
            await server.Process.StopAsync();
            var clock = Stopwatch.StartNew();
            server.Restart();
            await server.Process.WaitReadyAsync(cancellationToken);
            var ready = clock.Elapsed;
            var id = start.ToString(CultureInfo.InvariantCulture);
            BenchmarkServer.Require(await server.Api.ChargeAsync(
                BenchmarkServer.Account(0), new { id, meter = "llm.tokens", quantity = "1" }, cancellationToken));
            times.Add(clock.Elapsed);
            Console.WriteLine($"start {start}: ready after {ready.TotalMilliseconds:N0} ms, first charge answered after {times[^1].TotalMilliseconds:N0} ms");
        }

        Console.WriteLine($"median: {times.Order().ElementAt(starts / 2).TotalMilliseconds:N0} ms");
        return true;
    }
}
