using System.Diagnostics;
using System.Globalization;
using Metering.Benchmarks.Peers;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Profile;

/// <summary>What the server's processor time goes to at its peak: samples of its threads under streams, by the parts of the server.</summary>
internal sealed class ProfileBenchmark(int accounts, double zipfExponent, int batch, TimeSpan duration, TimeSpan warmUp)
{
    private const int Connections = 4;
    private const int CallsPerConnection = 8;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        // For the server, which inherits them: names for its methods where perf looks for them.
        Environment.SetEnvironmentVariable("DOTNET_PerfMapEnabled", "1");
        Environment.SetEnvironmentVariable("DOTNET_EnableWriteXorExecute", "0");
        await using var server = await BenchmarkServer.StartAsync(accounts: 0, cancellationToken);
        using var directory = new TemporaryDirectory();
        var samples = Path.Combine(directory.Path, "samples");
        var plan = Plan(server);
        using var session = await LoadSession.OpenAsync(plan, cancellationToken);
        await session.PrepareAsync(cancellationToken);
        await RunAsync(session, plan with { Duration = warmUp }, 1, cancellationToken);

        var sampling = Sampling.RecordAsync(server.Process.ProcessId, duration, samples, cancellationToken);
        var (cpu, clock) = (ProcessorTime.Of(server.Process.ProcessId), Stopwatch.StartNew());
        var charged = await RunAsync(session, plan, 2, cancellationToken);
        var (seconds, processor) = (clock.Elapsed.TotalSeconds, ProcessorTime.Of(server.Process.ProcessId) - cpu);
        await sampling;

        var counts = await Sampling.CountAsync(samples, cancellationToken);
        var all = counts.Values.Sum();
        var microseconds = processor * 1_000_000 / charged;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{accounts:N0} accounts, Zipf, streams of batches of {batch}: {charged / seconds:N0} charges/s while samples were taken; {microseconds:F2} µs of the server's processor time a charge, {all:N0} samples"));
        Console.WriteLine();
        Console.WriteLine("| what the server does | % of its time | µs/charge |");
        Console.WriteLine("|---|---|---|");
        foreach (var (part, count) in counts.OrderByDescending(static part => part.Value))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {part.Name} | {100d * count / all:F1} | {microseconds * count / all:F2} |"));
        }

        Console.WriteLine();
        return (await session.CheckAsync(cancellationToken)).IsRight;
    }

    private static async Task<long> RunAsync(LoadSession session, LoadPlan plan, int number, CancellationToken cancellationToken)
    {
        var record = new LoadRecord();
        await new LoadRun(plan, session.Pattern, session.Totals, number).RunAsync(
            sample =>
            {
                record.Add(sample);
                return Task.CompletedTask;
            },
            cancellationToken);
        return record.Charged;
    }

    private LoadPlan Plan(BenchmarkServer server) => new()
    {
        Kind = CallKind.Stream,
        Targets = [server.Process.BaseAddress],
        GrpcTargets = [server.GrpcAddress],
        Connections = Connections,
        CallsPerConnection = CallsPerConnection,
        ChargesPerCall = batch,
        Accounts = accounts,
        Mix = MixKind.Zipf,
        ZipfExponent = zipfExponent,
        HotShare = 1,
        WarmUp = TimeSpan.Zero,
        Duration = duration,
        Run = "profile",
        Seed = 1,
    };
}
