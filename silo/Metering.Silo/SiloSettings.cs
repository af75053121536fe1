using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Metering.Contracts.Settings;
using Metering.Ledger.Segments.Blobs;
using Metering.Silo.Ledger;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace Metering.Silo;

/// <summary>Where a cluster's journal is.</summary>
public enum JournalPlace
{
    Redis = 0,
    Azure = 1,
}

/// <summary>Where a cluster's snapshots and rate cards are.</summary>
public enum SnapshotPlace
{
    Azure = 0,
    Redis = 1,

    /// <summary>The host that embeds the silo registers an Orleans storage provider of its own, named <c>accounts</c>.</summary>
    Custom = 2,
}

/// <summary>Where a cluster's ledger is.</summary>
public enum LedgerPlace
{
    /// <summary>Nowhere: entries are gone when the journal is trimmed.</summary>
    Off = 0,

    /// <summary>In a directory that all silos share.</summary>
    Folder = 1,

    /// <summary>In a container of the same storage account as journal or snapshots.</summary>
    Azure = 2,
}

/// <summary>What can be set for a silo in a process of its own: <c>Metering__Name</c> in the environment, <c>Metering:Name</c> elsewhere. The README has the table.</summary>
/// <remarks>No record: those print their members, and some are secret.</remarks>
public sealed class SiloSettings
{
    /// <summary>Where Kubernetes tells a pod its own address.</summary>
    private const string PodAddress = "POD_IP";

    /// <summary>Where it tells a pod its name.</summary>
    private const string PodNameVariable = "POD_NAME";

    /// <summary>Where it tells a pod its namespace.</summary>
    private const string PodNamespaceVariable = "POD_NAMESPACE";

    /// <summary>No more than the log without snapshots may be by default, so that a ledger asks for no more of the journal's store.</summary>
    private const long MaxBacklogBytes = 256L << 20;

    /// <summary>What Redis may take at worst to sync its file, with <c>appendfsync everysec</c>.</summary>
    private static readonly TimeSpan LeastStepDownAfter = TimeSpan.FromSeconds(2);

    private SiloSettings(IConfiguration configuration, SettingsSection section)
    {
        Cluster = new ClusterSettings(section);
        Membership = Parse(nameof(ClusterSettings.Redis), Cluster.Redis, Cluster.RedisCertificateAuthorityFile);
        SiloPort = section.Port(nameof(SiloPort), 11111, mayBeAnyFree: false);
        ClientPort = section.Port(nameof(ClientPort), 30000, mayBeAnyFree: false);
        HealthPort = section.Port(nameof(HealthPort), 8082, mayBeAnyFree: true);
        AdvertisedAddress = section.OptionalAddress(nameof(AdvertisedAddress)) ?? PodOrFirstAddress(configuration);
        Partitions = section.Number(nameof(Partitions), 64, 1, 4096);
        Journal = section.Choice(nameof(Journal), JournalPlace.Redis);
        JournalRedis = section.Text(nameof(JournalRedis), Cluster.Redis);
        AllowVolatileRedis = section.Flag(nameof(AllowVolatileRedis), otherwise: false);
        Snapshots = section.Choice(nameof(Snapshots), SnapshotPlace.Azure);
        Ledger = section.Choice(nameof(Ledger), LedgerPlace.Off);
        AzureStorage = UsesAzure
            ? section.RequiredText(nameof(AzureStorage), "a connection string of Azure Storage or the https address of its blob service, for the journal, the snapshots or the ledger are kept there")
            : section.OptionalText(nameof(AzureStorage));
        AzureContainer = section.Text(nameof(AzureContainer), "metering");
        LedgerContainer = section.Text(nameof(LedgerContainer), BlobLedgerOptions.DefaultContainer);
        LedgerDirectory = Ledger == LedgerPlace.Folder
            ? section.RequiredText(nameof(LedgerDirectory), "a directory that all silos share, for the ledger is kept there")
            : section.OptionalText(nameof(LedgerDirectory));
        LedgerCacheDirectory = section.Text(nameof(LedgerCacheDirectory), Path.Combine(Path.GetTempPath(), "metering-ledger"));
        LedgerCacheBytes = section.Number(nameof(LedgerCacheBytes), BlobLedgerOptions.DefaultMaxCacheBytes, BlobLedgerOptions.LeastMaxCacheBytes, 1L << 50);
        Archiving = new LedgerSettings(section, MaxBacklogBytes);
        Keeping = new KeepingSettings(section);
        TrimDelay = section.Time(nameof(TrimDelay), TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromDays(1));
        LeadTime = section.Time(nameof(LeadTime), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        ProbeTimeout = section.Time(nameof(ProbeTimeout), TimeSpan.FromMilliseconds(600), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30));
        MissedProbes = section.Number(nameof(MissedProbes), 3, 2, 10);
        StepDownAfter = section.Time(nameof(StepDownAfter), LeastStepDownAfter, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        Dashboard = section.Flag(nameof(Dashboard), otherwise: false);
        PodName = configuration[PodNameVariable] is { Length: > 0 } name ? name : null;
        PodNamespace = configuration[PodNamespaceVariable] is { Length: > 0 } space ? space : null;
        KubernetesHosting = section.Flag(nameof(KubernetesHosting), otherwise: false);
        if (KubernetesHosting && (PodName is null || PodNamespace is null))
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(KubernetesHosting))} is true, and {(PodName is null ? PodNameVariable : PodNamespaceVariable)} is missing; k8s/components/orleans-hosting sets it in pods.");
        }

        ShutdownTimeout = section.Time(nameof(ShutdownTimeout), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        JournalServers = Parse(nameof(JournalRedis), JournalRedis, Cluster.RedisCertificateAuthorityFile);
        CheckPorts();
        CheckContainers();
        if (StepDownAfter > TimeSpan.Zero && StepDownAfter < LeastStepDownAfter)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(StepDownAfter))} is {StepDownAfter:c}; it must be 00:00:00 (never) or at least {LeastStepDownAfter:c}, for sooner Redis may not have on its disk what it acknowledged.");
        }
    }

    /// <summary>How silos and gateways find each other.</summary>
    public ClusterSettings Cluster { get; }

    /// <summary>What accounts keep.</summary>
    public KeepingSettings Keeping { get; }

    /// <summary>How long records stay in the log after they could go: copies of Storage and of Redis that are made within it belong together.</summary>
    public TimeSpan TrimDelay { get; }

    /// <summary>Whether the dashboard of Orleans, which gateways serve, shows this silo.</summary>
    public bool Dashboard { get; }

    /// <summary>Whether silos ask Kubernetes which pods there are, and declare silos without one dead.</summary>
    public bool KubernetesHosting { get; }

    /// <summary>TCP port that silos talk to each other on.</summary>
    public int SiloPort { get; }

    /// <summary>TCP port that gateways call on.</summary>
    public int ClientPort { get; }

    /// <summary>TCP port of HTTP for health; 0 takes a free one.</summary>
    public int HealthPort { get; }

    /// <summary>Where other processes reach this one.</summary>
    public IPAddress AdvertisedAddress { get; }

    /// <summary>Into how many partitions the accounts are spread; recorded in the journal's store for good.</summary>
    public int Partitions { get; }

    public JournalPlace Journal { get; }

    /// <summary>The Redis of the journal.</summary>
    public string JournalRedis { get; }

    /// <summary>Whether to start on a Redis that would forget.</summary>
    public bool AllowVolatileRedis { get; }

    public SnapshotPlace Snapshots { get; }

    /// <summary>Connection string, or https address of the blob service; null when nothing is kept there.</summary>
    public string? AzureStorage { get; }

    public string AzureContainer { get; }

    /// <summary>Whether, and where, every entry is kept for good.</summary>
    public LedgerPlace Ledger { get; }

    /// <summary>The container of the ledger.</summary>
    public string LedgerContainer { get; }

    /// <summary>The directory of the ledger; null when it is elsewhere.</summary>
    public string? LedgerDirectory { get; }

    /// <summary>Where segments of a container lie on this machine while they are written or read.</summary>
    public string LedgerCacheDirectory { get; }

    /// <summary>How many bytes of them at most.</summary>
    public long LedgerCacheBytes { get; }

    /// <summary>How entries come to the ledger.</summary>
    public LedgerSettings Archiving { get; }

    /// <summary>How far ahead a new version of a rate card takes effect at the least.</summary>
    public TimeSpan LeadTime { get; }

    /// <summary>How long a silo may take to answer the question whether it is there. An answer under load takes far less.</summary>
    public TimeSpan ProbeTimeout { get; }

    /// <summary>So many questions in a row without an answer are a vote for its death; two votes are needed.</summary>
    public int MissedProbes { get; }

    /// <summary>For how long the journal's store must be silent for this silo, and not for another, until this one ends its process; zero for never.</summary>
    public TimeSpan StepDownAfter { get; }

    /// <summary>How long a stop may take to hand over and finish.</summary>
    public TimeSpan ShutdownTimeout { get; }

    /// <summary>What Kubernetes calls this silo's pod; null elsewhere. A field: it is no setting by itself.</summary>
    internal readonly string? PodName;

    /// <summary>Its namespace; null elsewhere.</summary>
    internal readonly string? PodNamespace;

    /// <summary>The Redis of <see cref="ClusterSettings.Redis"/>, understood. A field: it is no setting by itself.</summary>
    internal readonly ConfigurationOptions Membership;

    /// <summary>The Redis of <see cref="JournalRedis"/>, understood.</summary>
    internal readonly ConfigurationOptions JournalServers;

    private bool UsesAzure => Journal == JournalPlace.Azure || Snapshots == SnapshotPlace.Azure || Ledger == LedgerPlace.Azure;

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">A name is unknown, a value is missing, or one is not in its range.</exception>
    public static SiloSettings From(IConfiguration configuration) =>
        new(configuration, SettingsSection.Of(configuration, typeof(SiloSettings), typeof(ClusterSettings), typeof(KeepingSettings), typeof(LedgerSettings)));

    private void CheckPorts()
    {
        (string Name, int Port)[] ports = [(nameof(SiloPort), SiloPort), (nameof(ClientPort), ClientPort), (nameof(HealthPort), HealthPort)];
        foreach (var same in ports.Where(static each => each.Port != 0).GroupBy(static each => each.Port).Where(static same => same.Count() > 1))
        {
            var names = same.Select(static each => SettingsSection.Name(each.Name)).ToList();
            throw new SettingsException($"{names[1]} is {same.Key}, as {names[0]} is; each needs a port of its own.");
        }
    }

    private void CheckContainers()
    {
        if (Ledger == LedgerPlace.Azure && LedgerContainer == AzureContainer)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(LedgerContainer))} is '{LedgerContainer}', as {SettingsSection.Name(nameof(AzureContainer))} is; the ledger needs a container of its own.");
        }
    }

    private static IPAddress PodOrFirstAddress(IConfiguration configuration)
    {
        if (configuration[PodAddress] is { Length: > 0 } pod)
        {
            return IPAddress.TryParse(pod, out var address) ? address : throw new SettingsException($"{PodAddress} is '{pod}'; it must be an IP address.");
        }

        return NetworkInterface.GetAllNetworkInterfaces()
            .Where(static network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(static network => network.GetIPProperties().UnicastAddresses)
            .Select(static unicast => unicast.Address)
            .FirstOrDefault(static address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))
            ?? throw new SettingsException(
                $"{SettingsSection.Name(nameof(AdvertisedAddress))} is missing, and this machine has no address but its own; set it to the one where other silos and gateways reach this process.");
    }

    // What was wrong with it is not repeated: it may be a part of the password.
    private static ConfigurationOptions Parse(string setting, string redis, string? certificateAuthorityFile)
    {
        try
        {
            var options = ConfigurationOptions.Parse(redis);
            if (certificateAuthorityFile is not null)
            {
                options.TrustIssuer(certificateAuthorityFile);
            }

            return options.EndPoints.Count > 0 ? options : throw new ArgumentException("No endpoint.");
        }
        catch (CryptographicException)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(ClusterSettings.RedisCertificateAuthorityFile))} is '{certificateAuthorityFile}'; it must be a PEM file with a certificate that this process can read.");
        }
        catch (ArgumentException)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(setting)} is no connection string of StackExchange.Redis; write it as host:port[,host:port…][,password=…][,ssl=true].");
        }
    }
}
