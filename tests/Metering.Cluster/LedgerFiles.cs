using Metering.Ledger.Segments;
using Metering.Ledger.Segments.Blobs;

namespace Metering.Cluster;

/// <summary>Where a cluster on this machine keeps its ledger.</summary>
internal enum LedgerPlace
{
    Off = 0,

    /// <summary>A directory that its silos share.</summary>
    Folder = 1,

    /// <summary>A container of its Azurite.</summary>
    Azure = 2,
}

/// <summary>The ledger of a cluster: how its silos are told, and how somebody else reads it.</summary>
internal sealed class LedgerFiles(LedgerPlace place, string directory, string azurite)
{
    /// <summary>How far the files must reach for each account whose callers are at rest, as soon as the archive has had its time.</summary>
    public Dictionary<string, long> Due { get; } = [];

    private string Folder => Path.Combine(directory, "ledger");

    private string Cache => Path.Combine(directory, "ledger-cache");

    /// <summary>For each silo.</summary>
    public IReadOnlyDictionary<string, string> SiloSettings => place switch
    {
        LedgerPlace.Off => new Dictionary<string, string>(),
        LedgerPlace.Folder => new Dictionary<string, string> { ["Ledger"] = "Folder", ["LedgerDirectory"] = Folder },
        LedgerPlace.Azure => new Dictionary<string, string> { ["Ledger"] = "Azure", ["LedgerCacheDirectory"] = Cache },
    };

    /// <summary>Opens it to read.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public OpenedLedger Open() => place switch
    {
        LedgerPlace.Off => throw new InvalidOperationException("This cluster keeps no ledger."),
        LedgerPlace.Folder => new OpenedLedger(FolderSegmentStore.OpenToRead(Folder)),
        LedgerPlace.Azure => new OpenedLedger(
            new BlobSegmentStore(new BlobLedgerOptions { Storage = azurite, Container = BlobLedgerOptions.DefaultContainer, MayCreate = false, CacheDirectory = Cache })),
    };
}

/// <summary>A ledger that is being read.</summary>
internal sealed class OpenedLedger(ISegmentStore store) : IDisposable
{
    public ISegmentStore Store => store;

    public void Dispose() => (store as IDisposable)?.Dispose();
}
