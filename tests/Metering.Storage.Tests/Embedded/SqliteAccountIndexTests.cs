using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Metering.Storage.Tests.Embedded;

public sealed class SqliteAccountIndexTests : AccountIndexSuite
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();
    private EmbeddedStore _store = null!;

    [Fact]
    public async Task Only_the_accounts_own_state_counts()
    {
        await AddAsync("acme");
        await WriteAsync("settings", "other-state");

        Assert.Equal(["acme"], await Index.ListAsync("", "", 100, Cancel));
    }

    [Fact]
    public async Task A_page_is_read_from_the_index_alone()
    {
        var plan = await _store.Database.ReadAsync(
            connection =>
            {
                var statement = connection.Prepare("EXPLAIN QUERY PLAN " + SqliteAccountIndex.Query);
                var steps = new List<string>();
                while (statement.Step())
                {
                    steps.Add(statement.Text(3));
                }

                return steps;
            },
            Cancel);

        var step = Assert.Single(plan);
        Assert.StartsWith("SEARCH states USING COVERING INDEX", step, StringComparison.Ordinal);
        Assert.EndsWith("(state=? AND key>? AND key<?)", step, StringComparison.Ordinal);
    }

    protected override Task<IAccountIndex> OpenIndexAsync()
    {
        _store = TestStore.Open(_directory.Path);
        return Task.FromResult<IAccountIndex>(new SqliteAccountIndex(_store.Database));
    }

    protected override async Task CloseIndexAsync()
    {
        await _services.DisposeAsync();
        _store.Dispose();
        _directory.Dispose();
    }

    protected override Task AddAsync(string account) => WriteAsync(AccountStorage.StateName, account);

    private async Task WriteAsync(string stateName, string key)
    {
        var storage = TestStore.GrainStorage(_store, _services);
        var state = new GrainState<Snapshot> { State = new Snapshot() };
        await storage.ReadStateAsync(stateName, GrainId.Create("account", key), state);
        state.State = new Snapshot { Name = key };
        await storage.WriteStateAsync(stateName, GrainId.Create("account", key), state);
    }
}
