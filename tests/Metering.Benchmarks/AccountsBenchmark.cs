using System.Diagnostics;
using Metering.Contracts;
using Metering.Grains.Journal;
using Metering.Standalone;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Benchmarks;

/// <summary>
/// A great many accounts in one process: made and left by one host, then activated by the next, as after a restart, while the clock runs. Memory is
/// all of the process: managed, native and the runtime's own.
/// </summary>
internal sealed class AccountsBenchmark(int accounts)
{
    private const int MaxConcurrentCalls = 256;
    private const int Steps = 10;
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(2);

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        await WithHostAsync(
            directory.Path,
            async (grains, journal) =>
            {
                var clock = Stopwatch.StartNew();
                await ForEachAsync(0, accounts, number => MakeAsync(grains, number), cancellationToken);
                Console.WriteLine($"{accounts:N0} accounts made, each with one grant: {accounts / clock.Elapsed.TotalSeconds:N0}/s (two calls each)");

                // What is read from the log stays with an account for a minute, for watchers who come back after a crash: that is not to be measured.
                while (journal.AccountsInTail("", "", 1).Count > 0)
                {
                    await Task.Delay(CheckpointInterval, cancellationToken);
                }
            },
            cancellationToken);

        // What the first host held must not be taken for the second's.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        await WithHostAsync(directory.Path, (grains, _) => MeasureAsync(grains, cancellationToken), cancellationToken);
        return true;
    }

    private async Task MeasureAsync(IGrainFactory grains, CancellationToken cancellationToken)
    {
        // The first few pay for compiling and for opening the partition.
        var warm = Math.Min(1_000, accounts / 10);
        await ForEachAsync(0, warm, number => ReadAsync(grains, number), cancellationToken);
        var (managedBefore, residentBefore) = Measure();
        var whole = Stopwatch.StartNew();
        for (var step = 0; step < Steps; step++)
        {
            var (first, last) = (First(step), First(step + 1));
            var clock = Stopwatch.StartNew();
            await ForEachAsync(first, last - first, number => ReadAsync(grains, number), cancellationToken);
            Console.WriteLine($"{last,12:N0} active: {(last - first) / clock.Elapsed.TotalSeconds,9:N0} activations/s");
        }

        var rate = (accounts - warm) / whole.Elapsed.TotalSeconds;
        var (managed, resident) = Measure();
        Console.WriteLine($"activated from their snapshots: {rate:N0}/s");
        Console.WriteLine($"memory of an active account: {(managed - managedBefore) / (accounts - warm):N0} bytes managed, {(resident - residentBefore) / (accounts - warm):N0} bytes resident");

        int First(int step) => warm + (int)((long)(accounts - warm) * step / Steps);
    }

    private static async Task WithHostAsync(string dataDirectory, Func<IGrainFactory, Journal, Task> body, CancellationToken cancellationToken)
    {
        await using var host = StandaloneHost.Build(
            [$"--Metering:DataDirectory={dataDirectory}", "--Metering:HttpPort=0", "--Metering:GrpcPort=0", $"--Metering:CheckpointInterval={CheckpointInterval:c}"]);
        await host.StartAsync(cancellationToken);
        await body(host.Services.GetRequiredService<IGrainFactory>(), host.Services.GetRequiredService<Journal>());
        await host.StopAsync(cancellationToken);
    }

    private static async Task MakeAsync(IGrainFactory grains, int number)
    {
        var account = grains.GetGrain<IAccountGrain>(BenchmarkServer.Account(number));
        Require((await account.Put(new AccountRequest())).Refusal);
        Require((await account.AddGrant(new GrantRequest { Id = "plan", Amount = 100m })).Refusal);
    }

    private static async Task ReadAsync(IGrainFactory grains, int number) =>
        Require((await grains.GetGrain<IAccountGrain>(BenchmarkServer.Account(number)).Get()).Refusal);

    private static Task ForEachAsync(int first, int count, Func<int, Task> body, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(first, count),
        new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentCalls, CancellationToken = cancellationToken },
        async (number, _) => await body(number));

    private static void Require(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw new InvalidOperationException($"The account refused: {refusal.Code}: {refusal.Detail}");
        }
    }

    private static (long Managed, long Resident) Measure()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        var managed = GC.GetTotalMemory(forceFullCollection: true);
        using var process = Process.GetCurrentProcess();
        return (managed, process.WorkingSet64);
    }
}
