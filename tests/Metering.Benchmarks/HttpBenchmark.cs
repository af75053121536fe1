using System.Text;
using HdrHistogram;

namespace Metering.Benchmarks;

/// <summary>
/// Single durable charges over HTTP, in turns with an endpoint of the same process that does nothing: the ratio says how much of
/// the cost is the metering and how much any HTTP call on this machine pays.
/// </summary>
internal sealed class HttpBenchmark(int connections, int accounts, int rounds, TimeSpan slice)
{
    private const long MaxLatencyMicroseconds = 60_000_000;
    private const decimal CreditsPerCharge = 0.00006m;

    // The runtime compiles the hot path again while it is used: before that, rounds rise.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(accounts, cancellationToken);
        var target = server.Process.BaseAddress;
        var charges = Enumerable.Range(0, connections).Select(i => new ChargeRequests(i, BenchmarkServer.Account(i % accounts), target)).ToArray();
        var empty = Encoding.ASCII.GetBytes($"GET /healthz/live HTTP/1.1\r\nHost: {target.Authority}\r\n\r\n");
        using var loop = await ClosedLoop.ConnectAsync(target, connections, cancellationToken);

        Console.WriteLine($"{connections} connections, {accounts} accounts, {rounds} rounds of {slice.TotalSeconds:0.#} s each, client on the same machine");
        var (chargeLatency, emptyLatency) = (NewHistogram(), NewHistogram());
        await loop.RunAsync(i => charges[i].Next(), WarmUp, NewHistogram(), cancellationToken);
        await loop.RunAsync(_ => empty, slice, NewHistogram(), cancellationToken);

        var (chargeRates, emptyRates) = (new List<long>(), new List<long>());
        for (var round = 1; round <= rounds; round++)
        {
            chargeRates.Add(await loop.RunAsync(i => charges[i].Next(), slice, chargeLatency, cancellationToken));
            emptyRates.Add(await loop.RunAsync(_ => empty, slice, emptyLatency, cancellationToken));
            Console.WriteLine($"round {round}: {chargeRates[^1],9:N0} charges/s  {emptyRates[^1],9:N0} empty calls/s  ratio {(decimal)chargeRates[^1] / emptyRates[^1]:F3}");
        }

        var (charge, call) = (Median(chargeRates), Median(emptyRates));
        Console.WriteLine($"median:  {charge,9:N0} charges/s  {call,9:N0} empty calls/s  ratio {(decimal)charge / call:F3}");
        Show("charge", chargeLatency);
        Show("empty", emptyLatency);
        return await CheckAsync(server, charges.Sum(requests => requests.Sent), cancellationToken);
    }

    private async Task<bool> CheckAsync(BenchmarkServer server, long sent, CancellationToken cancellationToken)
    {
        var charged = await server.ReadChargedAsync(accounts, cancellationToken);
        Console.WriteLine($"accounts were charged {charged} credits for {sent:N0} charges: {(charged == sent * CreditsPerCharge ? "exact" : "WRONG")}");
        return charged == sent * CreditsPerCharge;
    }

    private static LongConcurrentHistogram NewHistogram() => new(1, MaxLatencyMicroseconds, 3);

    private static long Median(List<long> values) => values.Order().ElementAt(values.Count / 2);

    private static void Show(string name, LongConcurrentHistogram latency) => Console.WriteLine(
        $"{name,-7} latency, ms:  p50 {Milliseconds(latency, 50)}  p90 {Milliseconds(latency, 90)}  p99 {Milliseconds(latency, 99)}  p99.9 {Milliseconds(latency, 99.9)}  max {Milliseconds(latency, 100)}");

    private static string Milliseconds(LongConcurrentHistogram latency, double percentile) => $"{latency.GetValueAtPercentile(percentile) / 1000m:F2}";
}
