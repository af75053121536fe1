using System.Globalization;

namespace Metering.Benchmarks;

/// <summary>
/// Whether the data directory stops growing under a steady load. The log is trimmed behind the snapshots and the ids an account remembers are
/// limited, so the bound follows from three settings, however long the load lasts.
/// </summary>
internal sealed class FileBenchmark(int accounts, TimeSpan duration)
{
    private const int MaxIds = 1_000;
    private const long MaxTailBytes = 32L << 20;

    // What one remembered charge takes in a snapshot, explanation and all, rounded up.
    private const long BytesPerRememberedId = 256;

    // Each page may be in the write-ahead file and in the database.
    private const long Copies = 2;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["MaxIds"] = MaxIds.ToString(CultureInfo.InvariantCulture),
        ["MaxTailBytes"] = MaxTailBytes.ToString(CultureInfo.InvariantCulture),
        ["CheckpointInterval"] = "00:00:05",
    };

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(accounts, cancellationToken, Settings);
        var bound = Copies * (MaxTailBytes + (accounts * MaxIds * BytesPerRememberedId));
        Console.WriteLine(
            $"{accounts} accounts; bound {Megabytes(bound)} MB = {Copies} × (log {Megabytes(MaxTailBytes)} MB + {accounts} accounts × {MaxIds} ids × {BytesPerRememberedId} bytes)");

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(duration);
        var load = new BatchLoad(server, accounts);
        var loading = load.RunAsync(long.MaxValue, end.Token);
        var largest = 0L;
        using var ticks = new PeriodicTimer(Interval);
        while (!loading.IsCompleted && await ticks.WaitForNextTickAsync(cancellationToken))
        {
            var size = server.DataBytes();
            largest = Math.Max(largest, size);
            Console.WriteLine($"{load.Answered,13:N0} charges  {Megabytes(size),9} MB");
        }

        await loading;
        Console.WriteLine($"largest {Megabytes(largest)} MB, {(largest <= bound ? "within" : "BEYOND")} the bound");
        return largest <= bound;
    }

    private static string Megabytes(long bytes) => (bytes / 1_000_000m).ToString("F1", CultureInfo.InvariantCulture);
}
