using Metering.Contracts;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Metering.Grains.Routing;
using Metering.Grains.Tests.Accounts;
using Metering.Grains.Tests.Journal;
using Metering.Grains.Tests.RateCards;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.GrainDirectory;
using Orleans.Runtime.Hosting;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.TestingHost;
using SiloJournal = Metering.Grains.Journal.Journal;

namespace Metering.Grains.Tests.Placement;

/// <summary>Silos in this process over one journal and one snapshot store in memory, by the real clock, and a client that calls them over connections.</summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    /// <summary>As many as the product has by default: with few, a silo of three may by chance own none.</summary>
    internal const int Partitions = 64;

    private readonly Dictionary<string, StoreConnections> _connections = [];
    private InProcessTestCluster _cluster = null!;

    internal FaultyJournalStore Journal { get; } = new() { IsShared = true };

    internal SnapshotStore Snapshots { get; } = new();

    internal ListedAccounts Index { get; } = new();

    internal IGrainFactory Grains => _cluster.Client;

    internal IEnumerable<InProcessSiloHandle> Silos => _cluster.GetActiveSilos();

    internal IAccountGrain Account(string id) => Grains.GetGrain<IAccountGrain>(id);

    internal static async Task<SiloCluster> StartAsync(short silos = 3, Action<ISiloBuilder>? configure = null)
    {
        var cluster = new SiloCluster();
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((options, silo) =>
        {
            cluster.Configure(options.SiloName, silo);
            configure?.Invoke(silo);
        });
        builder.ConfigureClient(static client => client.Configure<ClientMessagingOptions>(static options => options.ResponseTimeout = TimeSpan.FromSeconds(5)));
        cluster._cluster = builder.Build();
        await cluster._cluster.DeployAsync();
        Assert.NotNull((await cluster.Grains.GetGrain<IRateCardGrain>(AccountRequest.DefaultRateCard).Publish(CardDrafts.Calls(1m))).Reply);
        return cluster;
    }

    internal T Service<T>(InProcessSiloHandle silo)
        where T : notnull => _cluster.GetSiloServiceProvider(silo.SiloAddress).GetRequiredService<T>();

    internal SiloJournal JournalOf(InProcessSiloHandle silo) => Service<SiloJournal>(silo);

    /// <summary>Who is to own an account, among the silos that run.</summary>
    internal SiloAddress OwnerOf(string account) =>
        PartitionOwner.Of(AccountPartition.Of(account, Partitions), Silos.Select(static silo => silo.SiloAddress))!;

    /// <summary>Where Orleans' own directory says that an account is; null when it does not know.</summary>
    internal Task<GrainAddress?> RememberedPlaceAsync(string account) =>
        _cluster.GetSiloServiceProvider(Silos.First().SiloAddress).GetRequiredKeyedService<IGrainDirectory>(GrainDirectoryAttribute.DEFAULT_GRAIN_DIRECTORY).Lookup(Account(account).GetGrainId());

    /// <summary>Where each account that is awake has its activations.</summary>
    internal async Task<Dictionary<string, SiloAddress[]>> PlacesAsync() =>
        (await Grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics())
            .Where(activation => activation.GrainId.Type == Account("any").GetGrainId().Type)
            .GroupBy(activation => activation.GrainId.Key.ToString()!, activation => activation.SiloAddress)
            .ToDictionary(activations => activations.Key, activations => activations.ToArray(), StringComparer.Ordinal);

    internal Task<InProcessSiloHandle> JoinAsync() => _cluster.StartAdditionalSiloAsync();

    internal Task LeaveAsync(InProcessSiloHandle silo) => _cluster.StopSiloAsync(silo);

    /// <summary>Ends a silo as a dying process does: nothing it still does on its way out reaches a store, and it tells nobody.</summary>
    internal Task KillAsync(InProcessSiloHandle silo)
    {
        _connections[silo.Name].Cut();
        return _cluster.KillSiloAsync(silo);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private void Configure(string name, ISiloBuilder silo)
    {
        var connections = new StoreConnections();
        lock (_connections)
        {
            _connections[name] = connections;
        }

        silo.Configure<ClusterMembershipOptions>(static options =>
        {
            options.ProbeTimeout = TimeSpan.FromMilliseconds(500);
            options.MaxProbeTimeout = TimeSpan.FromMilliseconds(500);
        });
        silo.Configure<SiloMessagingOptions>(static options =>
        {
            options.ClientGatewayShutdownNotificationTimeout = TimeSpan.FromMilliseconds(500);
            options.WaitForMessageToBeQueuedForOutboundTime = TimeSpan.FromMilliseconds(500);
        });
        silo.Services.AddSingleton<IJournalStore>(new JournalConnection(Journal, connections));
        silo.Services.AddSingleton<IAccountIndex>(Index);
        silo.Services.AddGrainStorage(AccountStorage.ProviderName, (provider, _) => new SnapshotConnection(
            Snapshots, connections, provider.GetRequiredService<Serializer>(), provider.GetRequiredService<IActivatorProvider>()));
        silo.Services.AddPartitionPlacement();
        silo.Services.AddJournal(static journal => journal.Partitions = Partitions);
        silo.Services.AddRateCards();
        silo.Services.AddChargeRouter();
    }
}

/// <summary>An index that lists what it was told of, and nothing else.</summary>
internal sealed class ListedAccounts : IAccountIndex
{
    private readonly Lock _lock = new();
    private readonly SortedSet<string> _accounts = new(StringComparer.Ordinal);

    /// <summary>What adding to it fails with; null when it works.</summary>
    internal Func<Exception>? AddFailure { get; set; }

    public Task AddAsync(string account, CancellationToken cancellationToken)
    {
        if (AddFailure is { } failure)
        {
            throw failure();
        }

        lock (_lock)
        {
            _accounts.Add(account);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<string>> ListAsync(string prefix, string after, int limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<string>>([.. _accounts
                .Where(account => account.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(account, after) > 0)
                .Take(limit)]);
        }
    }
}
