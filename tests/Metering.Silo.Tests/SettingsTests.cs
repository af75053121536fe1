using System.Net;
using Metering.Contracts;
using Metering.Contracts.Settings;
using Microsoft.Extensions.Configuration;

namespace Metering.Silo.Tests;

/// <summary>Each bad or half configuration is one line that names the setting.</summary>
public sealed class SettingsTests
{
    private const string Redis = "Redis=redis:6379";
    private const string Azure = "AzureStorage=https://acme.blob.core.windows.net";

    [Fact]
    public void What_must_be_set_is_enough()
    {
        var settings = Read(Redis, Azure);

        Assert.Equal(("metering", "metering", "redis:6379"), (settings.Cluster.ClusterId, settings.Cluster.ServiceId, settings.Cluster.Redis));
        Assert.Equal((11111, 30000, 8082), (settings.SiloPort, settings.ClientPort, settings.HealthPort));
        Assert.Equal((64, JournalPlace.Redis, "redis:6379", false), (settings.Partitions, settings.Journal, settings.JournalRedis, settings.AllowVolatileRedis));
        Assert.Equal((SnapshotPlace.Azure, "https://acme.blob.core.windows.net", "metering"), (settings.Snapshots, settings.AzureStorage, settings.AzureContainer));
        Assert.Equal((Durability.Journal, TimeSpan.FromSeconds(1), 10_000), (settings.Keeping.Durability, settings.Keeping.PeriodicInterval, settings.Keeping.MaxIds));
        Assert.Equal((TimeSpan.FromHours(24), 256L << 20, TimeSpan.FromMinutes(1)), (settings.Keeping.IdWindow, settings.Keeping.MaxTailBytes, settings.Keeping.CheckpointInterval));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30), 3), (settings.LeadTime, settings.ShutdownTimeout, settings.MissedProbes));
        Assert.Equal(TimeSpan.FromSeconds(2), settings.StepDownAfter);
        Assert.Equal((LedgerPlace.Off, "metering-ledger", 1L << 30), (settings.Ledger, settings.LedgerContainer, settings.LedgerCacheBytes));
        Assert.Equal((TimeSpan.FromMinutes(1), 256L << 20), (settings.Archiving.ArchiveInterval, settings.Archiving.MaxArchiveBacklogBytes));
        Assert.False(IPAddress.IsLoopback(settings.AdvertisedAddress));
    }

    [Fact]
    public void Everything_can_be_set()
    {
        var settings = Read(
            Redis, Azure, "ClusterId=blue", "ServiceId=acme", "SiloPort=1", "ClientPort=2", "HealthPort=0", "AdvertisedAddress=10.1.2.3", "Partitions=4096", "Journal=azure",
            "JournalRedis=other:1,ssl=true", "AllowVolatileRedis=true", "Snapshots=Redis", "AzureContainer=acme", "Durability=Periodic", "PeriodicInterval=00:00:02",
            "IdWindow=01:00:00", "MaxIds=5", "MaxTailBytes=16777216", "CheckpointInterval=00:00:05", "LeadTime=00:00:01", "ProbeTimeout=00:00:02", "MissedProbes=4", "StepDownAfter=00:00:00",
            "ShutdownTimeout=00:01:00", "Ledger=Azure", "LedgerContainer=books", "LedgerDirectory=/shared", "LedgerCacheDirectory=/cache", "LedgerCacheBytes=67108864", "ArchiveInterval=00:00:05",
            "MaxArchiveBacklogBytes=16777216");

        Assert.Equal(("blue", "acme"), (settings.Cluster.ClusterId, settings.Cluster.ServiceId));
        Assert.Equal((1, 2, 0, IPAddress.Parse("10.1.2.3")), (settings.SiloPort, settings.ClientPort, settings.HealthPort, settings.AdvertisedAddress));
        Assert.Equal((4096, JournalPlace.Azure, "other:1,ssl=true", true), (settings.Partitions, settings.Journal, settings.JournalRedis, settings.AllowVolatileRedis));
        Assert.Equal((SnapshotPlace.Redis, "acme"), (settings.Snapshots, settings.AzureContainer));
        Assert.Equal((Durability.Periodic, TimeSpan.FromSeconds(2), 5), (settings.Keeping.Durability, settings.Keeping.PeriodicInterval, settings.Keeping.MaxIds));
        Assert.Equal((TimeSpan.FromHours(1), 16L << 20, TimeSpan.FromSeconds(5)), (settings.Keeping.IdWindow, settings.Keeping.MaxTailBytes, settings.Keeping.CheckpointInterval));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 4, TimeSpan.FromMinutes(1)), (settings.LeadTime, settings.ProbeTimeout, settings.MissedProbes, settings.ShutdownTimeout));
        Assert.Equal(TimeSpan.Zero, settings.StepDownAfter);
        Assert.Equal((LedgerPlace.Azure, "books", "/shared", "/cache", 64L << 20), (settings.Ledger, settings.LedgerContainer, settings.LedgerDirectory, settings.LedgerCacheDirectory, settings.LedgerCacheBytes));
        Assert.Equal((TimeSpan.FromSeconds(5), 16L << 20), (settings.Archiving.ArchiveInterval, settings.Archiving.MaxArchiveBacklogBytes));
    }

    [Fact]
    public void With_Redis_alone_nothing_of_Azure_is_asked_for() => Assert.Null(Read(Redis, "Snapshots=Redis").AzureStorage);

    [Fact]
    public void In_Kubernetes_the_pod_tells_its_address() =>
        Assert.Equal(IPAddress.Parse("10.9.8.7"), SiloSettings.From(Configuration([Redis, Azure], ("POD_IP", "10.9.8.7"))).AdvertisedAddress);

    [Theory]
    [InlineData("Metering__Redis is missing")]
    [InlineData("Metering__Redis is missing", "Redis=", Azure)]
    [InlineData("Metering__Redis is no connection string", "Redis=redis:1,nonsense=1", Azure)]
    [InlineData("Metering__Redis is no connection string", "Redis=password=secret", Azure)]
    [InlineData("Metering__JournalRedis is no connection string", Redis, Azure, "JournalRedis=password=secret")]
    [InlineData("Metering__AzureStorage is missing", Redis)]
    [InlineData("Metering__AzureStorage is missing", Redis, "Snapshots=Redis", "Journal=Azure")]
    [InlineData("Metering__AzureStorage is missing", Redis, "Snapshots=Redis", "Ledger=Azure")]
    [InlineData("Metering__LedgerContainer is 'metering', as Metering__AzureContainer is", Redis, Azure, "Ledger=Azure", "LedgerContainer=metering")]
    [InlineData("Metering__LedgerDirectory is missing", Redis, Azure, "Ledger=Folder")]
    [InlineData("Metering__LedgerCacheBytes is '1'", Redis, Azure, "LedgerCacheBytes=1")]
    [InlineData("Metering__LedgerRetention is 23:59:59; it must be", Redis, Azure, "LedgerRetention=23:59:59")]
    [InlineData("Metering__LedgerDetail is 'some'", Redis, Azure, "LedgerDetail=some")]
    [InlineData("Metering__Archiving is not a setting", Redis, Azure, "Archiving=all")]
    [InlineData("Metering__DataDirectory is not a setting", Redis, Azure, "DataDirectory=./data")]
    [InlineData("Metering__Cluster is not a setting", Redis, Azure, "Cluster=blue")]
    [InlineData("Metering__Keeping is not a setting", Redis, Azure, "Keeping=all")]
    [InlineData("Metering__Redis must be one value", Redis, Azure, "Redis:Password=secret")]
    [InlineData("Metering__ClusterId is 'a b'", Redis, Azure, "ClusterId=a b")]
    [InlineData("Metering__ServiceId is '{x}'", Redis, Azure, "ServiceId={x}")]
    [InlineData("Metering__SiloPort is '0'", Redis, Azure, "SiloPort=0")]
    [InlineData("Metering__ClientPort is '65536'", Redis, Azure, "ClientPort=65536")]
    [InlineData("Metering__HealthPort is '-1'", Redis, Azure, "HealthPort=-1")]
    [InlineData("Metering__ClientPort is 11111, as Metering__SiloPort is", Redis, Azure, "ClientPort=11111")]
    [InlineData("Metering__AdvertisedAddress is 'here'", Redis, Azure, "AdvertisedAddress=here")]
    [InlineData("Metering__Partitions is '0'", Redis, Azure, "Partitions=0")]
    [InlineData("Metering__Partitions is '4097'", Redis, Azure, "Partitions=4097")]
    [InlineData("Metering__Journal is 'Kafka'", Redis, Azure, "Journal=Kafka")]
    [InlineData("Metering__Journal is '1'", Redis, Azure, "Journal=1")]
    [InlineData("Metering__Snapshots is 'Disk'", Redis, Azure, "Snapshots=Disk")]
    [InlineData("Metering__AllowVolatileRedis is 'maybe'", Redis, Azure, "AllowVolatileRedis=maybe")]
    [InlineData("Metering__Durability is 'None'", Redis, Azure, "Durability=None")]
    [InlineData("Metering__PeriodicInterval is '00:00:00.009'", Redis, Azure, "PeriodicInterval=00:00:00.009")]
    [InlineData("Metering__IdWindow is '00:00:59'", Redis, Azure, "IdWindow=00:00:59")]
    [InlineData("Metering__MaxIds is 'many'", Redis, Azure, "MaxIds=many")]
    [InlineData("Metering__MaxTailBytes is '1'", Redis, Azure, "MaxTailBytes=1")]
    [InlineData("Metering__CheckpointInterval is '1 minute'", Redis, Azure, "CheckpointInterval=1 minute")]
    [InlineData("Metering__LeadTime is '00:00:00.999'", Redis, Azure, "LeadTime=00:00:00.999")]
    [InlineData("Metering__ProbeTimeout is '00:00:31'", Redis, Azure, "ProbeTimeout=00:00:31")]
    [InlineData("Metering__MissedProbes is '1'", Redis, Azure, "MissedProbes=1")]
    [InlineData("Metering__StepDownAfter is 00:00:01", Redis, Azure, "StepDownAfter=00:00:01")]
    [InlineData("Metering__StepDownAfter is '00:10:01'", Redis, Azure, "StepDownAfter=00:10:01")]
    [InlineData("Metering__RedisCertificateAuthorityFile is '/nowhere.crt'", Redis, Azure, "RedisCertificateAuthorityFile=/nowhere.crt")]
    [InlineData("Metering__ShutdownTimeout is '00:00:00'", Redis, Azure, "ShutdownTimeout=00:00:00")]
    public void What_is_wrong_is_said_in_one_line(string expected, params string[] settings)
    {
        var refused = Assert.Throws<SettingsException>(() => Read(settings));

        Assert.StartsWith(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_address_that_is_none_is_named() => Assert.StartsWith(
        "POD_IP is 'pod'", Assert.Throws<SettingsException>(() => SiloSettings.From(Configuration([Redis, Azure], ("POD_IP", "pod")))).Message, StringComparison.Ordinal);

    [Fact]
    public void Who_asks_Kubernetes_knows_its_pods_name_and_namespace()
    {
        Assert.Contains("POD_NAME is missing", Assert.Throws<SettingsException>(() => Read(Redis, Azure, "KubernetesHosting=true")).Message, StringComparison.Ordinal);
        Assert.Contains(
            "POD_NAMESPACE is missing",
            Assert.Throws<SettingsException>(() => SiloSettings.From(Configuration([Redis, Azure, "KubernetesHosting=true"], ("POD_NAME", "silo-a")))).Message,
            StringComparison.Ordinal);
        Assert.True(SiloSettings.From(Configuration([Redis, Azure, "KubernetesHosting=true"], ("POD_NAME", "silo-a"), ("POD_NAMESPACE", "metering"))).KubernetesHosting);
        Assert.False(Read(Redis, Azure).KubernetesHosting);
    }

    private static SiloSettings Read(params string[] settings) => SiloSettings.From(Configuration(settings));

    private static IConfiguration Configuration(string[] settings, params (string Name, string Value)[] others) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => setting.Split('=', 2)).Select(setting => KeyValuePair.Create($"Metering:{setting[0]}", (string?)setting[1])))
        .AddInMemoryCollection(others.Select(other => KeyValuePair.Create(other.Name, (string?)other.Value)))
        .Build();
}
