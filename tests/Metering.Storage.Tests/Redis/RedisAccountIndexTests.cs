using Metering.Silo.Storage.Redis;

namespace Metering.Storage.Tests.Redis;

public sealed class RedisAccountIndexTests(SharedRedis redis) : IAsyncLifetime, IClassFixture<SharedRedis>
{
    private static readonly string[] Accounts = ["b", "a-2", "B", "a_1", "a", "a-10", "a-1", "ab"];
    private static readonly string[] Ordered = ["B", "a", "a-1", "a-10", "a-2", "a_1", "ab", "b"];

    private RedisConnections _connections = null!;
    private RedisAccountIndex _index = null!;

    private static CancellationToken Cancel => TestRedis.Cancel;

    public async ValueTask InitializeAsync()
    {
        TestRedis.SkipWhenMissing();
        _connections = await TestRedis.ConnectAsync(redis.ConnectionString);
        _index = new RedisAccountIndex(_connections, Guid.NewGuid().ToString("N"));
        foreach (var account in Accounts)
        {
            await _index.AddAsync(account, Cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connections is not null)
        {
            await _connections.DisposeAsync();
        }
    }

    [Fact]
    public async Task Accounts_are_listed_in_ordinal_order_each_once_however_often_it_was_added()
    {
        await _index.AddAsync("a", Cancel);

        Assert.Equal(Ordered, await _index.ListAsync("", "", 100, Cancel));
    }

    [Theory]
    [InlineData("a-", "", new[] { "a-1", "a-10", "a-2" })]
    [InlineData("a-", "a-1", new[] { "a-10", "a-2" })]
    [InlineData("a-", "a-11", new[] { "a-2" })]
    [InlineData("a-", "a-2", new string[0])]
    [InlineData("a-", "B", new[] { "a-1", "a-10", "a-2" })]
    [InlineData("a-", "b", new string[0])]
    [InlineData("a-1", "", new[] { "a-1", "a-10" })]
    [InlineData("a", "a", new[] { "a-1", "a-10", "a-2", "a_1", "ab" })]
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

        Assert.Equal(Ordered, all);
    }

    [Fact]
    public async Task A_list_of_no_accounts_is_a_bug_of_the_caller() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _index.ListAsync("", "", 0, Cancel));

    [Fact]
    public async Task Services_that_share_a_Redis_do_not_see_each_other()
    {
        var other = new RedisAccountIndex(_connections, Guid.NewGuid().ToString("N"));

        Assert.Empty(await other.ListAsync("", "", 100, Cancel));
    }
}
