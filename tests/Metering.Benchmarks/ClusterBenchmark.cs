using System.Diagnostics;
using System.Globalization;
using Metering.Cluster;
using Metering.LoadTest.Run;
using Metering.TestServers;

namespace Metering.Benchmarks;

/// <summary>
/// What a charge costs on a cluster (three silos, two gateways, Redis and the load on this machine) beside what it costs on Standalone: the same batches over gRPC, in
/// turns, charges a second and processor time per charge.
/// </summary>
internal sealed class ClusterBenchmark(int accounts, int rounds, TimeSpan turn)
{
    private const int ChargesPerCall = 100;
    private const int Connections = 4;
    private const int CallsPerConnection = 8;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var (cluster, _) = await TestCluster.StartAsync(mayCutLinks: false, mayKillAzurite: false, LedgerPlace.Off, TestCluster.AsDelivered);
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
        var grpcPort = FreePort.Next();
        await using var standalone = await BenchmarkServer.StartAsync(
            0, cancellationToken, new Dictionary<string, string> { ["GrpcPort"] = grpcPort.ToString(CultureInfo.InvariantCulture) });
        using var alone = await SideAsync(
            "standalone",
            [standalone.Process.BaseAddress],
            [new Uri($"http://127.0.0.1:{grpcPort}")],
            () => [("server", ProcessorTime(standalone.Process.ProcessId))],
            cancellationToken);
        using var many = await SideAsync(
            "cluster",
            [.. cluster.Gateways.Select(gateway => gateway.Http)],
            [.. cluster.Gateways.Select(gateway => gateway.Grpc)],
            () => [.. cluster.Processes.Select(process => (process.Name.TrimEnd("0123456789".ToCharArray()), process.ProcessorTime))],
            cancellationToken);

        for (var round = 1; round <= rounds; round++)
        {
            foreach (var side in new[] { alone, many })
            {
                Console.WriteLine(await side.RunAsync(round, turn, cancellationToken));
            }
        }

        Console.WriteLine();
        Console.WriteLine($"batches of {ChargesPerCall} over gRPC, {accounts:N0} accounts, Zipf; medians of {rounds}");
        alone.Print();
        many.Print();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"cluster ÷ standalone: {many.Rate / alone.Rate:F2} of the charges a second, {many.Microseconds / alone.Microseconds:F2} of the processor time per charge"));
        return await alone.IsRightAsync(cancellationToken) & await many.IsRightAsync(cancellationToken);
    }

    private async Task<Side> SideAsync(
        string name, IReadOnlyList<Uri> http, IReadOnlyList<Uri> grpc, Func<IReadOnlyList<(string Role, TimeSpan Time)>> processorTimes, CancellationToken cancellationToken)
    {
        var plan = new LoadPlan
        {
            Kind = CallKind.Batch,
            Targets = http,
            GrpcTargets = grpc,
            Connections = Connections,
            CallsPerConnection = CallsPerConnection,
            ChargesPerCall = ChargesPerCall,
            Accounts = accounts,
            Mix = MixKind.Zipf,
            ZipfExponent = 1,
            HotShare = 0,
            WarmUp = TimeSpan.Zero,
            Duration = turn,
            Run = $"bench-{name}",
            Seed = 1,
        };
        var session = await LoadSession.OpenAsync(plan, cancellationToken);
        await session.PrepareAsync(cancellationToken);
        var side = new Side(name, plan, session, processorTimes);
        await side.RunAsync(number: 0, WarmUp, cancellationToken);
        return side;
    }

    private static TimeSpan ProcessorTime(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.TotalProcessorTime;
    }

    private sealed class Side(string name, LoadPlan plan, LoadSession session, Func<IReadOnlyList<(string Role, TimeSpan Time)>> processorTimes) : IDisposable
    {
        private readonly List<Turn> _turns = [];

        public double Rate => Median(turn => turn.Rate);

        public double Microseconds => Median(turn => turn.Microseconds.Values.Sum());

        /// <summary>Number 0 warms up and is not counted.</summary>
        public async Task<string> RunAsync(int number, TimeSpan duration, CancellationToken cancellationToken)
        {
            var before = Times();
            var record = new LoadRecord();
            var result = await new LoadRun(plan with { Duration = duration }, session.Pattern, session.Totals, number).RunAsync(
                sample =>
                {
                    record.Add(sample);
                    return Task.CompletedTask;
                },
                cancellationToken);
            var after = Times();
            var turn = new Turn(record.ChargesPerSecond, after.ToDictionary(role => role.Key, role => (role.Value - before[role.Key]).TotalMicroseconds / record.Charged));
            if (number > 0)
            {
                _turns.Add(turn);
            }

            return string.Create(
                CultureInfo.InvariantCulture,
                $"round {number} {name,-10} {turn.Rate,10:N0} charges/s, {turn.Microseconds.Values.Sum(),6:F2} µs of processor time each, p99 {record.Latency.GetValueAtPercentile(99) / 1_000d:F1} ms, {record.Refused:N0} refused, client {result.CpuSeconds / duration.TotalSeconds:F1} cores");
        }

        public void Print() => Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-10} {Rate,10:N0} charges/s  {Microseconds,6:F2} µs of processor time per charge ({string.Join(", ", _turns[0].Microseconds.Keys.Select(role => string.Create(CultureInfo.InvariantCulture, $"{role} {Median(turn => turn.Microseconds[role]):F2}")))})"));

        public async Task<bool> IsRightAsync(CancellationToken cancellationToken)
        {
            var check = await session.CheckAsync(cancellationToken);
            Console.WriteLine($"{name}: {check.Charges:N0} charges acknowledged, lost {check.Lost}, doubled {check.Doubled}{string.Concat(check.Wrong.Select(wrong => Environment.NewLine + wrong))}");
            return check.IsRight;
        }

        public void Dispose() => session.Dispose();

        private Dictionary<string, TimeSpan> Times() =>
            processorTimes().GroupBy(process => process.Role).ToDictionary(role => role.Key, role => TimeSpan.FromTicks(role.Sum(process => process.Time.Ticks)));

        private double Median(Func<Turn, double> number) => _turns.Select(number).Order().ElementAt(_turns.Count / 2);
    }

    private sealed record Turn(double Rate, Dictionary<string, double> Microseconds);
}
