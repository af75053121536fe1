using System.Text.RegularExpressions;

namespace Metering.Ledger.Segments.Blobs;

/// <summary>Where a ledger in Azure Blob Storage is, and what of it may lie on this machine.</summary>
public sealed partial record BlobLedgerOptions
{
    /// <summary>The container's name unless another is given.</summary>
    public const string DefaultContainer = "metering-ledger";

    /// <summary>The default of <see cref="MaxCacheBytes"/>.</summary>
    public const long DefaultMaxCacheBytes = 1L << 30;

    /// <summary>The smallest <see cref="MaxCacheBytes"/>: a few large segments.</summary>
    public const long LeastMaxCacheBytes = 64L << 20;

    /// <summary>
    /// A connection string, or the https address of the blob service (<c>https://name.blob.core.windows.net</c>), which is then used as
    /// <c>DefaultAzureCredential</c>. To keep a ledger the identity must read, write and delete blobs, and create the container unless it is there; to read one, read.
    /// </summary>
    public required string Storage { get; init; }

    /// <summary>The container: 3 to 63 of <c>a-z 0-9 -</c>. One cluster to a container, and nothing else in it.</summary>
    public required string Container { get; init; }

    /// <summary>Whether to create the container when it is missing at first: whoever only reads must not.</summary>
    public required bool MayCreate { get; init; }

    /// <summary>Where segments lie while they are written or read. Processes may share it; each has a folder of its own in it, and removes those of processes that are gone.</summary>
    public string CacheDirectory { get; init; } = Path.Combine(Path.GetTempPath(), "metering-ledger");

    /// <summary>Bytes of segments that are kept for the next question, and that one question, with those beside it, may need at a time.</summary>
    public long MaxCacheBytes { get; init; } = DefaultMaxCacheBytes;

    /// <summary>How long one request may take, its retries included; transfers get a second more for each MiB.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <exception cref="LedgerStoreException">A setting cannot work; one line for the operator, without secrets.</exception>
    public void Check()
    {
        Require(!string.IsNullOrWhiteSpace(Storage), LedgerContainer.UnusableStorage);
        Require(ContainerName().IsMatch(Container), $"'{Container}' cannot be the name of an Azure container: 3 to 63 of a-z, 0-9 and single '-', not at the ends.");
        Require(MaxCacheBytes >= LeastMaxCacheBytes, $"{nameof(MaxCacheBytes)} must be at least {LeastMaxCacheBytes}.");
        Require(RequestTimeout >= TimeSpan.FromMilliseconds(100) && RequestTimeout <= TimeSpan.FromMinutes(1), $"{nameof(RequestTimeout)} must be 100 milliseconds to a minute.");
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new LedgerStoreException(fault);
        }
    }

    [GeneratedRegex("^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.CultureInvariant)]
    private static partial Regex ContainerName();
}
