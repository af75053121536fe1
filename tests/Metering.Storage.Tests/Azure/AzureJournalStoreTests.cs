using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;

namespace Metering.Storage.Tests.Azure;

public sealed class AzureJournalStoreTests(SharedAzurite azurite) : AzureJournalSuite(azurite), IClassFixture<SharedAzurite>
{
    protected override AzureStoreOptions Options(SharedAzurite azurite, string container) => azurite.Options(container);
}

/// <summary>The same with segments so small that every test goes through many rolls.</summary>
public sealed class SmallSegmentTests(SharedAzurite azurite) : AzureJournalSuite(azurite), IClassFixture<SharedAzurite>
{
    protected override AzureStoreOptions Options(SharedAzurite azurite, string container) =>
        new() { Storage = azurite.ConnectionString, Container = container, MaxSegmentRecords = 7, MaxSegmentBytes = 20_000 };
}

public abstract class AzureJournalSuite(SharedAzurite azurite) : JournalStoreSuite
{
    private readonly string _container = SharedAzurite.NewContainer();
    private readonly List<AzureJournalStore> _stores = [];

    // Each of some twenty steps is several requests.
    protected override int RandomHistories => 8;

    protected abstract AzureStoreOptions Options(SharedAzurite azurite, string container);

    protected override Task<IJournalStore> OpenStoreAsync()
    {
        SharedAzurite.Require();
        var store = SharedAzurite.Journal(Options(azurite, _container));
        _stores.Add(store);
        return Task.FromResult<IJournalStore>(store);
    }

    protected override Task<IJournalStore> OpenSecondStoreAsync() => OpenStoreAsync();

    protected override Task CloseStoreAsync()
    {
        _stores.ForEach(store => store.Dispose());
        _stores.Clear();
        return Task.CompletedTask;
    }
}
