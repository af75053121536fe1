using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Http;

/// <summary>What the watchers of one account owe each other: nothing.</summary>
public sealed class WatchHubTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_many_watch_an_account_one_long_poll_asks_it()
    {
        await using var gateway = await GatewayHost.Start();
        var account = WatchedAccount.Of(gateway, "acme", sequence: 43);
        var hub = gateway.Services.GetRequiredService<WatchHub>();
        var watchers = new List<AccountWatcher>();
        for (var i = 0; i < 20; i++)
        {
            watchers.Add(await Watch(hub, 43));
        }

        await account.IsPolled;
        account.Add(ChangeKind.Charged, "a", -1m);
        foreach (var watcher in watchers)
        {
            Assert.Equal([44], await Hear(watcher, through: 44));
        }

        Assert.Equal((1, 1), (account.MostLongPolls, hub.FeedCount));
        watchers.ForEach(watcher => watcher.Dispose());
        Assert.Equal(0, hub.FeedCount);
    }

    [Fact]
    public async Task A_watcher_that_takes_nothing_is_told_what_it_lost_and_slows_nobody()
    {
        await using var gateway = await GatewayHost.Start();
        var account = WatchedAccount.Of(gateway, "acme", sequence: 0);
        var hub = gateway.Services.GetRequiredService<WatchHub>();
        using var slow = await Watch(hub, 0);
        using var fast = await Watch(hub, 0);

        foreach (var (count, through) in new[] { (1_000, 1_000), (1_000, 2_000), (1, 2_001) })
        {
            account.AddCharges(count);
            Assert.Equal(Enumerable.Range(through - count + 1, count).Select(i => (long)i), await Hear(fast, through));
        }

        var told = await slow.Next(Timeout.InfiniteTimeSpan, Cancellation);
        Assert.Equal((2_000, 2_001), (told.SkippedThrough, Assert.Single(told.Changes).Sequence));
        account.AddCharges(1);
        Assert.Equal([2_002], await Hear(slow, through: 2_002));
    }

    [Fact]
    public async Task A_watcher_that_keeps_as_many_as_it_may_has_lost_nothing()
    {
        await using var gateway = await GatewayHost.Start();
        var account = WatchedAccount.Of(gateway, "acme", sequence: 0);
        var hub = gateway.Services.GetRequiredService<WatchHub>();
        using var slow = await Watch(hub, 0);
        using var fast = await Watch(hub, 0);

        account.AddCharges(2_000);
        await Hear(fast, 2_000);

        var told = await slow.Next(Timeout.InfiniteTimeSpan, Cancellation);
        Assert.Equal((null, 2_000), (told.SkippedThrough, told.Changes.Count));
    }

    [Fact]
    public async Task A_watcher_that_comes_later_from_further_back_hears_everything_once()
    {
        await using var gateway = await GatewayHost.Start();
        var account = WatchedAccount.Of(gateway, "acme", sequence: 43);
        var hub = gateway.Services.GetRequiredService<WatchHub>();
        using var first = await Watch(hub, 43);
        account.AddCharges(2);
        await Hear(first, through: 45);

        using var second = await Watch(hub, 43);
        account.AddCharges(1);

        Assert.Equal([44, 45, 46], await Hear(second, through: 46));
        Assert.Equal([46], await Hear(first, through: 46));
    }

    [Fact]
    public async Task Watchers_come_and_go_while_changes_come_and_each_hears_everything_once()
    {
        await using var gateway = await GatewayHost.Start();
        var account = WatchedAccount.Of(gateway, "acme", sequence: 0);
        var hub = gateway.Services.GetRequiredService<WatchHub>();
        var changing = Task.Run(
            async () =>
            {
                for (var i = 0; i < 1_000; i++)
                {
                    account.AddCharges(1);
                    await Task.Yield();
                }
            },
            Cancellation);

        await Parallel.ForAsync(0, 50, Cancellation, async (i, _) =>
        {
            using var watcher = await Watch(hub, i % 2 == 0 ? 0 : null);
            var first = watcher.Start?.Sequence ?? 0;
            Assert.Equal(Enumerable.Range((int)first + 1, 1_000 - (int)first).Select(sequence => (long)sequence), await Hear(watcher, through: 1_000));
        });

        await changing;
        Assert.Equal(0, hub.FeedCount);
    }

    [Fact]
    public async Task An_account_that_lost_its_last_interval_takes_its_watchers_back_with_it()
    {
        await using var gateway = await GatewayHost.Start();
        var account = WatchedAccount.Of(gateway, "acme", sequence: 43);
        var hub = gateway.Services.GetRequiredService<WatchHub>();
        using var watcher = await Watch(hub, 43);
        account.AddCharges(3);
        await Hear(watcher, through: 46);

        account.Lose(2);
        Assert.Equal(44, (await watcher.Next(Timeout.InfiniteTimeSpan, Cancellation)).SkippedThrough);
        account.AddCharges(1);
        Assert.Equal([45], await Hear(watcher, through: 45));
    }

    private static async Task<AccountWatcher> Watch(WatchHub hub, long? after) =>
        (await hub.Watch("acme", after)).Reply ?? throw new InvalidOperationException("It may not be watched.");

    /// <summary>The sequences up to one, in the order they are heard; none may be skipped.</summary>
    private static async Task<List<long>> Hear(AccountWatcher watcher, long through)
    {
        var heard = new List<long>();
        while (heard.Count == 0 || heard[^1] < through)
        {
            if (watcher.Start?.Sequence >= through)
            {
                break;
            }

            var watched = await watcher.Next(Timeout.InfiniteTimeSpan, Cancellation);
            Assert.Null(watched.SkippedThrough);
            Assert.False(watched.HasEnded);
            heard.AddRange(watched.Changes.Select(change => change.Sequence));
        }

        return heard;
    }
}
