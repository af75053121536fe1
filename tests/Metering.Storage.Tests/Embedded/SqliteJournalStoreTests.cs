using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

public sealed class SqliteJournalStoreTests : JournalStoreSuite
{
    private readonly TemporaryDirectory _directory = new();
    private EmbeddedDatabase? _database;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    protected override Task<IJournalStore> OpenStoreAsync()
    {
        _database = Database.Open(_directory.Path);
        return Task.FromResult<IJournalStore>(new SqliteJournalStore(_database));
    }

    protected override Task CloseStoreAsync()
    {
        _database?.Dispose();
        return Task.CompletedTask;
    }
}
