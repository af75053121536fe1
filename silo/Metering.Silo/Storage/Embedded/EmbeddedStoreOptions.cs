namespace Metering.Silo.Storage.Embedded;

/// <summary>Where the embedded store keeps its data.</summary>
public sealed class EmbeddedStoreOptions
{
    /// <summary>
    /// The directory of <c>metering.db</c> and <c>journal</c>: created when missing, used by one process at a time, on a local disk. <see cref="StoreCopy"/> copies
    /// both while the process runs.
    /// </summary>
    public required string DataDirectory { get; init; }
}
