using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

public sealed class UsageTests
{
    [BoundedFact]
    public async Task What_an_account_used_is_the_same_after_sleep_and_crash()
    {
        var world = new World();
        await using (var cluster = await AccountCluster.StartPricedAsync(world))
        {
            var acme = await cluster.FundAsync("acme", 100m);
            (await acme.Charge(Requests.Calls("c1", 2m))).Granted();
            world.Clock.Advance(TimeSpan.FromMinutes(1));
            (await acme.Charge(Requests.Calls("c2", 3m))).Granted();
            await cluster.SleepAsync("acme");
            (await acme.Reverse(new ReversalRequest { Id = "r", Charge = "c1" })).Granted();
            cluster.Crash();
        }

        await using var next = await AccountCluster.StartAsync(world);
        var usage = await next.Account("acme").ReadUsage(World.Noon, World.Noon.AddDays(1), UsageWindow.Minute).Granted();
        Assert.True(usage.IsCovered);
        Assert.Equal(
            [new MeterUsage(World.Noon, "api.calls", 2m, 2m, 1), new MeterUsage(World.Noon.AddMinutes(1), "api.calls", 1m, 1m, 1)],
            usage.Usage);
    }

    [BoundedFact]
    public async Task A_range_that_cuts_through_a_minute_is_left_to_the_ledger_and_an_unknown_account_is_not_found()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(new World());
        var acme = await cluster.FundAsync("acme", 100m);
        (await acme.Charge(Requests.Calls("c", 2m))).Granted();

        var usage = await acme.ReadUsage(World.Noon.AddHours(-1), World.Noon, UsageWindow.Hour).Granted();
        Assert.True(usage.IsCovered);
        Assert.Empty(usage.Usage);
        Assert.Single((await acme.ReadUsage(World.Noon, World.Noon.AddTicks(1), UsageWindow.Month).Granted()).Usage);

        cluster.World.Clock.Advance(TimeSpan.FromSeconds(30));
        (await acme.Charge(Requests.Calls("d", 2m))).Granted();
        Assert.False((await acme.ReadUsage(World.Noon, World.Noon.AddSeconds(10), UsageWindow.Minute).Granted()).IsCovered);
        await cluster.Account("nobody").ReadUsage(World.Noon, World.Noon.AddDays(1), UsageWindow.Day).Refused(Code.AccountNotFound);
    }
}
