using System.Diagnostics;
using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Metering.Grains.Routing;
using Metering.Grains.Tests.Journal;
using Metering.Grains.Tests.RateCards;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Core.Internal;
using Orleans.Runtime.Hosting;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.TestingHost;
using SiloJournal = Metering.Grains.Journal.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>What stays when a cluster is gone, and the one clock of a test.</summary>
internal sealed class World
{
    internal const string Log = TestSilo.Log;

    internal static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    internal World()
        : this(new FaultyJournalStore(), new SnapshotStore(), Noon)
    {
    }

    /// <summary>A world whose journal store is of another kind.</summary>
    internal World(FaultyJournalStore journal)
        : this(journal, new SnapshotStore(), Noon)
    {
    }

    /// <summary>The same stores as another world's, by another clock.</summary>
    internal World(World other, DateTimeOffset now)
        : this(other.Journal, other.Snapshots, now)
    {
    }

    private World(FaultyJournalStore journal, SnapshotStore snapshots, DateTimeOffset now)
    {
        Journal = journal;
        Snapshots = snapshots;
        Clock = new TestClock(now);
    }

    internal FaultyJournalStore Journal { get; }

    internal SnapshotStore Snapshots { get; }

    internal TestClock Clock { get; }
}

/// <summary>What a test sets otherwise than the product does.</summary>
internal sealed class Settings
{
    internal JournalOptions Journal { get; } = new();

    internal AccountOptions Accounts { get; } = new();

    internal RateCardOptions RateCards { get; } = new();

    /// <summary>Where entries are that have left the journal; null for nowhere.</summary>
    internal IEntryArchive? EntryArchive { get; set; }

    /// <summary>Where states are kept; null for nowhere.</summary>
    internal IStateArchive? StateArchive { get; set; }
}

/// <summary>A silo with accounts on stores and a clock that the test owns. All its time stands still unless the test moves it.</summary>
internal sealed class AccountCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly StoreConnections _connections;

    private AccountCluster(World world, InProcessTestCluster cluster, StoreConnections connections, CardSource cards)
    {
        World = world;
        Cards = cards;
        _cluster = cluster;
        _connections = connections;
    }

    internal World World { get; }

    /// <summary>Where the silo's rate cards come from.</summary>
    internal CardSource Cards { get; }

    private IServiceProvider Services => _cluster.GetSiloServiceProvider(_cluster.Silos[0].SiloAddress);

    internal IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    internal Serializer Serializer => Services.GetRequiredService<Serializer>();

    internal SiloJournal Journal => Services.GetRequiredService<SiloJournal>();

    internal IAccountGrain Account(string id) => Grains.GetGrain<IAccountGrain>(id);

    internal ICheckpointedAccount Checkpointed(string id) => Grains.GetGrain<ICheckpointedAccount>(id);

    internal static async Task<AccountCluster> StartAsync(World world, Action<Settings>? configure = null)
    {
        var settings = new Settings();
        configure?.Invoke(settings);
        var connections = new StoreConnections();
        var cards = new CardSource();
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton<TimeProvider>(world.Clock);
            silo.Services.AddSingleton<IJournalStore>(new JournalConnection(world.Journal, connections));
            silo.Services.AddSingleton<IAccountIndex, NoIndex>();
            if (settings.EntryArchive is { } archive)
            {
                silo.Services.AddSingleton(archive);
            }

            if (settings.StateArchive is { } states)
            {
                silo.Services.AddSingleton(states);
            }

            silo.Services.AddGrainStorage("accounts", (provider, _) => new SnapshotConnection(
                world.Snapshots, connections, provider.GetRequiredService<Serializer>(), provider.GetRequiredService<IActivatorProvider>()));
            silo.Services.AddSingleton(Options.Create(settings.Accounts));
            silo.Services.AddPartitionPlacement();
            silo.Services.AddJournal(_ => { });
            silo.Services.AddSingleton(Options.Create(settings.Journal));
            silo.Services.AddSingleton(provider => CardsFrom(cards, provider));
            silo.Services.AddRateCards();
            silo.Services.AddChargeRouter();
            silo.Services.AddSingleton(Options.Create(settings.RateCards));
        });
        var cluster = new AccountCluster(world, builder.Build(), connections, cards);
        await cluster._cluster.DeployAsync(TestContext.Current.CancellationToken);
        return cluster;
    }

    /// <summary>A cluster with a card that asks one credit a call.</summary>
    internal static async Task<AccountCluster> StartPricedAsync(World world, Action<Settings>? configure = null)
    {
        var cluster = await StartAsync(world, configure);
        await cluster.PublishAsync(AccountRequest.DefaultRateCard, unitPrice: 1m);
        return cluster;
    }

    internal async Task PublishAsync(string card, decimal unitPrice) =>
        Assert.NotNull((await Grains.GetGrain<IRateCardGrain>(card).Publish(CardDrafts.Calls(unitPrice))).Reply);

    /// <summary>
    /// Waits until an account has had its turn at everything sent before: a request that looks at nothing of the account is answered although all
    /// others wait for a commit.
    /// </summary>
    internal async Task TurnsTakenAsync(string account) =>
        Assert.Equal(Code.RateCardNotFound, (await Account(account).Put(new AccountRequest { RateCard = "no-such-card" })).Refusal!.Code);

    /// <summary>Waits until no silo has the account in memory.</summary>
    internal async Task AsleepAsync(string account)
    {
        var management = Grains.GetGrain<IManagementGrain>(0);
        while (await IsAwakeAsync(management, account))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Puts an account to sleep, even one that would stay for its holds. A checkpoint that falls due in a test that moves the clock may wake it again on its way out: then it is
    /// told again.
    /// </summary>
    internal async Task SleepAsync(string account)
    {
        var management = Grains.GetGrain<IManagementGrain>(0);
        do
        {
            await Account(account).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
            var told = Stopwatch.GetTimestamp();
            while (await IsAwakeAsync(management, account) && Stopwatch.GetElapsedTime(told) < TimeSpan.FromSeconds(5))
            {
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }
        }
        while (await IsAwakeAsync(management, account));
    }

    /// <summary>Collects every account that is idle now, however short a time; says whether an account was left in memory.</summary>
    internal async Task<bool> StaysAsync(string account)
    {
        var management = Grains.GetGrain<IManagementGrain>(0);
        await management.ForceActivationCollection(TimeSpan.Zero);
        return await IsAwakeAsync(management, account);
    }

    /// <summary>By what the silo itself counts: to look the account up tells nothing, because where accounts live is remembered nowhere for long.</summary>
    private async Task<bool> IsAwakeAsync(IManagementGrain management, string account)
    {
        var id = Account(account).GetGrainId();
        return (await management.GetDetailedGrainStatistics()).Any(activation => activation.GrainId == id);
    }

    /// <summary>Waits until the collector has put an account to sleep.</summary>
    internal async Task CollectedAsync(string account)
    {
        while (await StaysAsync(account))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The process is gone: from now on nothing it does reaches a store.</summary>
    internal void Crash() => _connections.Cut();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private static Grains.RateCards CardsFrom(CardSource cards, IServiceProvider provider)
    {
        cards.Inner = new RateCardGrainSource(provider.GetRequiredService<IGrainFactory>());
        return new Grains.RateCards(
            cards,
            provider.GetRequiredService<IOptions<RateCardOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Grains.RateCards>>());
    }

    private sealed class NoIndex : IAccountIndex
    {
        public Task AddAsync(string account, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<IReadOnlyList<string>> ListAsync(string prefix, string after, int limit, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<string>>([]);
    }
}
