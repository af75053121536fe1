namespace Metering.TestServers;

/// <summary>How a Redis of a test is set up. The defaults are those a silo accepts.</summary>
public sealed record RedisSettings
{
    /// <summary>Whether it writes an append-only file.</summary>
    public bool AppendOnly { get; init; } = true;

    /// <summary>When it syncs that file: <c>everysec</c>, <c>always</c> or <c>no</c>.</summary>
    public string AppendSync { get; init; } = "everysec";

    /// <summary>What it throws away when it is full.</summary>
    public string Eviction { get; init; } = "noeviction";

    /// <summary>Null for none.</summary>
    public string? Password { get; init; }

    /// <summary>Whether it takes TLS, and nothing else. Its certificate is signed by an authority made for it: <see cref="RedisServer.CertificateAuthorityFile"/>.</summary>
    public bool UseTls { get; init; }

    /// <summary>Whether it is a node of a Redis Cluster.</summary>
    public bool IsClusterNode { get; init; }

    /// <summary>Further arguments of the command line.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
}
