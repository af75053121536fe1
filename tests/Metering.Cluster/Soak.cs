using System.Diagnostics;
using System.Globalization;
using Metering.Cluster.Checking;
using Metering.Cluster.Faults;
using Metering.Cluster.Load;

namespace Metering.Cluster;

/// <summary>Faults at random, one after another, for as long as told.</summary>
/// <param name="duration">For how long new rounds begin.</param>
/// <param name="seed">Of the choices.</param>
/// <param name="ledger">Where the ledger is kept, which is compared with the callers' records after every round.</param>
/// <param name="only">The name of the fault that is to come, or a part of the names of several; empty for all.</param>
internal sealed class Soak(TimeSpan duration, int seed, LedgerPlace ledger, string only)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<RoundReport> _reports = [];

    /// <returns>Whether nothing was lost, doubled or wrong.</returns>
    public async Task<bool> RunAsync()
    {
        Console.WriteLine($"seed {seed}: ./test --soak {duration.TotalMinutes:0} --seed {seed} chooses the same faults again");
        var (cluster, uncut) = await TestCluster.StartAsync(mayCutLinks: true, mayKillAzurite: true, ledger, TestCluster.BusyForLong);
        await using var whole = cluster;
        if (uncut is not null)
        {
            Console.WriteLine($"without faults of the network: {uncut}");
        }

        Console.WriteLine($"logs: {cluster.LogDirectory}");
        var named = Fault.All.Where(fault => fault.Name == only).DefaultIfEmpty().SelectMany(fault => fault is not null ? [fault] : Fault.All.Where(each => each.Name.Contains(only, StringComparison.Ordinal)));
        var isClean = await RunRoundsAsync(cluster, [.. named.Where(fault => cluster.Network.CanCut || !fault.CutsLinks)]);
        isClean &= await CheckOldAccountsAsync(cluster);
        isClean &= await CheckLedgerAsync(cluster);
        Print(isClean);
        if (!isClean)
        {
            Console.WriteLine($"evidence: {cluster.Directory}");
        }
        else
        {
            await cluster.DisposeWithFilesAsync();
        }

        return isClean;
    }

    private async Task<bool> RunRoundsAsync(LocalCluster cluster, IReadOnlyList<Fault> faults)
    {
        var chance = new Random(seed);
        var order = new Queue<Fault>();
        for (var round = 1; _clock.Elapsed < duration; round++)
        {
            if (order.Count == 0)
            {
                // Each comes once before any comes again.
                var shuffled = faults.ToArray();
                chance.Shuffle(shuffled);
                order = new Queue<Fault>(shuffled);
            }

            RoundReport report;
            var fault = order.Dequeue();
            try
            {
                report = await new Round(cluster, fault, string.Create(CultureInfo.InvariantCulture, $"r{round}"), chance.Next(), comparesUsage: true).RunAsync();
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                Console.WriteLine($"{_clock.Elapsed:hh\\:mm\\:ss} {round,4}  {fault.Name}: {failure}");
                return false;
            }

            _reports.Add(report);
            Console.WriteLine($"{_clock.Elapsed:hh\\:mm\\:ss} {round,4}  {report}");
            if (!report.Verdict.IsClean)
            {
                await Evidence.WriteAsync(cluster.Directory, report);
                return false;
            }
        }

        return true;
    }

    /// <summary>Nothing of an earlier round may have come undone in a later one.</summary>
    private async Task<bool> CheckOldAccountsAsync(LocalCluster cluster)
    {
        using var callers = new Callers(cluster.Gateways.Select(gateway => gateway.Http), [], seed, TimeSpan.Zero);
        var changed = new List<string>();
        foreach (var account in _reports.SelectMany(report => report.Accounts).Where(account => account.Kind.Refill == 0m))
        {
            var answer = await callers.InsistAsync(HttpMethod.Get, $"/v1/accounts/{account.Name}", null, Scene.Patience);
            var last = account.Operations.Where(operation => operation.Fate == Fate.Done).MaxBy(operation => operation.Sequence);
            if (!answer.IsSuccess || (last is not null && answer.Body.Amount("balance") != last.Balance))
            {
                changed.Add($"{account.Name} ended at {last?.Balance}, and now: {answer}");
            }
        }

        changed.Take(20).ToList().ForEach(Console.WriteLine);
        return changed.Count == 0;
    }

    private static async Task<bool> CheckLedgerAsync(LocalCluster cluster)
    {
        var faults = await LedgerSettlement.ToTheEndAsync(cluster);
        faults.Take(20).ToList().ForEach(Console.WriteLine);
        return faults.Count == 0;
    }

    private void Print(bool isClean)
    {
        Row("rounds", _reports.Count);
        Row("operations", _reports.Sum(report => report.Verdict.Operations));
        Row("acknowledged", _reports.Sum(report => report.Verdict.Acknowledged));
        Row("lost", _reports.Sum(report => report.Verdict.Lost));
        Row("doubled", _reports.Sum(report => report.Verdict.Doubled));
        Console.WriteLine();
        Console.WriteLine("| fault | rounds | longest without an answer: its silo's accounts | elsewhere | while the cluster was made whole |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var rounds in _reports.GroupBy(report => report.Fault).OrderBy(rounds => rounds.Key, StringComparer.Ordinal))
        {
            Console.WriteLine($"| {rounds.Key} | {rounds.Count()} | {Seconds(static waits => waits.Affected)} | {Seconds(static waits => waits.Elsewhere)} | {Seconds(static waits => waits.Returning)} |");

            string Seconds(Func<Waits, Wait?> which) =>
                rounds.Max(report => which(report.Waits)?.Time) is { } longest ? string.Create(CultureInfo.InvariantCulture, $"{longest.TotalSeconds:F2} s") : "";
        }

        Console.WriteLine();
        Console.WriteLine(isClean ? "Nothing was lost, doubled or wrong." : "FAILED.");

        static void Row(string name, long value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-14}{value,14:N0}"));
    }
}
