using System.Diagnostics;
using System.Globalization;
using HdrHistogram;
using Metering.Cluster;
using Metering.Cluster.Load;
using Metering.Contracts;

namespace Metering.Benchmarks;

/// <summary>
/// How long the first answer of an account takes that is known, and active nowhere: its snapshot comes from Azurite, its tail from Redis. Every silo is killed first. The account that opens
/// a partition is told apart from those that find it open, and those before the silos' code is compiled from those after.
/// </summary>
internal sealed class ActivationBenchmark(int accounts, int chargesBeforeSnapshot)
{
    private const int Partitions = 64;
    private const int MaxChargesPerCall = 1_000;
    private const int ChargesAfterSnapshot = 5;
    private const int Readers = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(20);

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>(TestCluster.AsDelivered) { ["CheckpointInterval"] = CheckpointInterval.ToString("c") };
        var (cluster, _) = await TestCluster.StartAsync(mayCutLinks: false, mayKillAzurite: false, LedgerPlace.Off, settings);
        try
        {
            return await RunAsync(cluster, cancellationToken);
        }
        finally
        {
            await cluster.DisposeWithFilesAsync();
        }
    }

    private async Task<bool> RunAsync(LocalCluster cluster, CancellationToken cancellationToken)
    {
        using var callers = new Callers(cluster.Gateways.Select(gateway => gateway.Http), [], seed: 0, TimeSpan.Zero);
        await ForEachAsync(account => CreateAsync(callers, account), cancellationToken);
        for (var made = 0; made < chargesBeforeSnapshot; made += MaxChargesPerCall)
        {
            var charges = Math.Min(MaxChargesPerCall, chargesBeforeSnapshot - made);
            await ForEachAsync(account => ChargeAsync(callers, account, $"before-{made}", charges), cancellationToken);
        }

        // Two rounds of the checkpoint: each account has a snapshot then, and what follows is its tail.
        await Task.Delay(2 * CheckpointInterval, cancellationToken);
        await ForEachAsync(account => ChargeAsync(callers, account, "after", ChargesAfterSnapshot), cancellationToken);
        await Task.WhenAll(cluster.Silos.Select(silo => silo.Process.KillAsync()));
        await cluster.RestoreAsync(cancellationToken);

        var opened = new bool[Partitions];
        var (first, warming, others) = (NewHistogram(), NewHistogram(), NewHistogram());
        var names = Enumerable.Range(0, accounts).ToLookup(number => !Interlocked.Exchange(ref opened[AccountPartition.Of(Name(number), Partitions)], true));
        await ReadAsync(callers, names[true], first, cancellationToken);
        await ReadAsync(callers, names[false].Take(accounts / 4), warming, cancellationToken);
        await ReadAsync(callers, names[false].Skip(accounts / 4), others, cancellationToken);
        Print("accounts that open a partition", first);
        Print("the quarter of the others that came next, on silos just started", warming);
        Print("the rest", others);
        return true;
    }

    private static string Name(int number) => $"activation-{number:D6}";

    private static async Task CreateAsync(Callers callers, string account)
    {
        Require(await callers.InsistAsync(HttpMethod.Put, $"/v1/accounts/{account}", new { }, Patience));
        Require(await callers.InsistAsync(HttpMethod.Post, $"/v1/accounts/{account}/grants", new { id = "plan", amount = "100000" }, Patience));
    }

    private static async Task ChargeAsync(Callers callers, string account, string prefix, int charges) => Require(await callers.InsistAsync(
        HttpMethod.Post,
        "/v1/charges",
        new { charges = Enumerable.Range(0, charges).Select(number => new { account, id = $"{prefix}-{number}", meter = AccountKind.Tokens, quantity = "1" }) },
        Patience));

    private static Task ReadAsync(Callers callers, IEnumerable<int> numbers, LongConcurrentHistogram microseconds, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        numbers.ToList(),
        new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
        async (number, _) =>
        {
            var clock = Stopwatch.StartNew();
            Require(await callers.InsistAsync(HttpMethod.Get, $"/v1/accounts/{Name(number)}", null, Patience));
            microseconds.RecordValue(Math.Max(1, (long)clock.Elapsed.TotalMicroseconds));
        });

    private static LongConcurrentHistogram NewHistogram() => new(1, 60_000_000, 3);

    private static void Print(string what, LongConcurrentHistogram microseconds) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what}: {microseconds.TotalCount:N0} first answers; p50 {Milliseconds(microseconds, 50):F1} ms, p99 {Milliseconds(microseconds, 99):F1} ms, longest {Milliseconds(microseconds, 100):F1} ms"));

    private static double Milliseconds(LongConcurrentHistogram microseconds, double percentile) => microseconds.GetValueAtPercentile(percentile) / 1_000d;

    private static void Require(Answer answer)
    {
        if (!answer.IsSuccess)
        {
            throw new InvalidOperationException($"The cluster refused: {answer}");
        }
    }

    private Task ForEachAsync(Func<string, Task> body, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, accounts),
        new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken },
        async (number, _) => await body(Name(number)));
}
