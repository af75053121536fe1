using Metering.Silo.Storage.Embedded;
using Orleans.Storage;

namespace Metering.Storage.Tests.Embedded;

public sealed class SqliteGrainStorageTests : GrainStorageSuite
{
    private readonly TemporaryDirectory _directory = new();
    private EmbeddedDatabase? _database;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    protected override Task<IGrainStorage> OpenStorageAsync()
    {
        _database = Database.Open(_directory.Path);
        return Task.FromResult<IGrainStorage>(Database.GrainStorage(_database, Services));
    }

    protected override Task CloseStorageAsync()
    {
        _database?.Dispose();
        return Task.CompletedTask;
    }
}
