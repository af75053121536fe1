
namespace Metering.Grains.Tests.Accounts;

/// <summary>Law 1: no answer leaves before everything it depends on is in the journal.</summary>
public sealed class AcknowledgedIsDurableTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task No_answer_of_any_kind_leaves_before_the_commit_of_what_it_has_seen()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.Charge(Requests.Calls("first", 1m)).Granted();

        _world.Journal.Holds = true;
        var charge = acme.Charge(Requests.Calls("second", 4m));
        var held = await _world.Journal.NextHeldAsync();
        Task[] answers =
        [
            charge,
            acme.Charge(Requests.Calls("too-much", 6m)),
            acme.Charge(Requests.Calls("first", 1m)),
            acme.Charge(Requests.Calls("second", 4m)),
            acme.Charge(Requests.Calls("second", 5m)),
            acme.ChargeMany([Requests.Calls("too-much", 6m)]),
            acme.Get(),
            acme.GetCharge("second"),
            acme.GetCharge("unheard-of"),
            acme.Quote(Requests.Calls("quote", 1m), draft: null),
            acme.AddGrant(Requests.Grant(10m)),
            acme.Watch(0, TimeSpan.Zero),
        ];
        await cluster.TurnsTakenAsync("acme");
        Assert.All(answers, answer => Assert.False(answer.IsCompleted, "An answer left before what it depends on was durable."));

        _world.Journal.Holds = false;
        held.Let();
        await Task.WhenAll(answers);
        Assert.Equal(5m, (await charge).Granted().Balance);
    }

    [BoundedFact]
    public async Task Concurrent_charges_on_one_account_and_on_many_share_one_record()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        foreach (var account in new[] { "acme", "globex", "initech" })
        {
            await cluster.FundAsync(account, 100m);
        }

        _world.Journal.Holds = true;
        var first = cluster.Account("acme").Charge(Requests.Calls("first", 1m));
        var held = await _world.Journal.NextHeldAsync();
        var others = Enumerable.Range(0, 30)
            .Select(i => cluster.Account(i % 3 == 0 ? "acme" : i % 3 == 1 ? "globex" : "initech").Charge(Requests.Calls($"c{i}", 1m)))
            .ToArray();
        await cluster.TurnsTakenAsync("acme");
        await cluster.TurnsTakenAsync("globex");
        await cluster.TurnsTakenAsync("initech");
        held.Let();
        await first.Granted();
        Assert.All(others, other => Assert.False(other.IsCompleted, "The record of this charge has not been appended yet."));
        var record = await _world.Journal.NextHeldAsync();
        Assert.Equal(held.Number + 1, record.Number);
        record.Let();
        await Task.WhenAll(others);
        Assert.False(_world.Journal.HasHeld, "All charges that came during an append belong into one record.");
    }
}
