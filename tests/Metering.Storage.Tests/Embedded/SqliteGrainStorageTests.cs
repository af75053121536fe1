using Metering.Silo.Storage.Embedded;
using Orleans.Storage;

namespace Metering.Storage.Tests.Embedded;

public sealed class SqliteGrainStorageTests : GrainStorageSuite
{
    private readonly TemporaryDirectory _directory = new();
    private EmbeddedStore? _store;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    protected override Task<IGrainStorage> OpenStorageAsync()
    {
        _store = TestStore.Open(_directory.Path);
        return Task.FromResult<IGrainStorage>(TestStore.GrainStorage(_store, Services));
    }

    protected override Task CloseStorageAsync()
    {
        _store?.Dispose();
        return Task.CompletedTask;
    }
}
