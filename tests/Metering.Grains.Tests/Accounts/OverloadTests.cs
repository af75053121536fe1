using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Law 11: over a limit callers hear overloaded with the time to wait, and nothing has happened.</summary>
public sealed class OverloadTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task At_the_pending_limit_callers_hear_overloaded_nothing_is_applied_and_later_all_is_well()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings =>
        {
            settings.Journal.MaxRecordBytes = 4_096;
            settings.Journal.MaxPendingBytes = 4_096;
            settings.Journal.MaxTailBytes = 1 << 20;
        });
        var acme = await cluster.FundAsync("acme", 1_000m);
        var globex = await cluster.FundAsync("globex", 1_000m);
        _world.Journal.Holds = true;
        var first = acme.Charge(Requests.Calls("first", 1m));
        var held = await _world.Journal.NextHeldAsync();
        var charges = Enumerable.Range(0, 500).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m))).ToArray();
        await cluster.TurnsTakenAsync("acme");

        // Whoever shares the partition hears the same, whatever the request.
        var batch = await globex.ChargeMany([Requests.Calls("g1", 1m), Requests.Calls("g2", 1m)]);
        Assert.All(batch, answer => Assert.Equal(TimeSpan.FromSeconds(1), answer.Refused(Code.Overloaded).RetryAfter));
        await globex.AddGrant(Requests.Grant(5m, "more")).Refused(Code.Overloaded);
        await globex.Watch(0, TimeSpan.FromSeconds(10)).Refused(Code.Overloaded);
        _world.Journal.Holds = false;
        held.Let();
        await first.Granted();
        var answers = await Task.WhenAll(charges);
        Assert.All(answers.Where(answer => answer.Reply is null), answer => Assert.Equal(TimeSpan.FromSeconds(1), answer.Refused(Code.Overloaded).RetryAfter));
        var charged = 1 + answers.Count(answer => answer.Reply is not null);
        Assert.InRange(charged, 2, 500);
        Assert.Equal(1_000m - charged, (await acme.Get().Granted()).Balance);
        foreach (var i in Enumerable.Range(0, 500))
        {
            await acme.Charge(Requests.Calls($"c{i}", 1m)).Granted();
        }

        Assert.Equal(499m, (await acme.Get().Granted()).Balance);
        Assert.Equal(1_000m, (await globex.Get().Granted()).Balance);
    }

    [BoundedFact]
    public async Task An_account_without_room_for_what_is_due_pauses_and_records_it_once_there_is()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings =>
        {
            settings.Journal.MaxRecordBytes = 4_096;
            settings.Journal.MaxPendingBytes = 4_096;
        });
        var globex = await cluster.FundAsync("globex", 10m);
        await globex.PlaceHold(Requests.Hold("h", 4m, TimeSpan.FromSeconds(8))).Granted();
        var watching = globex.Watch(3, TimeSpan.FromSeconds(10));
        var acme = await cluster.FundAsync("acme", 1_000m);
        await cluster.TurnsTakenAsync("globex");
        _world.Journal.Holds = true;
        var charges = Enumerable.Range(0, 500).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m))).ToArray();
        var held = await _world.Journal.NextHeldAsync();
        await cluster.TurnsTakenAsync("acme");
        _world.Clock.Advance(TimeSpan.FromSeconds(8));
        await globex.Get().Refused(Code.Overloaded);
        _world.Journal.Holds = false;
        held.Let();
        await Task.WhenAll(charges);

        Assert.False(watching.IsCompleted, "Nothing can have been recorded yet.");

        // Nobody calls: the alarm goes off again after its pause.
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ChangeKind.HoldExpired, Assert.Single((await watching.Granted()).Changes).Kind);
        Assert.Equal(10m, (await globex.Get().Granted()).Available);
    }
}
