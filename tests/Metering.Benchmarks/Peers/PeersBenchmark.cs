using Metering.Cluster;
using Metering.Cluster.Network;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Peers;

/// <summary>
/// One table from one run: this server beside what people use today and beside what the machine could do at most. All run at the same time but
/// take turns under load, so that what disturbs the machine disturbs all; the number is the median of the turns, and beside it stands
/// how far they spread.
/// </summary>
internal sealed class PeersBenchmark(PeerLoad load, int rounds, TimeSpan turn, TimeSpan warmUp, IReadOnlyCollection<string> only)
{
    private const string Ours = "Metering, ChargeStream, Zipf";
    private const string Redis = "Redis Lua, everysec";
    private const string Limit = "empty gRPC stream handler";

    // An entry of a single-line charge and its share of a record's head; what the data directory grows by is printed by the command `file`.
    private const int JournalBytesPerCharge = 100;

    // So that what one did in the background is over when the next begins.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(500);

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine($"{load.Accounts:N0} accounts, Zipf {load.ZipfExponent:0.##}; {load.Connections} connections x {load.CallsPerConnection} calls under way x {load.ChargesPerCall} charges; {rounds} rounds of {turn.TotalSeconds:0.#} s each in turns; client on the same machine");
        var peers = new List<IPeer>();
        try
        {
            await foreach (var peer in StartAsync(cancellationToken))
            {
                peers.Add(peer);
            }

            foreach (var peer in peers)
            {
                await peer.RunAsync(warmUp, cancellationToken);
            }

            var turns = peers.ToDictionary(peer => peer, _ => new List<PeerTurn>());
            for (var round = 1; round <= rounds; round++)
            {
                foreach (var peer in peers)
                {
                    turns[peer].Add(await peer.RunAsync(turn, cancellationToken));
                    await Task.Delay(Rest, cancellationToken);
                }

                Console.WriteLine($"round {round} of {rounds} is done");
            }

            PeerTable.Print(turns, Redis, Limit);
            return await CheckAsync(peers, cancellationToken);
        }
        finally
        {
            foreach (var peer in peers)
            {
                await peer.DisposeAsync();
            }
        }
    }

    private static async Task<bool> CheckAsync(List<IPeer> peers, CancellationToken cancellationToken)
    {
        var isRight = true;
        foreach (var peer in peers)
        {
            if (await peer.CheckAsync(cancellationToken) is { } wrong)
            {
                isRight = false;
                Console.WriteLine($"WRONG: {peer.Name}: {wrong}");
            }
        }

        Console.WriteLine(isRight ? "Every account of every peer holds exactly what was charged." : "The books are wrong: the numbers above mean nothing.");
        return isRight;
    }

    private async IAsyncEnumerable<IPeer> StartAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Wants("metering"))
        {
            var target = await StartStandaloneAsync(cancellationToken);
            var plan = target.Plan;
            var ours = new MeteringPeer(Ours, "price, check, deduct, journal synced; Standalone", plan, target.Target);
            yield return ours;
            yield return new MeteringPeer(
                "Metering, ChargeStream, at half of that",
                "the same at a fixed rate, half of its turn before; latency from when a charge was due",
                () => plan with { ChargesPerSecond = ours.LastPerSecond / 2 },
                target.Target);
            yield return new MeteringPeer("Metering, ChargeStream, uniform", "the same, accounts drawn evenly", plan with { Mix = MixKind.Uniform }, target.Target);
            yield return new MeteringPeer("Metering, ChargeStream, one account", "the same, one account for all", plan with { Mix = MixKind.OneHot }, target.Target);
            yield return new MeteringPeer("Metering, ChargeMany, Zipf", "the same, unary batches", plan with { Kind = CallKind.Batch }, target.Target);
            yield return new MeteringPeer("Metering, single HTTP", "the same, one charge a request", Single(plan), target.Target);
        }

        if (Wants("cluster"))
        {
            if (LocalCluster.WhyNot() is { } reason)
            {
                Console.WriteLine($"No cluster: {reason}");
            }
            else
            {
                var (plan, target) = await StartClusterAsync(silos: 2, cancellationToken);
                yield return new MeteringPeer("Metering, cluster, ChargeStream, Zipf", "the same; 2 silos, Redis (everysec), Azurite, 1 gateway", plan, target);
            }
        }

        // Only when asked for: two more clusters on the machine would take from all others.
        if (only.Contains("silos") && LocalCluster.WhyNot() is null)
        {
            var (plan, target) = await StartClusterAsync(silos: 1, cancellationToken);
            var peak = new MeteringPeer("Metering, 1 silo, at its peak", "cluster of 1 silo, Redis (everysec), Azurite, 1 gateway", plan, target);
            yield return peak;
            yield return new MeteringPeer("Metering, 1 silo", "the same at half of that rate", () => plan with { ChargesPerSecond = peak.LastPerSecond / 2 }, target);
            var (wide, targets) = await StartClusterAsync(silos: 3, cancellationToken);
            yield return new MeteringPeer("Metering, 3 silos", "the same rate on 3 silos", () => wide with { ChargesPerSecond = peak.LastPerSecond / 2 }, targets);
        }

        if (Wants("empty"))
        {
            var (plan, target) = await StartEmptyAsync(cancellationToken);
            yield return new MeteringPeer(Limit, "reads and writes the same messages, does nothing", plan, target);
            yield return new MeteringPeer("empty gRPC batch handler", "the same, unary batches", plan with { Kind = CallKind.Batch }, target);
            yield return new MeteringPeer("empty HTTP endpoint", "one request after the other", Single(plan), target);
        }

        if (Wants("redis"))
        {
            yield return await RedisPeer.StartAsync(Redis, "everysec", oneCommandPerCall: false, load, cancellationToken);
            yield return await RedisPeer.StartAsync("Redis Lua, always", "always", oneCommandPerCall: false, load, cancellationToken);
            yield return await RedisPeer.StartAsync("Redis Lua, one script per call, everysec", "everysec", oneCommandPerCall: true, load, cancellationToken);
        }

        if (Wants("postgres"))
        {
            yield return await PostgresPeer.StartAsync("PostgreSQL, function per charge", oneStatementPerCall: false, load, cancellationToken);
            yield return await PostgresPeer.StartAsync("PostgreSQL, statement per call", oneStatementPerCall: true, load, cancellationToken);
        }

        if (Wants("append"))
        {
            yield return new AppendPeer("raw append + fsync", JournalBytesPerCharge, load.ChargesPerCall);
        }
    }

    private bool Wants(string peer) => only.Count == 0 || only.Contains(peer);

    private async Task<(LoadPlan Plan, MeteringTarget Target)> StartStandaloneAsync(CancellationToken cancellationToken)
    {
        var server = await BenchmarkServer.StartAsync(accounts: 0, cancellationToken);
        var plan = Plan(server.Process.BaseAddress, server.GrpcAddress);
        var session = await LoadSession.OpenAsync(plan, cancellationToken);
        await session.PrepareAsync(cancellationToken);
        return (plan, new MeteringTarget(session, [server.Process.ProcessId], keepsBooks: true, server));
    }

    private async Task<(LoadPlan Plan, MeteringTarget Target)> StartClusterAsync(int silos, CancellationToken cancellationToken)
    {
        var directory = new TemporaryDirectory();
        var options = new ClusterOptions { Directory = directory.Path, Silos = silos, Gateways = 1, SiloSettings = TestCluster.AsDelivered };
        var cluster = await LocalCluster.StartAsync(new LoopbackNetwork(), options, cancellationToken);
        var server = new WholeCluster(cluster, directory);
        var gateway = cluster.Gateways[0];
        await SampleCard.PublishAsync([gateway.Http]);
        var plan = Plan(gateway.Http, gateway.Grpc);
        var session = await LoadSession.OpenAsync(plan, cancellationToken);
        await session.PrepareAsync(cancellationToken);
        return (plan, new MeteringTarget(session, [.. cluster.Processes.Select(process => process.ProcessId)], keepsBooks: true, server));
    }

    private async Task<(LoadPlan Plan, MeteringTarget Target)> StartEmptyAsync(CancellationToken cancellationToken)
    {
        var server = await EmptyProcess.StartAsync(cancellationToken);
        var plan = Plan(server.HttpAddress, server.GrpcAddress);
        return (plan, new MeteringTarget(LoadSession.WithoutBooks(plan), [server.ProcessId], keepsBooks: false, server));
    }

    private LoadPlan Plan(Uri http, Uri grpc) => new()
    {
        Kind = CallKind.Stream,
        Targets = [http],
        GrpcTargets = [grpc],
        Connections = load.Connections,
        CallsPerConnection = load.CallsPerConnection,
        ChargesPerCall = load.ChargesPerCall,
        Accounts = load.Accounts,
        Mix = MixKind.Zipf,
        ZipfExponent = load.ZipfExponent,
        HotShare = 1,
        WarmUp = TimeSpan.Zero,
        Duration = turn,
        Run = "peers",
        Seed = 1,
    };

    // A single charge keeps a connection busy by itself: as many connections as there are calls under way, and twice that, since each carries so little.
    private static LoadPlan Single(LoadPlan plan) => plan with { Kind = CallKind.Http, ChargesPerCall = 1, CallsPerConnection = 2 * plan.CallsPerConnection };

    private sealed class WholeCluster(LocalCluster cluster, TemporaryDirectory directory) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await cluster.DisposeAsync();
            directory.Dispose();
        }
    }
}
