using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Metering.Storage.Tests.Embedded;

public sealed class AccountIndexTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();
    private readonly EmbeddedDatabase _database;
    private readonly SqliteAccountIndex _index;

    public AccountIndexTests()
    {
        _database = Database.Open(_directory.Path);
        _index = new SqliteAccountIndex(_database);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        foreach (var account in new[] { "b", "a-2", "B", "a_1", "a", "a-10", "a-1", "ab" })
        {
            await WriteAsync("account", "account", account);
        }

        await WriteAsync("settings", "account", "other-state");
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Accounts_are_listed_in_ordinal_order() =>
        Assert.Equal(["B", "a", "a-1", "a-10", "a-2", "a_1", "ab", "b"], await _index.ListAsync("", "", 100, Cancel));

    [Theory]
    [InlineData("a-", "", new[] { "a-1", "a-10", "a-2" })]
    [InlineData("a-", "a-1", new[] { "a-10", "a-2" })]
    [InlineData("a-", "a-11", new[] { "a-2" })]
    [InlineData("a-", "a-2", new string[0])]
    [InlineData("a-", "B", new[] { "a-1", "a-10", "a-2" })]
    [InlineData("a-", "b", new string[0])]
    [InlineData("a-1", "", new[] { "a-1", "a-10" })]
    [InlineData("", "ab", new[] { "b" })]
    [InlineData("c", "", new string[0])]
    public async Task A_list_has_what_starts_with_the_prefix_and_comes_after(string prefix, string after, string[] expected) =>
        Assert.Equal(expected, await _index.ListAsync(prefix, after, 100, Cancel));

    [Fact]
    public async Task Pages_put_together_are_the_whole_list()
    {
        var all = new List<string>();
        IReadOnlyList<string> page;
        do
        {
            page = await _index.ListAsync("", all.LastOrDefault(""), 3, Cancel);
            Assert.InRange(page.Count, 0, 3);
            all.AddRange(page);
        }
        while (page.Count == 3);

        Assert.Equal(["B", "a", "a-1", "a-10", "a-2", "a_1", "ab", "b"], all);
    }

    [Fact]
    public async Task A_list_of_no_accounts_is_a_bug_of_the_caller() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _index.ListAsync("", "", 0, Cancel));

    [Fact]
    public async Task A_page_is_read_from_the_index_alone()
    {
        var plan = await _database.ReadAsync(
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

    private Task WriteAsync(string stateName, string type, string key)
    {
        var state = new GrainState<byte[]> { State = [1] };
        return Database.GrainStorage(_database, _services).WriteStateAsync(stateName, GrainId.Create(type, key), state);
    }
}
