using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Grpc;

public sealed class WatchAccountTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_position_it_begins_with_where_the_account_stands()
    {
        await using var gateway = await GatewayHost.Start();
        using var watch = Watch(gateway);

        var account = (await Next(watch)).Account;

        Assert.Equal((43L, 99L, 101L), (account.Sequence, account.Balance.Units, account.Available.Units));
    }

    [Fact]
    public async Task Every_change_after_the_position_is_told()
    {
        await using var gateway = await GatewayHost.Start();
        Changes(gateway, new WatchPage { Changes = [Change(42, ChangeKind.GrantRefilled, "plan", 10m), Change(43, ChangeKind.Charged, "req-1", -0.072m)], Through = 43 });
        using var watch = Watch(gateway, after: 41);

        var first = (await Next(watch)).Change;
        var second = (await Next(watch)).Change;

        Assert.Equal((42L, "grant_refilled", "plan", 10L), (first.Sequence, first.Kind, first.Subject, first.Credits.Units));
        Assert.Equal((43L, "charged", "req-1", -72_000_000), (second.Sequence, second.Kind, second.Subject, second.Credits.Nanos));
    }

    [Fact]
    public async Task What_is_no_longer_at_hand_is_told_as_skipped()
    {
        await using var gateway = await GatewayHost.Start();
        Changes(gateway, new WatchPage { Changes = [Change(43, ChangeKind.Charged, "req-1", -1m)], Skipped = true, Through = 43 });
        using var watch = Watch(gateway, after: 0);

        Assert.Equal(42, (await Next(watch)).Skipped.Through);
        Assert.Equal(43, (await Next(watch)).Change.Sequence);
    }

    [Fact]
    public async Task The_headers_of_a_quiet_watch_come_at_once()
    {
        await using var gateway = await GatewayHost.Start();
        using var watch = Watch(gateway, after: 43);

        Assert.NotNull(await watch.ResponseHeadersAsync.WaitAsync(Cancellation));
    }

    [Fact]
    public async Task An_account_that_is_not_there_cannot_be_watched()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnWatch = (_, _) => Task.FromResult<Answer<WatchPage>>(new Refusal { Code = Code.AccountNotFound, Detail = "There is none." });
        using var watch = Watch(gateway);

        var refused = await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(Cancellation));

        Assert.Equal((StatusCode.NotFound, "account_not_found"), (refused.StatusCode, refused.Trailers.GetValue("metering-code")));
    }

    [Fact]
    public async Task So_many_may_watch_and_not_one_more()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxWatchers = 1);
        using var first = Watch(gateway, after: 43);
        await first.ResponseHeadersAsync.WaitAsync(Cancellation);
        using var second = Watch(gateway, after: 43);

        var refused = await Assert.ThrowsAsync<RpcException>(() => second.ResponseStream.MoveNext(Cancellation));

        Assert.Equal((StatusCode.ResourceExhausted, "overloaded"), (refused.StatusCode, refused.Trailers.GetValue("metering-code")));
    }

    [Fact]
    public async Task When_the_host_stops_the_watch_ends_well()
    {
        await using var gateway = await GatewayHost.Start();
        using var watch = Watch(gateway);
        await Next(watch);

        var stopped = gateway.Stop();

        Assert.False(await watch.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(StatusCode.OK, watch.GetStatus().StatusCode);
        await stopped;
    }

    [Fact]
    public async Task A_watcher_who_leaves_makes_room_for_another()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxWatchers = 1);
        using (var first = Watch(gateway))
        {
            await Next(first);
        }

        // The place is free again once the gateway has seen the client go.
        while (true)
        {
            using var second = Watch(gateway);
            try
            {
                Assert.Equal(43, (await Next(second)).Account.Sequence);
                return;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.ResourceExhausted)
            {
                Cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    private static AsyncServerStreamingCall<V1.AccountEvent> Watch(GatewayHost gateway, long? after = null)
    {
        var request = new V1.WatchAccountRequest { Account = "acme" };
        if (after is { } sequence)
        {
            request.After = sequence;
        }

        return gateway.Client.WatchAccount(request, cancellationToken: Cancellation);
    }

    private static async Task<V1.AccountEvent> Next(AsyncServerStreamingCall<V1.AccountEvent> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(Cancellation));
        return watch.ResponseStream.Current;
    }

    /// <summary>The account has this page for who asks before its end, and nothing new for who asks after it.</summary>
    private static void Changes(GatewayHost gateway, WatchPage page)
    {
        var account = gateway.Grains.Account("acme");
        var nothing = account.OnWatch;
        account.OnWatch = (after, patience) => after < page.Through ? Task.FromResult<Answer<WatchPage>>(page) : nothing(after, patience);
    }

    private static AccountChange Change(long sequence, ChangeKind kind, string subject, decimal credits) => new()
    {
        Sequence = sequence,
        At = Samples.At,
        Kind = kind,
        Subject = subject,
        Credits = credits,
        Balance = 99.928m,
        Available = 101.928m,
    };
}
