using Metering.Grains.Journal;
using Metering.Grains.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace Metering.Grains.Accounts;

/// <summary>What every account grain of a silo works with: one object for a million of them.</summary>
public sealed class AccountServices(
    Journal.Journal journal,
    IPartitionOwnership ownership,
    IAccountIndex index,
    RateCards rateCards,
    [FromKeyedServices(AccountStorage.ProviderName)] IGrainStorage storage,
    IOptions<JournalOptions> journalOptions,
    LocalAccounts localAccounts,
    IEnumerable<IEntryArchive> entryArchives,
    IEnumerable<IStateArchive> stateArchives,
    TimeProvider time,
    ILogger<AccountGrain> logger)
{
    internal Journal.Journal Journal => journal;

    internal IPartitionOwnership Ownership => ownership;

    internal IAccountIndex Index => index;

    internal RateCards RateCards => rateCards;

    internal IGrainStorage Storage => storage;

    internal JournalOptions JournalOptions { get; } = journalOptions.Value;

    internal LocalAccounts LocalAccounts => localAccounts;

    /// <summary>Null when this silo keeps no ledger.</summary>
    internal IEntryArchive? EntryArchive { get; } = entryArchives.SingleOrDefault();

    /// <inheritdoc cref="EntryArchive"/>
    internal IStateArchive? StateArchive { get; } = stateArchives.SingleOrDefault();

    internal ILogger Logger => logger;

    internal OutageLog Outages { get; } = new(time, logger);
}
