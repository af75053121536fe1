using System.Net;
using Metering.Grains.Audit;
using Metering.Grains.Journal;
using Metering.Ledger.Segments.Blobs;
using Metering.Silo.Kubernetes;
using Metering.Silo.Ledger;
using Metering.Silo.SteppingDown;
using Metering.Silo.Storage;
using Metering.Silo.Storage.Azure;
using Metering.Silo.Storage.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.Persistence;

namespace Metering.Silo;

/// <summary>Makes a silo one of a cluster, as its settings say.</summary>
public static class MeteringCluster
{
    /// <summary>One connection is written by one thread at a time; more than two only make smaller writes.</summary>
    private const int ConnectionsPerSilo = 2;

    /// <summary>Silos are near: one that has not taken a connection by then has vanished.</summary>
    private static readonly TimeSpan OpenConnectionTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long one silo waits for another's grain: a rate card's, or a partition's when accounts are listed. Opening a partition may take that long; calls to a silo that is declared
    /// dead fail at once.
    /// </summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The same for Orleans' own questions, such as where a grain is.</summary>
    private static readonly TimeSpan SystemResponseTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a silo that leaves waits, first after it has told gateways to call through others, then before it closes their connections: answers to what came through it go back through it, and one
    /// whose connection is gone is lost. As long as a gateway waits for an answer by default: later ones nobody waits for.
    /// </summary>
    private static readonly TimeSpan LeavingPause = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long answers are kept for a gateway that is not connected to this silo any more. After it they go through a silo that the gateway is connected to: it may be cut off from this one only.
    /// </summary>
    private static readonly TimeSpan ClientDropTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Adds membership, endpoints, stores and grains. With <see cref="SnapshotPlace.Custom"/> the host adds the grain storage <see cref="AccountStorage.ProviderName"/> itself, any Orleans
    /// storage provider with ETags; the list of accounts is then kept in the journal's Redis unless the host adds an <see cref="IAccountIndex"/> after this.
    /// </summary>
    public static ISiloBuilder AddMeteringCluster(this ISiloBuilder silo, SiloSettings settings)
    {
        silo.Services.AddSingleton(settings);
        if (settings.KubernetesHosting)
        {
            silo.AddKubernetesHosting();
        }

        if (settings.PodName is { } pod)
        {
            // By it operators find a silo of the membership again, and Kubernetes' hosting its pod: also that of a silo which began before the hosting was switched on.
            silo.Configure<SiloOptions>(options => options.SiloName = pod);
        }

        silo.Services.AddSingleton<MembershipRedis>();
        silo.UseRedisClustering(redis => redis.ConfigurationOptions = settings.Membership);
        silo.Services.AddOptions<RedisClusteringOptions>()
            .Configure<MembershipRedis>(static (redis, membership) => redis.CreateMultiplexer = _ => membership.ConnectAsync());
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (settings.Cluster.ClusterId, settings.Cluster.ServiceId));
        silo.Configure<ClusterMembershipOptions>(membership => FailureDetection.Configure(membership, settings.ProbeTimeout, settings.MissedProbes));
        silo.Configure<SiloMessagingOptions>(static messaging =>
        {
            messaging.ResponseTimeout = ResponseTimeout;
            messaging.SystemResponseTimeout = SystemResponseTimeout;
            messaging.ClientGatewayShutdownNotificationTimeout = LeavingPause;
            messaging.WaitForMessageToBeQueuedForOutboundTime = LeavingPause;
            messaging.ClientDropTimeout = ClientDropTimeout;
        });
        silo.Configure<ConnectionOptions>(static connections =>
        {
            connections.ConnectionsPerEndpoint = ConnectionsPerSilo;
            connections.OpenConnectionTimeout = OpenConnectionTimeout;
            connections.ConnectionRetryDelay = ReconnectDelay;
        });
        Links.AddTo(silo.Services);
        silo.Configure<EndpointOptions>(endpoints => Listen(endpoints, settings));
        AddJournal(silo, settings);
        AddSnapshots(silo, settings);
        AddLedger(silo, settings);
        silo.Services.AddSteppingDown();
        silo.Services.Configure<AuditOptions>(settings.Keeping.Apply);
        if (settings.Dashboard)
        {
            silo.AddMeteringDashboard();
        }

        return silo.AddMetering(
            settings.Keeping.Apply,
            journal =>
            {
                settings.Keeping.Apply(journal);
                settings.Archiving.Apply(journal);
                journal.Partitions = settings.Partitions;
                journal.TrimDelay = settings.TrimDelay;
            },
            rateCards => (rateCards.LeadTime, rateCards.RefreshInterval) = (settings.LeadTime, settings.LeadTime / 6));
    }

    /// <summary>The address to listen on: of this machine alone when nobody else is to reach it there.</summary>
    internal static IPAddress ListeningAddress(SiloSettings settings) => IPAddress.IsLoopback(settings.AdvertisedAddress) ? settings.AdvertisedAddress : IPAddress.Any;

    private static void Listen(EndpointOptions endpoints, SiloSettings settings)
    {
        endpoints.AdvertisedIPAddress = settings.AdvertisedAddress;
        endpoints.SiloPort = settings.SiloPort;
        endpoints.GatewayPort = settings.ClientPort;
        endpoints.SiloListeningEndpoint = new IPEndPoint(ListeningAddress(settings), settings.SiloPort);
        endpoints.GatewayListeningEndpoint = new IPEndPoint(ListeningAddress(settings), settings.ClientPort);
    }

    private static void AddJournal(ISiloBuilder silo, SiloSettings settings)
    {
        _ = settings.Journal switch
        {
            JournalPlace.Redis => silo.AddRedisJournal(new RedisJournalOptions
            {
                Configuration = settings.JournalRedis,
                ServiceId = settings.Cluster.ServiceId,
                AllowVolatile = settings.AllowVolatileRedis,
                CertificateAuthorityFile = settings.Cluster.RedisCertificateAuthorityFile,
            }),
            JournalPlace.Azure => silo.AddAzureJournal(Azure(settings)),
        };
    }

    private static void AddSnapshots(ISiloBuilder silo, SiloSettings settings)
    {
        _ = settings.Snapshots switch
        {
            SnapshotPlace.Azure => silo.AddAzureSnapshots(Azure(settings)),
            SnapshotPlace.Redis => AddRedisIndex(silo, settings).AddRedisGrainStorage(
                AccountStorage.ProviderName, redis => redis.Configure<IServiceProvider>((options, services) => Configure(options, services, settings))),
            SnapshotPlace.Custom => AddRedisIndex(silo, settings),
        };
    }

    private static void AddLedger(ISiloBuilder silo, SiloSettings settings)
    {
        _ = settings.Ledger switch
        {
            LedgerPlace.Off => silo,
            LedgerPlace.Folder => silo.AddFolderLedger(settings.LedgerDirectory!).AddLedgerUpkeep(settings.Archiving),
            LedgerPlace.Azure => silo.AddBlobLedger(new BlobLedgerOptions
            {
                Storage = settings.AzureStorage!,
                Container = settings.LedgerContainer,
                MayCreate = true,
                CacheDirectory = settings.LedgerCacheDirectory,
                MaxCacheBytes = settings.LedgerCacheBytes,
            }).AddLedgerUpkeep(settings.Archiving),
        };
    }

    /// <summary>Binary: the default writes JSON, and a third more of a snapshot's bytes.</summary>
    private static void Configure(RedisStorageOptions redis, IServiceProvider services, SiloSettings settings)
    {
        redis.ConfigurationOptions = settings.JournalServers;

        // Without it a cleared state keeps its ETag, and does not read as new.
        redis.DeleteStateOnClear = true;
        redis.GrainStorageSerializer = ActivatorUtilities.CreateInstance<StateSerializer>(services);
    }

    private static ISiloBuilder AddRedisIndex(ISiloBuilder silo, SiloSettings settings) => silo.AddRedisAccountIndex(new RedisAccountIndexOptions
    {
        Configuration = settings.JournalRedis,
        ServiceId = settings.Cluster.ServiceId,
        AllowVolatile = settings.AllowVolatileRedis,
        CertificateAuthorityFile = settings.Cluster.RedisCertificateAuthorityFile,
    });

    private static AzureStoreOptions Azure(SiloSettings settings) => new() { Storage = settings.AzureStorage!, Container = settings.AzureContainer };
}
