using System.Globalization;
using System.Text.RegularExpressions;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Azure;

/// <summary>Where the stores in Azure Blob Storage keep their data, and how hard they may press on it.</summary>
public sealed partial class AzureStoreOptions
{
    /// <summary>
    /// A connection string, or the https address of the blob service (<c>https://name.blob.core.windows.net</c>), which is then used as
    /// <c>DefaultAzureCredential</c>. The identity must read, write and delete blobs, and create the container unless it is there.
    /// </summary>
    public required string Storage { get; init; }

    /// <summary>The container, created when missing: 3 to 63 of <c>a-z 0-9 -</c>. One cluster to a container.</summary>
    public string Container { get; init; } = "metering";

    /// <summary>
    /// How long one request may take, its retries included; 100 milliseconds to a minute. Afterwards the store counts as away. Large snapshots get a second more for
    /// each MiB.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Snapshots this process writes at the same time; 1 to 1,024. Azure takes some 20,000 requests a second for the whole storage account.</summary>
    public int MaxConcurrentWrites { get; init; } = 32;

    /// <summary>Snapshots this process reads at the same time; 1 to 1,024. Reads do not wait behind writes: a caller waits for them.</summary>
    public int MaxConcurrentReads { get; init; } = 64;

    /// <summary>Records to a segment of the journal; 1 to 50,000, the most blocks an append blob takes.</summary>
    public int MaxSegmentRecords { get; init; } = 50_000;

    /// <summary>
    /// A segment that has this many bytes takes no more records; 1 byte to 1 GiB. A recovery reads at most this much in vain, and a trim leaves at most this much behind.
    /// </summary>
    public long MaxSegmentBytes { get; init; } = 8L << 20;

    /// <exception cref="JournalStoreException">A setting cannot work; one line for the operator, without secrets.</exception>
    internal void Check()
    {
        Require(!string.IsNullOrWhiteSpace(Storage), "The Azure storage is neither a connection string nor the https address of a blob service.");
        Require(ContainerName().IsMatch(Container), $"'{Container}' cannot be the name of an Azure container: 3 to 63 of a-z, 0-9 and single '-', not at the ends.");
        Require(RequestTimeout >= TimeSpan.FromMilliseconds(100) && RequestTimeout <= TimeSpan.FromMinutes(1), $"{nameof(RequestTimeout)} must be 100 milliseconds to a minute.");
        Require(MaxConcurrentWrites is >= 1 and <= 1024, $"{nameof(MaxConcurrentWrites)} must be 1 to 1,024.");
        Require(MaxConcurrentReads is >= 1 and <= 1024, $"{nameof(MaxConcurrentReads)} must be 1 to 1,024.");
        Require(MaxSegmentRecords is >= 1 and <= 50_000, $"{nameof(MaxSegmentRecords)} must be 1 to 50,000.");
        Require(MaxSegmentBytes is >= 1 and <= 1L << 30, string.Create(CultureInfo.InvariantCulture, $"{nameof(MaxSegmentBytes)} must be 1 to {1L << 30}."));
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new JournalStoreException(fault);
        }
    }

    [GeneratedRegex("^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.CultureInvariant)]
    private static partial Regex ContainerName();
}
