namespace Metering.Silo.Storage.Embedded;

/// <summary>Where the embedded store keeps its data.</summary>
public sealed class EmbeddedStoreOptions
{
    /// <summary>
    /// The directory of <c>metering.db</c>: created when missing, used by one process at a time, on a local disk. Back up the database
    /// with SQLite's own backup, or copy the directory while the process is stopped.
    /// </summary>
    public required string DataDirectory { get; init; }
}
