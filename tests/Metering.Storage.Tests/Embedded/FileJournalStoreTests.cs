using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

public sealed class FileJournalStoreTests : JournalStoreSuite
{
    private readonly TemporaryDirectory _directory = new();
    private EmbeddedStore? _store;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    protected override Task<IJournalStore> OpenStoreAsync()
    {
        _store = TestStore.Open(_directory.Path);
        return Task.FromResult<IJournalStore>(new FileJournalStore(_store));
    }

    protected override Task CloseStoreAsync()
    {
        _store?.Dispose();
        return Task.CompletedTask;
    }
}
