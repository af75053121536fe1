using System.Diagnostics;
using System.Globalization;
using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Silo;
using Metering.Silo.Ledger;
using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Benchmarks;

/// <summary>
/// How long it takes to look at an account as it was, one with many entries: from the states that were kept of it, and without them from its first entry. What the answers are worth is for tests.
/// </summary>
internal sealed class PastBenchmark(int entries)
{
    private const string Account = "busy";
    private const int Batch = 500;
    private const int Senders = 4;
    private const int Looks = 15;

    private static readonly string[] Meters = ["llm.tokens", "api.calls", "egress", "storage"];

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        var ledger = Path.Combine(directory.Path, "ledger");
        using var host = Build(directory.Path, ledger);
        await host.StartAsync(cancellationToken);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var options = host.Services.GetRequiredService<IOptions<AccountOptions>>().Value;
        await LiveAsync(host, grains, cancellationToken);
        var journal = host.Services.GetRequiredService<Grains.Journal.Journal>();
        while (journal.Backlog() is { Bytes: > 0, Fault: null })
        {
            await Task.Delay(100, cancellationToken);
        }

        var states = Directory.GetFiles(Path.Combine(ledger, "_states"), "*", SearchOption.AllDirectories).Select(static path => new FileInfo(path)).ToList();
        var segments = Directory.GetFiles(ledger, "*.parquet", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);
        Say($"{entries:N0} entries of one account, {segments / 1e6:N1} MB of segments; {states.Count} states kept, {states.Average(static state => state.Length):N0} bytes each");

        var kept = states.Select(SequenceOf).Order().ToList();
        var random = new Random(4711);
        var isGood = true;
        _ = await MeasureAsync("at first", grains, [entries / 2]);
        isGood &= await MeasureAsync("anywhere, from the state before", grains, [.. Enumerable.Range(0, Looks).Select(_ => random.NextInt64(1, entries))]);
        isGood &= await MeasureAsync("right after a state was kept", grains, [.. kept.SkipLast(1).Take(Looks).Select(static sequence => sequence + 1)]);
        isGood &= await MeasureAsync("right before the next one", grains, [.. kept.Skip(1).Take(Looks).Select(static sequence => sequence - 1)]);
        Directory.Delete(Path.Combine(ledger, "_states"), recursive: true);
        options.MaxPastEntries = entries;
        isGood &= await MeasureAsync("without them, after 100,000 entries", grains, [100_000, 100_001, 100_002]);
        return isGood & await MeasureAsync("without them, right before the end", grains, [entries - 1]);
    }

    private static IHost Build(string directory, string ledger)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo => silo.UseLocalhostClustering(siloPort: TestServers.FreePort.Next(), gatewayPort: 0)
            .AddEmbeddedStore(new EmbeddedStoreOptions { DataDirectory = directory })
            .AddMetering(
                static _ => { },
                static options => (options.Partitions, options.ArchiveInterval, options.MaxArchiveBacklogBytes) = (1, TimeSpan.FromSeconds(1), 8L << 30),
                static options => options.LeadTime = TimeSpan.Zero)
            .AddFolderLedger(ledger));
        return builder.Build();
    }

    private async Task LiveAsync(IHost host, IGrainFactory grains, CancellationToken cancellationToken)
    {
        var draft = new RateCardDraft
        {
            Meters = [.. Meters.Select(static meter => new MeterDraft { Meter = meter, Unit = "unit", Prices = [new PriceDraft { Id = meter, Kind = PriceKind.PerUnit, UnitPrice = 0.00006m }] })],
        };
        Require((await grains.GetGrain<IRateCardGrain>(AccountRequest.DefaultRateCard).Publish(draft)).Refusal);
        Require((await grains.GetGrain<IAccountGrain>(Account).Put(new AccountRequest())).Refusal);
        Require((await grains.GetGrain<IAccountGrain>(Account).AddGrant(new GrantRequest { Id = "plan", Amount = 1_000_000m })).Refusal);
        var router = host.Services.GetRequiredService<IChargeRouter>();
        var made = 2;
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(SendAsync, CancellationToken.None)));

        async Task SendAsync()
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var first = Interlocked.Add(ref made, Batch) - Batch;
                var count = Math.Min(Batch, entries - first);
                if (count <= 0)
                {
                    return;
                }

                foreach (var answer in await router.Charge([.. Enumerable.Range(first, count).Select(static number => new RoutedCharge(Account, Charge(number)))]))
                {
                    Require(answer.Refusal);
                }
            }
        }
    }

    private static ChargeRequest Charge(int number) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"request-{number * 2654435761L:x12}"),
        Lines =
        [
            new ChargeLine
            {
                Meter = Meters[number % Meters.Length],
                Quantity = 1 + (number % 4_999),
                Dimensions = new Dictionary<string, string> { ["kind"] = number % 3 == 0 ? "context" : "generated", ["service"] = $"service-{number % 20}" },
            },
        ],
    };

    private static async Task<bool> MeasureAsync(string what, IGrainFactory grains, IReadOnlyList<long> sequences)
    {
        var history = grains.GetGrain<IAccountHistoryGrain>(Account);
        var (waited, worked, clock) = (new List<double>(), new List<double>(), new Stopwatch());
        foreach (var sequence in sequences)
        {
            var cpu = Environment.CpuUsage.TotalTime;
            clock.Restart();
            var answer = await history.GetAfter(sequence);
            waited.Add(clock.Elapsed.TotalMilliseconds);
            worked.Add((Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds);
            if (answer.Reply?.Sequence != sequence)
            {
                Say($"{what}: after entry {sequence}: {answer.Refusal?.Detail}");
                return false;
            }
        }

        Say($"{what,-40} {sequences.Count,3} looks  median {Median(waited),8:N0} ms  longest {waited.Max(),8:N0} ms  processor {Median(worked),8:N0} ms");
        return true;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static long SequenceOf(FileInfo state) => long.Parse(state.Name.AsSpan(0, state.Name.IndexOf('-', StringComparison.Ordinal)), CultureInfo.InvariantCulture);

    private static void Require(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw new InvalidOperationException($"The server refused: {refusal.Code}: {refusal.Detail}");
        }
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
