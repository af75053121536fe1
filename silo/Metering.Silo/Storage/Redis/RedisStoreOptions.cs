namespace Metering.Silo.Storage.Redis;

/// <summary>Where a Redis is, and what is asked of it.</summary>
public abstract class RedisStoreOptions
{
    /// <summary>
    /// A connection string of StackExchange.Redis: endpoints, password, ssl and the like. One node of a Redis Cluster is enough, several are safer.
    /// Its timeouts and what to do while disconnected are the store's own.
    /// </summary>
    public required string Configuration { get; init; }

    /// <summary>Begins every key, so that several services can share a Redis. No braces.</summary>
    public required string ServiceId { get; init; }

    /// <summary>Whether to start on a Redis that keeps its data in memory alone, or throws keys away when it is full.</summary>
    public bool AllowVolatile { get; init; }

    /// <summary>
    /// A PEM file with the certificate authority that signed the server's certificate; null to trust what the machine trusts. Only with <c>ssl=true</c>.
    /// </summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>
    /// How long a command may take; then it fails, and whether it was carried out is not known. Shorter than
    /// <see cref="Grains.Journal.JournalOptions.AppendTimeout"/>. Also how long a machine that does not acknowledge packets is believed to be there.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>The Redis of the journal.</summary>
public sealed class RedisJournalOptions : RedisStoreOptions
{
    /// <summary>The connections to each node; logs are spread over them, so that a large record holds up fewer others. 1 to 16.</summary>
    public int Connections { get; init; } = 2;
}

/// <summary>The Redis of the list of accounts: the one that has their snapshots.</summary>
public sealed class RedisAccountIndexOptions : RedisStoreOptions;
