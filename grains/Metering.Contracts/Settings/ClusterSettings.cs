namespace Metering.Contracts.Settings;

/// <summary>How silos and gateways find each other. All processes of a cluster have the same. (No record: those print their members, and one is secret.)</summary>
public sealed class ClusterSettings
{
    public ClusterSettings(SettingsSection section)
    {
        ClusterId = section.Identifier(nameof(ClusterId), "metering");
        ServiceId = section.Identifier(nameof(ServiceId), "metering");
        Redis = section.RequiredText(nameof(Redis), "the Redis that silos and gateways find each other through, for example redis:6379,password=…,ssl=true");
        RedisCertificateAuthorityFile = section.OptionalText(nameof(RedisCertificateAuthorityFile));
    }

    /// <summary>Silos with the same id make one cluster.</summary>
    public string ClusterId { get; }

    /// <summary>What the cluster's data belongs to; it outlives clusters and begins the keys in Redis.</summary>
    public string ServiceId { get; }

    /// <summary>
    /// Connection string of StackExchange.Redis: host:port of one or more endpoints, then options such as <c>password=</c> and <c>ssl=true</c>. It may hold a
    /// password: never log it.
    /// </summary>
    public string Redis { get; }

    /// <summary>A PEM file with the certificate authority that signed Redis' certificate; null to trust what the machine trusts. Only with <c>ssl=true</c>.</summary>
    public string? RedisCertificateAuthorityFile { get; }
}
