using Metering.Grains.Journal;
using Metering.Silo.Storage.Redis;

namespace Metering.Storage.Tests.Redis;

public sealed class RedisAccountIndexTests(SharedRedis redis) : AccountIndexSuite, IClassFixture<SharedRedis>
{
    private RedisConnections? _connections;

    [Fact]
    public async Task Services_that_share_a_Redis_do_not_see_each_other()
    {
        await AddAsync("acme");
        var other = new RedisAccountIndex(_connections!, Guid.NewGuid().ToString("N"));

        Assert.Empty(await other.ListAsync("", "", 100, Cancel));
    }

    protected override async Task<IAccountIndex> OpenIndexAsync()
    {
        TestRedis.SkipWhenMissing();
        _connections = await TestRedis.ConnectAsync(redis.ConnectionString);
        return new RedisAccountIndex(_connections, Guid.NewGuid().ToString("N"));
    }

    protected override async Task CloseIndexAsync()
    {
        if (_connections is not null)
        {
            await _connections.DisposeAsync();
        }
    }

    protected override Task AddAsync(string account) => Index.AddAsync(account, Cancel);
}
