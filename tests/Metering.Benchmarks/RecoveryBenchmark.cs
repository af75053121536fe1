using System.Diagnostics;

namespace Metering.Benchmarks;

/// <summary>How long after a kill every account answers again.</summary>
internal sealed class RecoveryBenchmark(long charges, int accounts)
{
    private const decimal CreditsPerCharge = 0.00006m;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(accounts, cancellationToken);
        var load = Stopwatch.StartNew();
        await new BatchLoad(server, accounts).RunAsync(charges, cancellationToken);
        Console.WriteLine($"{charges:N0} charges to {accounts:N0} accounts in batches of {BatchLoad.ChargesPerBatch:N0}: {load.Elapsed.TotalSeconds:F1} s = {charges / load.Elapsed.TotalSeconds:N0}/s");
        await server.Process.KillAsync();
        Console.WriteLine($"killed; {Megabytes(server.DataBytes())} MB on disk");

        var recovery = Stopwatch.StartNew();
        server.Restart();
        await server.Process.WaitReadyAsync(cancellationToken);
        Console.WriteLine($"ready after            {recovery.Elapsed.TotalSeconds:F2} s");
        var charged = await server.ReadChargedAsync(accounts, cancellationToken);
        Console.WriteLine($"all accounts read after {recovery.Elapsed.TotalSeconds:F2} s");
        var exact = charged == charges * CreditsPerCharge;
        Console.WriteLine($"accounts were charged {charged} credits for {charges:N0} charges: {(exact ? "exact" : "WRONG")}");
        return exact;
    }

    private static string Megabytes(long bytes) => $"{bytes / 1_000_000m:F1}";
}
