using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.LoadTest.Run;
using Metering.Silo;
using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Metering.Benchmarks;

/// <summary>
/// Whether snapshots keep up with charges: accounts that remember as many ids as they may are charged by way of the router, as fast as it goes, and the log is
/// to stay within its limit. What is refused as overloaded is what the checkpoint came too late for.
/// </summary>
internal sealed class CheckpointBenchmark(int accounts, double zipfExponent, int ids, long maxTailBytes, int chargesPerCall, TimeSpan duration)
{
    private const int CallsUnderWay = 16;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);

    /// <summary>A caller that hears overloaded waits, or it would take the processor from the checkpoint.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly StoreTraffic _traffic = new();
    private long _charged;
    private long _refused;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        using var host = Build(directory.Path);
        await host.StartAsync(cancellationToken);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var router = host.Services.GetRequiredService<IChargeRouter>();
        var clock = Stopwatch.StartNew();
        await PrepareAsync(grains, router, cancellationToken);
        Console.WriteLine($"{accounts:N0} accounts, each remembers {ids:N0} ids, Zipf {zipfExponent:0.##}, log at most {maxTailBytes >> 20:N0} MiB; made in {clock.Elapsed.TotalSeconds:N0} s");
        Console.WriteLine("| s | charges/s | overloaded | log MiB | snapshots/s | blocks/s | removed/s | log bytes/charge | snapshot bytes/charge | CPU µs/charge |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var callers = Enumerable.Range(0, CallsUnderWay).Select(caller => Task.Run(() => CallAsync(router, caller, ended.Token), CancellationToken.None)).ToArray();
        clock.Restart();
        var first = Take();
        for (var before = first; clock.Elapsed < duration;)
        {
            await Task.Delay(Step, cancellationToken);
            var now = Take();
            Print($"{clock.Elapsed.TotalSeconds:N0}", before, now);
            before = now;
        }

        Print("all", first, Take());
        await ended.CancelAsync();
        await Task.WhenAll(callers);
        await host.StopAsync(cancellationToken);
        return true;
    }

    private IHost Build(string dataDirectory)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: FreePort(), gatewayPort: 0)
                .AddEmbeddedStore(new EmbeddedStoreOptions { DataDirectory = dataDirectory })
                .AddMetering(
                    options => options.Limits = options.Limits with { MaxIds = ids },
                    options => options.MaxTailBytes = maxTailBytes,
                    options => options.LeadTime = TimeSpan.Zero);
            _traffic.Watch(silo.Services);
        });
        return builder.Build();
    }

    private async Task PrepareAsync(IGrainFactory grains, IChargeRouter router, CancellationToken cancellationToken)
    {
        var draft = new RateCardDraft { Meters = [new MeterDraft { Meter = "llm.tokens", Unit = "token", Prices = [new PriceDraft { Id = "tokens", Kind = PriceKind.PerUnit, UnitPrice = 0.00006m }] }] };
        Require((await grains.GetGrain<IRateCardGrain>(AccountRequest.DefaultRateCard).Publish(draft)).Refusal);
        await Parallel.ForEachAsync(Enumerable.Range(0, accounts), new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = cancellationToken }, async (number, _) =>
        {
            var account = grains.GetGrain<IAccountGrain>(Name(number));
            Require((await account.Put(new AccountRequest())).Refusal);
            Require((await account.AddGrant(new GrantRequest { Id = "plan", Amount = 1_000_000_000m })).Refusal);
        });
        await Parallel.ForEachAsync(Enumerable.Range(0, accounts), new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken }, async (number, token) =>
        {
            for (var made = 0; made < ids;)
            {
                var batch = Enumerable.Range(made, Math.Min(500, ids - made)).Select(i => Charge(number, string.Create(CultureInfo.InvariantCulture, $"prepare.{i:D12}"))).ToArray();
                var answers = await router.Charge(batch);
                if (Array.Exists(answers, static answer => answer.Refusal is not null))
                {
                    await Task.Delay(Pause, token);
                    continue;
                }

                made += batch.Length;
            }
        });
    }

    private async Task CallAsync(IChargeRouter router, int caller, CancellationToken ended)
    {
        var (mix, random, sent) = (AccountMix.Zipf(accounts, zipfExponent), new Random(caller), 0L);
        while (!ended.IsCancellationRequested)
        {
            var batch = new RoutedCharge[chargesPerCall];
            for (var i = 0; i < batch.Length; i++)
            {
                batch[i] = Charge(mix.Next(random), string.Create(CultureInfo.InvariantCulture, $"load.{caller:D3}.{++sent:D12}"));
            }

            var answers = await router.Charge(batch);
            var refused = answers.Count(static answer => answer.Refusal is { Code: Code.Overloaded or Code.Unavailable });
            Interlocked.Add(ref _charged, answers.Length - refused);
            if (refused > 0)
            {
                Interlocked.Add(ref _refused, refused);
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    private static RoutedCharge Charge(int account, string id) => new(Name(account), new ChargeRequest { Id = id, Lines = [new ChargeLine { Meter = "llm.tokens", Quantity = 1m }] });

    private static string Name(int account) => string.Create(CultureInfo.InvariantCulture, $"account-{account:D6}");

    private Sample Take() => new(Stopwatch.GetTimestamp(), Volatile.Read(ref _charged), Volatile.Read(ref _refused), Environment.CpuUsage.TotalTime, _traffic.Count);

    private static void Print(string at, Sample before, Sample now)
    {
        var seconds = Stopwatch.GetElapsedTime(before.At, now.At).TotalSeconds;
        var charges = Math.Max(1d, now.Charged - before.Charged);
        var refused = now.Refused - before.Refused;
        var count = now.Traffic;
        var last = before.Traffic;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {at} | {charges / seconds:N0} | {refused / (charges + refused):P1} | {(count.Appended - count.Trimmed) >> 20:N0} | {(count.Snapshots - last.Snapshots) / seconds:N0} | {(count.Blocks - last.Blocks) / seconds:N0} | {(count.Removed - last.Removed) / seconds:N0} | {(count.Appended - last.Appended) / charges:N0} | {(count.StateBytes - last.StateBytes) / charges:N0} | {(now.Cpu - before.Cpu).TotalMicroseconds / charges:F2} |"));
    }

    private static void Require(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw new InvalidOperationException($"The account refused: {refusal.Code}: {refusal.Detail}");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private readonly record struct Sample(long At, long Charged, long Refused, TimeSpan Cpu, StoreCount Traffic);
}

/// <summary>What went to the stores so far.</summary>
internal readonly record struct StoreCount(long Appended, long Trimmed, long Snapshots, long Blocks, long Removed, long StateBytes);

/// <summary>Counts what a silo writes to its stores.</summary>
internal sealed class StoreTraffic
{
    private readonly Lock _lock = new();
    private StoreCount _count;

    public StoreCount Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>Puts a counter around the stores that were added.</summary>
    public void Watch(IServiceCollection services)
    {
        var journal = services.Last(static service => service.ServiceType == typeof(IJournalStore));
        services.Remove(journal);
        services.AddSingleton<IJournalStore>(provider => new CountedJournal((IJournalStore)ActivatorUtilities.CreateInstance(provider, journal.ImplementationType!), this));
        var states = services.Last(static service => service.ServiceType == typeof(IGrainStorage) && service.IsKeyedService && (string)service.ServiceKey! == AccountStorage.ProviderName);
        services.Remove(states);
        services.AddKeyedSingleton<IGrainStorage>(
            AccountStorage.ProviderName, (provider, key) => new CountedStates((IGrainStorage)states.KeyedImplementationFactory!(provider, key), this));
    }

    private void Add(Func<StoreCount, StoreCount> change)
    {
        lock (_lock)
        {
            _count = change(_count);
        }
    }

    private sealed class CountedJournal(IJournalStore store, StoreTraffic traffic) : IJournalStore
    {
        private readonly Queue<(string Log, long Number, int Bytes)> _records = new();

        public int MaxRecordBytes => store.MaxRecordBytes;

        public bool IsShared => store.IsShared;

        public bool MayLoseTail => store.MayLoseTail;

        public Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken) => store.OpenAsync(log, cancellationToken);

        public Task<long> LastAsync(string log, CancellationToken cancellationToken) => store.LastAsync(log, cancellationToken);

        public IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, CancellationToken cancellationToken) => store.ReadAsync(log, after, cancellationToken);

        public async Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
        {
            var outcome = await store.AppendAsync(log, number, record, cancellationToken);
            lock (_records)
            {
                _records.Enqueue((log, number, record.Length));
            }

            traffic.Add(count => count with { Appended = count.Appended + record.Length });
            return outcome;
        }

        public async Task TrimAsync(string log, long through, CancellationToken cancellationToken)
        {
            await store.TrimAsync(log, through, cancellationToken);
            var trimmed = 0L;
            lock (_records)
            {
                for (var left = _records.Count; left > 0; left--)
                {
                    var record = _records.Dequeue();
                    if (record.Log == log && record.Number <= through)
                    {
                        trimmed += record.Bytes;
                    }
                    else
                    {
                        _records.Enqueue(record);
                    }
                }
            }

            traffic.Add(count => count with { Trimmed = count.Trimmed + trimmed });
        }
    }

    private sealed class CountedStates(IGrainStorage storage, StoreTraffic traffic) : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.ReadStateAsync(stateName, grainId, grainState);

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var state = grainState.State;
            await storage.WriteStateAsync(stateName, grainId, grainState);
            traffic.Add(count => state switch
            {
                AccountSnapshot snapshot => count with { Snapshots = count.Snapshots + 1, StateBytes = count.StateBytes + snapshot.Bytes.Length + snapshot.OpenBlock.Length + (16 * (snapshot.SealedBlocks.Length + snapshot.DroppedBlocks.Length)) },
                StoredIdBlock block => count with { Blocks = count.Blocks + 1, StateBytes = count.StateBytes + block.Bytes.Length },
                _ => count,
            });
        }

        public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            await storage.ClearStateAsync(stateName, grainId, grainState);
            traffic.Add(static count => count with { Removed = count.Removed + 1 });
        }
    }
}
