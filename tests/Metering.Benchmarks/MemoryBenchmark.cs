using Metering.Contracts;
using Metering.Standalone;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Benchmarks;

/// <summary>
/// The managed memory an idle account takes, beyond what Orleans takes for any activation. The accounts are made by one host and read by the next, in
/// this process, so that what is measured is an account as it stands after recovery and not the traces of making it.
/// </summary>
internal sealed class MemoryBenchmark(int accounts)
{
    private const int WarmUps = 200;
    private const int MaxConcurrentCalls = 64;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        await WithHostAsync(directory.Path, grains => MakeAsync(grains, cancellationToken), cancellationToken);
        await WithHostAsync(directory.Path, grains => MeasureAsync(grains, cancellationToken), cancellationToken);
        return true;
    }

    private static async Task WithHostAsync(string dataDirectory, Func<IGrainFactory, Task> body, CancellationToken cancellationToken)
    {
        await using var host = StandaloneHost.Build(
            [$"--Metering:DataDirectory={dataDirectory}", "--Metering:HttpPort=0", "--Metering:GrpcPort=0"]);
        await host.StartAsync(cancellationToken);
        await body(host.Services.GetRequiredService<IGrainFactory>());
        await host.StopAsync(cancellationToken);
    }

    private Task MakeAsync(IGrainFactory grains, CancellationToken cancellationToken) => ForEachAsync(
        WarmUps + accounts,
        async number =>
        {
            var account = grains.GetGrain<IAccountGrain>(BenchmarkServer.Account(number));
            Require((await account.Put(new AccountRequest())).Refusal);
            Require((await account.AddGrant(new GrantRequest { Id = "plan", Amount = 100m })).Refusal);
        },
        cancellationToken);

    private async Task MeasureAsync(IGrainFactory grains, CancellationToken cancellationToken)
    {
        await TouchAsync(grains, 0, WarmUps, cancellationToken);
        await ReadAsync(grains, 0, WarmUps, cancellationToken);
        var before = Measure();
        await TouchAsync(grains, WarmUps, accounts, cancellationToken);
        var withEmpty = Measure();
        await ReadAsync(grains, WarmUps, accounts, cancellationToken);
        var withAccounts = Measure();

        var empty = (withEmpty - before) / accounts;
        var account = (withAccounts - withEmpty) / accounts;
        Console.WriteLine($"{accounts:N0} activations of each kind, managed bytes after a full collection:");
        Console.WriteLine($"empty grain             {empty,7:N0} bytes");
        Console.WriteLine($"idle account, one grant {account,7:N0} bytes");
        Console.WriteLine($"beyond Orleans' own     {account - empty,7:N0} bytes");
    }

    private static Task TouchAsync(IGrainFactory grains, int first, int count, CancellationToken cancellationToken) => ForEachAsync(
        count, number => grains.GetGrain<IEmptyGrain>(BenchmarkServer.Account(first + number)).Touch(), cancellationToken);

    private static Task ReadAsync(IGrainFactory grains, int first, int count, CancellationToken cancellationToken) => ForEachAsync(
        count,
        async number => Require((await grains.GetGrain<IAccountGrain>(BenchmarkServer.Account(first + number)).Get()).Refusal),
        cancellationToken);

    private static Task ForEachAsync(int count, Func<int, Task> body, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentCalls, CancellationToken = cancellationToken },
        async (number, _) => await body(number));

    private static void Require(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw new InvalidOperationException($"The account refused: {refusal.Code}: {refusal.Detail}");
        }
    }

    private static long Measure()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
