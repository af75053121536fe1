using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Laws 2 and 5 under concurrency: exactly what fits is charged, and each id once.</summary>
public sealed class HardLimitTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task Of_concurrent_charges_exactly_as_many_succeed_as_fit()
    {
        // 100.5 credits hold 33 charges of 3; the 34th would need 102.
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 100.5m);
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => acme.Charge(Requests.Calls($"c{i}", 3m))));

        Assert.Equal(33, answers.Count(answer => answer.Reply is not null));
        Assert.All(answers.Where(answer => answer.Reply is null), answer => answer.Refused(Code.InsufficientCredits));
        Assert.Equal(Enumerable.Range(1, 33).Select(i => 100.5m - (3m * i)), answers.Select(answer => answer.Reply).OfType<ChargeReply>().OrderBy(reply => reply.Sequence).Select(reply => reply.Balance));
        Assert.Equal(1.5m, (await acme.Get().Granted()).Available);
    }

    [BoundedFact]
    public async Task The_last_charge_may_take_the_balance_to_exactly_zero()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 99m);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m))));
        Assert.Equal(99, answers.Count(answer => answer.Reply is not null));
        Assert.Equal(0m, (await acme.Get().Granted()).Balance);
        Assert.Equal(0m, (await acme.Charge(Requests.Calls("nothing", 0m)).Granted()).Balance);
    }

    [BoundedFact]
    public async Task Concurrent_retries_of_the_same_ids_are_charged_once_and_all_get_the_same_answer()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 60m);
        var answers = await Task.WhenAll(Enumerable.Range(0, 600).Select(async i => (Id: i % 100, Answer: await acme.Charge(Requests.Calls($"c{i % 100}", 1m)))));

        var charged = answers.Where(each => each.Answer.Reply is not null).GroupBy(each => each.Id, each => each.Answer.Reply!).ToList();
        Assert.Equal(60, charged.Count);
        foreach (var replies in charged)
        {
            var original = Assert.Single(replies, reply => !reply.Replayed);
            Assert.All(replies.Where(reply => reply.Replayed), replay =>
                Assert.Equal((original.Sequence, original.Credits, original.Balance, original.Available), (replay.Sequence, replay.Credits, replay.Balance, replay.Available)));
        }

        // Two entries made and funded the account, each charge is one more, and nothing else happened.
        var view = await acme.Get().Granted();
        Assert.Equal((0m, 62L), (view.Balance, view.Sequence));
    }

    [BoundedFact]
    public async Task A_blocking_budget_is_never_passed_by_concurrent_charges()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 1_000m);
        await acme.PutBudget(new BudgetRequest { Id = "daily", Window = BudgetWindow.Day, Limit = 70m, Action = BudgetAction.Block }).Granted();
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => acme.Charge(Requests.Calls($"c{i}", 2m))));
        Assert.Equal(35, answers.Count(answer => answer.Reply is not null));
        Assert.All(answers.Where(answer => answer.Reply is null), answer => answer.Refused(Code.BudgetExceeded));
        Assert.Equal(70m, Assert.Single((await acme.Get().Granted()).Budgets[0].Counters).Spent);
    }

    [BoundedFact]
    public async Task Holds_charges_and_settles_that_come_together_never_use_more_than_there_is()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 50m);
        var holds = Enumerable.Range(0, 100).Select(i => acme.PlaceHold(Requests.Hold($"h{i}", 1m))).ToArray();
        var charges = Enumerable.Range(0, 100).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m))).ToArray();
        await Task.WhenAll([.. holds, .. charges]);
        var view = await acme.Get().Granted();
        Assert.Equal(0m, view.Available);
        Assert.Equal(50, view.HoldCount + (int)(50m - view.Balance));

        var held = (await Task.WhenAll(holds)).Where(answer => answer.Reply is not null).Select(answer => answer.Reply!.Hold).ToList();
        Assert.Equal(held.Count, view.HoldCount);
        await Task.WhenAll(held.Select((hold, i) => acme.Settle(new SettleRequest { Id = $"s{i}", Hold = hold, Credits = 1m }).Granted()));
        view = await acme.Get().Granted();
        Assert.Equal((0m, 0m, 0m, 0), (view.Balance, view.Available, view.Overage, view.HoldCount));
    }
}
