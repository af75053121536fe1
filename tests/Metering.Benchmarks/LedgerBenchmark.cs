using System.Diagnostics;
using System.Globalization;
using Metering.Contracts;
using Metering.Grains.Journal;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.LoadTest.Run;
using Metering.Silo;
using Metering.Silo.Ledger;
using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Benchmarks;

/// <summary>
/// What a ledger costs: the same charges by way of the router, with it and without, in turns; how far it falls behind at the peak, and how long it takes to catch up at half of it; and how
/// many bytes of segment an entry takes.
/// </summary>
internal sealed class LedgerBenchmark(int accounts, double zipfExponent, int chargesPerCall, int ids, int partitions, int turns, TimeSpan turn, TimeSpan peakTime, TimeSpan half)
{
    private const int CallsUnderWay = 16;

    /// <summary>As Standalone has it, of all partitions together.</summary>
    private const long MaxBacklogBytes = 64L << 30;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ArchiveInterval = TimeSpan.FromSeconds(5);

    /// <summary>A caller that hears overloaded waits.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(10);

    /// <summary>One with one in some ten thousand of the charges: after ten minutes at the peak, to verify all would take longer than to make them.</summary>
    private const int Verified = 1_000;

    private static readonly string[] Models = ["gpt-4", "gpt-4-mini", "claude", "llama"];

    private static readonly string[] Services = ["search", "chat", "support", "batch"];

    private long _sent;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{accounts:N0} accounts, each remembers {ids:N0} ids, Zipf {zipfExponent:0.##}, {chargesPerCall} charges a call, {partitions} partitions; {turns} turns of {turn.TotalSeconds:N0} s each; to the ledger every {ArchiveInterval.TotalSeconds:N0} s"));
        Console.WriteLine("| ledger | charges/s | CPU µs/charge | overloaded | peak memory MiB |");
        Console.WriteLine("|---|---|---|---|---|");
        await using var without = await ServerAsync(hasLedger: false, cancellationToken);
        await using var with = await ServerAsync(hasLedger: true, cancellationToken);
        var (off, on) = (new List<Load>(), new List<Load>());
        var curve = new List<string>();
        for (var i = 0; i < turns; i++)
        {
            off.Add(await LoadAsync(without, turn, chargesPerSecond: null, [], cancellationToken));
            on.Add(await LoadAsync(with, turn, chargesPerSecond: null, [], cancellationToken));
        }

        Print("off", off);
        Print("on", on);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Slowed by {1 - (Rate(on) / Rate(off)):P0}."));
        var peak = await PressAsync(with, peakTime, chargesPerSecond: null, curve, cancellationToken);
        var atPeak = with.Journal.Backlog();
        await CatchUpAsync(with, Rate([peak]) / 2, curve, cancellationToken);
        Console.WriteLine();
        Console.WriteLine("| s | load | charges/s | backlog MiB |");
        Console.WriteLine("|---|---|---|---|");
        curve.ForEach(Console.WriteLine);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Behind by {atPeak.Bytes >> 20:N0} MiB after {peakTime.TotalSeconds:N0} s at the peak, the partition that has most by {atPeak.LongestBytes >> 20:N0} MiB, its oldest for {atPeak.Age.TotalSeconds:N0} s; {peak.Refused:N0} charges refused."));
        await TellSegmentsAsync(with, cancellationToken);
        return true;
    }

    private async Task<Server> ServerAsync(bool hasLedger, CancellationToken cancellationToken)
    {
        var server = new Server(hasLedger, ids, partitions);
        await server.Host.StartAsync(cancellationToken);
        var grains = server.Host.Services.GetRequiredService<IGrainFactory>();
        var draft = new RateCardDraft { Meters = [new MeterDraft { Meter = "llm.tokens", Unit = "token", Prices = [new PriceDraft { Id = "tokens", Kind = PriceKind.PerUnit, UnitPrice = 0.00006m }] }] };
        Require((await grains.GetGrain<IRateCardGrain>(AccountRequest.DefaultRateCard).Publish(draft)).Refusal);
        await Parallel.ForEachAsync(Enumerable.Range(0, accounts), new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = cancellationToken }, async (number, _) =>
        {
            var account = grains.GetGrain<IAccountGrain>(Name(number));
            Require((await account.Put(new AccountRequest())).Refusal);
            Require((await account.AddGrant(new GrantRequest { Id = "plan", Amount = 1_000_000_000m })).Refusal);
        });
        return server;
    }

    /// <summary>A turn, and until the ledger has caught up: its work is neither left out nor left to the turn after it.</summary>
    private async Task<Load> LoadAsync(Server server, TimeSpan time, double? chargesPerSecond, List<string> curve, CancellationToken cancellationToken)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var load = await PressAsync(server, time, chargesPerSecond, curve, cancellationToken);
        await WaitUntilAllIsInAsync(server, cancellationToken);
        return load with { Cpu = Environment.CpuUsage.TotalTime - cpu };
    }

    private async Task<Load> PressAsync(Server server, TimeSpan time, double? chargesPerSecond, List<string> curve, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var load = new Counts();
        var (begunAt, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var callers = Enumerable.Range(0, CallsUnderWay).Select(caller => Task.Run(() => CallAsync(server, caller, chargesPerSecond / CallsUnderWay, load, ended.Token), CancellationToken.None)).ToArray();
        var memory = 0L;
        var before = 0L;
        for (var left = time; left > TimeSpan.Zero; left -= Step)
        {
            await Task.Delay(left < Step ? left : Step, cancellationToken);
            memory = Math.Max(memory, Environment.WorkingSet);
            var charged = Volatile.Read(ref load.Charged);
            var backlog = server.Journal.Backlog();
            curve.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"| {server.Age.TotalSeconds:N0} | {(chargesPerSecond is null ? "peak" : "half")} | {(charged - before) / Math.Min(left.TotalSeconds, Step.TotalSeconds):N0} | {backlog.Bytes / 1048576.0:N1} |"));
            before = charged;
        }

        await ended.CancelAsync();
        await Task.WhenAll(callers);
        return new Load(load.Charged, load.Refused, Stopwatch.GetElapsedTime(begunAt), Environment.CpuUsage.TotalTime - cpu, memory);
    }

    private async Task CatchUpAsync(Server server, double chargesPerSecond, List<string> curve, CancellationToken cancellationToken)
    {
        // Caught up: no more waits than comes within two intervals.
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < half)
        {
            await PressAsync(server, Step, chargesPerSecond, curve, cancellationToken);
            if (server.Journal.Backlog().Age <= 2 * ArchiveInterval)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Caught up after {clock.Elapsed.TotalSeconds:N0} s at half of that."));
                return;
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"NOT caught up after {clock.Elapsed.TotalSeconds:N0} s at half of that."));
    }

    private async Task TellSegmentsAsync(Server server, CancellationToken cancellationToken)
    {
        await WaitUntilAllIsInAsync(server, cancellationToken);
        using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(server.LedgerFolder));
        var sizes = await reader.SizesAsync(cancellationToken);
        var report = await reader.VerifyAsync(Name(Math.Min(accounts - 1, Verified)), cancellationToken);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{sizes.Entries:N0} entries in {sizes.Segments:N0} segments: {(double)sizes.Bytes / sizes.Entries:F1} bytes an entry; {report.Entries:N0} of them verified: the chain {(report.Holds ? "holds" : "does NOT hold")}."));
    }

    private static async Task WaitUntilAllIsInAsync(Server server, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (server.Journal.Backlog().Bytes > 0 && clock.Elapsed < MaxWait)
        {
            await Task.Delay(Pause, cancellationToken);
        }
    }

    private async Task CallAsync(Server server, int caller, double? chargesPerSecond, Counts load, CancellationToken ended)
    {
        var (mix, random, clock, charged) = (AccountMix.Zipf(accounts, zipfExponent), new Random(caller), Stopwatch.StartNew(), 0L);
        while (!ended.IsCancellationRequested)
        {
            if (chargesPerSecond is { } rate && charged / rate - clock.Elapsed.TotalSeconds is > 0 and var early)
            {
                await Task.Delay(TimeSpan.FromSeconds(early), CancellationToken.None);
            }

            var batch = new RoutedCharge[chargesPerCall];
            for (var i = 0; i < batch.Length; i++)
            {
                var line = new ChargeLine
                {
                    Meter = "llm.tokens",
                    Quantity = random.Next(1, 5_000),
                    Dimensions = new Dictionary<string, string> { ["model"] = Models[random.Next(Models.Length)], ["service"] = Services[random.Next(Services.Length)] },
                };
                batch[i] = new RoutedCharge(Name(mix.Next(random)), new ChargeRequest { Id = string.Create(CultureInfo.InvariantCulture, $"req-{Interlocked.Increment(ref _sent):D12}"), Lines = [line] });
            }

            var answers = await server.Router.Charge(batch);
            var refused = answers.Count(static answer => answer.Refusal is { Code: Code.Overloaded or Code.Unavailable });
            charged += answers.Length - refused;
            Interlocked.Add(ref load.Charged, answers.Length - refused);
            if (refused > 0)
            {
                Interlocked.Add(ref load.Refused, refused);
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    private static void Print(string ledger, List<Load> loads)
    {
        var charged = (double)loads.Sum(static load => load.Charged);
        var refused = loads.Sum(static load => load.Refused);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {ledger} | {Rate(loads):N0} | {loads.Sum(static load => load.Cpu.TotalMicroseconds) / charged:F2} | {refused / (charged + refused):P1} | {loads.Max(static load => load.Memory) >> 20:N0} |"));
    }

    /// <summary>The median turn.</summary>
    private static double Rate(List<Load> loads) => loads.Select(static load => load.Charged / load.Time.TotalSeconds).Order().ElementAt(loads.Count / 2);

    private static string Name(int account) => string.Create(CultureInfo.InvariantCulture, $"account-{account:D6}");

    private static void Require(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw new InvalidOperationException($"The account refused: {refusal.Code}: {refusal.Detail}");
        }
    }

    private sealed class Counts
    {
        internal long Charged;
        internal long Refused;
    }

    private sealed record Load(long Charged, long Refused, TimeSpan Time, TimeSpan Cpu, long Memory);

    /// <summary>A silo with its directory.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly TemporaryDirectory _directory = new();
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        internal Server(bool hasLedger, int ids, int partitions)
        {
            var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
            builder.Logging.SetMinimumLevel(LogLevel.Error);
            builder.UseOrleans(silo =>
            {
                silo.UseLocalhostClustering(siloPort: TestServers.FreePort.Next(), gatewayPort: 0)
                    .AddEmbeddedStore(new EmbeddedStoreOptions { DataDirectory = _directory.Path })
                    .AddMetering(
                        options => options.Limits = options.Limits with { MaxIds = ids },
                        options => (options.Partitions, options.ArchiveInterval, options.MaxArchiveBacklogBytes) = (partitions, ArchiveInterval, MaxBacklogBytes / partitions),
                        static options => options.LeadTime = TimeSpan.Zero);
                _ = hasLedger ? silo.AddFolderLedger(LedgerFolder) : silo;
            });
            Host = builder.Build();
        }

        internal IHost Host { get; }

        internal string LedgerFolder => Path.Combine(_directory.Path, "ledger");

        internal IChargeRouter Router => Host.Services.GetRequiredService<IChargeRouter>();

        internal Journal Journal => Host.Services.GetRequiredService<Journal>();

        internal TimeSpan Age => _clock.Elapsed;

        public async ValueTask DisposeAsync()
        {
            await Host.StopAsync();
            Host.Dispose();
            _directory.Dispose();
        }
    }
}
