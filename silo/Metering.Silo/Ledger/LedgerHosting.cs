using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.Ledger.Segments.Blobs;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Silo.Ledger;

public static class LedgerHosting
{
    /// <summary>Keeps a ledger in a folder: of a silo that is alone, or one that all silos of the cluster share. Without a ledger the journal is trimmed and its entries are gone.</summary>
    /// <param name="silo">Before <c>AddMetering</c> or after.</param>
    /// <param name="folder">Created when it is not there. It is looked at when the first entries are archived or read, not at the start.</param>
    public static ISiloBuilder AddFolderLedger(this ISiloBuilder silo, string folder)
    {
        silo.Services.AddSingleton<ISegmentStore>(_ => FolderSegmentStore.OpenToWrite(folder));
        return silo.AddLedger();
    }

    /// <summary>Keeps a ledger in a container of Azure Blob Storage, which all silos of the cluster share. It is asked for when the first entries are archived or read, not at the start.</summary>
    /// <param name="silo">Before <c>AddMetering</c> or after.</param>
    /// <param name="options">Where it is.</param>
    /// <exception cref="LedgerStoreException">A setting cannot work; one line for the operator.</exception>
    public static ISiloBuilder AddBlobLedger(this ISiloBuilder silo, BlobLedgerOptions options)
    {
        options.Check();
        silo.Services.AddSingleton<ISegmentStore>(_ => new BlobSegmentStore(options));
        return silo.AddLedger();
    }

    /// <summary>Has this silo tidy the ledger of its partitions: merge small segments, and remove what is too old.</summary>
    public static ISiloBuilder AddLedgerUpkeep(this ISiloBuilder silo, LedgerSettings settings)
    {
        silo.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<LedgerUpkeep>(services, settings));
        return silo;
    }

    private static ISiloBuilder AddLedger(this ISiloBuilder silo)
    {
        silo.Services.AddSingleton<SegmentWriter>();
        silo.Services.AddSingleton<LedgerReader>();
        silo.Services.AddSingleton<IEntryArchive, EntryArchive>();
        silo.Services.AddSingleton<IStateArchive, StateArchive>();
        silo.Services.AddSingleton<JournalArchive>();
        silo.Services.AddSingleton<IJournalArchive>(static services => services.GetRequiredService<JournalArchive>());
        return silo;
    }
}
