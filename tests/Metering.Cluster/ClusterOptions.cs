namespace Metering.Cluster;

/// <summary>How a cluster is made up.</summary>
internal sealed record ClusterOptions
{
    /// <summary>Where servers keep their data and logs; created when it is not there.</summary>
    public required string Directory { get; init; }

    public int Silos { get; init; } = 3;

    public int Gateways { get; init; } = 2;

    /// <summary><c>everysec</c>, or <c>always</c>.</summary>
    public string AppendFsync { get; init; } = "everysec";

    /// <summary>
    /// Whether Azurite stores before it answers, as Azure does: it must where it may be killed, and is slow where there are many accounts.
    /// </summary>
    public bool IsAzuriteDurable { get; init; } = true;

    public LedgerPlace Ledger { get; init; } = LedgerPlace.Off;

    /// <summary>For each silo, by name without the prefix.</summary>
    public IReadOnlyDictionary<string, string> SiloSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>For each gateway, by name without the prefix.</summary>
    public IReadOnlyDictionary<string, string> GatewaySettings { get; init; } = new Dictionary<string, string>();

    /// <summary>Words in front of each command.</summary>
    public IReadOnlyList<string> Launcher { get; init; } = [];
}
