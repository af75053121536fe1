using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Accounts that do not exist: answered, not kept, and never in the way of the one who creates them.</summary>
public sealed class UnknownAccountTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task Everything_asked_of_an_unknown_account_is_answered_with_not_found()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var nobody = cluster.Account("nobody");
        await nobody.Get().Refused(Code.AccountNotFound);
        await nobody.GetCharge("c").Refused(Code.AccountNotFound);
        await nobody.Charge(Requests.Calls("c", 1m)).Refused(Code.AccountNotFound);
        await nobody.Charge(Requests.Calls("c", 1m, ChargeMode.Record)).Refused(Code.AccountNotFound);
        Assert.Single(await nobody.ChargeMany([Requests.Calls("c", 1m)])).Refused(Code.AccountNotFound);
        await nobody.Quote(Requests.Calls("c", 1m), draft: null).Refused(Code.AccountNotFound);
        await nobody.AddGrant(Requests.Grant(1m)).Refused(Code.AccountNotFound);
        await nobody.VoidGrant("plan").Refused(Code.AccountNotFound);
        await nobody.PlaceHold(Requests.Hold("h", 1m)).Refused(Code.AccountNotFound);
        await nobody.Settle(new SettleRequest { Id = "s", Hold = "h", Credits = 1m }).Refused(Code.AccountNotFound);
        await nobody.Release(new ReleaseRequest("r", "h")).Refused(Code.AccountNotFound);
        await nobody.Reverse(new ReversalRequest { Id = "r", Charge = "c" }).Refused(Code.AccountNotFound);
        await nobody.PutBudget(new BudgetRequest { Id = "b", Window = BudgetWindow.Day, Limit = 1m }).Refused(Code.AccountNotFound);
        await nobody.DeleteBudget("b").Refused(Code.AccountNotFound);
        await nobody.PutPolicy(new PolicyRequest()).Refused(Code.AccountNotFound);
        await nobody.Close().Refused(Code.AccountNotFound);
        await nobody.Watch(0, TimeSpan.FromSeconds(10)).Refused(Code.AccountNotFound);
        Assert.False(_world.Snapshots.Has("nobody"));
    }

    [BoundedFact]
    public async Task Many_callers_of_an_unknown_account_all_hear_not_found()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var nobody = cluster.Account("nobody");
        for (var round = 0; round < 20; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(i => nobody.Charge(Requests.Calls($"c{i}", 1m)).Refused(Code.AccountNotFound)));
            _world.Clock.Advance(TimeSpan.FromMilliseconds(300));
        }
    }

    [BoundedFact]
    public async Task An_unknown_account_does_not_stay_in_memory()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        await cluster.Account("read").Get().Refused(Code.AccountNotFound);
        await cluster.Account("charged").Charge(Requests.Calls("c", 1m)).Refused(Code.AccountNotFound);
        await cluster.Account("misput").Put(new AccountRequest { RateCard = "no-such-card" }).Refused(Code.RateCardNotFound);
        _world.Clock.Advance(TimeSpan.FromSeconds(10));
        await cluster.AsleepAsync("read");
        await cluster.AsleepAsync("charged");
        await cluster.AsleepAsync("misput");
    }

    [BoundedFact]
    public async Task Creating_an_account_while_others_read_it_is_never_lost()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        for (var round = 0; round < 100; round++)
        {
            var account = cluster.Account($"a{round}");
            var reads = Enumerable.Range(0, 20).Select(_ => account.Get()).ToList();
            var put = account.Put(new AccountRequest { DisplayName = "here" });
            reads.AddRange(Enumerable.Range(0, 20).Select(_ => account.Get()));
            Assert.Equal("here", (await put.Granted()).Settings.DisplayName);
            foreach (var read in reads)
            {
                var answer = await read;
                Assert.True(answer.Reply is not null || answer.Refusal!.Code == Code.AccountNotFound);
            }

            _world.Clock.Advance(TimeSpan.FromMilliseconds(300));
            Assert.Equal(1, (await account.Get().Granted()).Sequence);
        }
    }
}
