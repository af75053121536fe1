using Metering.Contracts;
using Metering.Grains.Tests.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>With periodic durability answers do not wait, the API says so, and a crash loses no more than the interval.</summary>
public sealed class PeriodicTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task Answers_do_not_wait_for_the_journal_and_the_account_says_so()
    {
        await using var cluster = await StartAsync();
        await cluster.Account("nobody").Get().Refused(Code.AccountNotFound);
        _world.Journal.Holds = true;
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.Charge(Requests.Calls("c", 1m)).Granted();
        var view = await acme.Get().Granted();
        Assert.Equal((Durability.Periodic, 9m, 3L), (view.Durability, view.Balance, view.Sequence));
        Assert.False(_world.Journal.HasHeld);
        _world.Clock.Advance(TimeSpan.FromMilliseconds(500));
        var held = await _world.Journal.NextHeldAsync();

        // The answer that waits longest is exactly an interval old: no more may be put at risk.
        _world.Clock.Advance(TimeSpan.FromMilliseconds(499));
        await acme.Charge(Requests.Calls("d", 1m)).Granted();
        _world.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await acme.Charge(Requests.Calls("e", 1m)).Refused(Code.Overloaded);
        _world.Journal.Holds = false;
        held.Let();
        await CommittedAsync(through: 2);
        Assert.Equal(7m, (await acme.Charge(Requests.Calls("e", 1m)).Granted()).Balance);
    }

    [BoundedFact]
    public async Task After_a_crash_at_most_the_interval_is_lost_and_the_account_is_whole()
    {
        await using (var cluster = await StartAsync())
        {
            var acme = await cluster.FundAsync("acme", 10m);
            await acme.Charge(Requests.Calls("kept", 1m)).Granted();
            _world.Clock.Advance(TimeSpan.FromMilliseconds(500));
            await CommittedAsync(through: 2);
            await acme.Charge(Requests.Calls("lost", 2m)).Granted();
            cluster.Crash();
        }

        await using var next = await StartAsync();
        var account = next.Account("acme");
        var view = await account.Get().Granted();
        Assert.Equal((9m, 3L), (view.Balance, view.Sequence));

        // Somebody who watched saw the lost charge, the fourth change; told to look, they find where it stands.
        var page = await account.Watch(4, TimeSpan.FromSeconds(10)).Granted();
        Assert.Equal((true, 3L), (page.Skipped, page.Through));
        Assert.True((await account.Charge(Requests.Calls("kept", 1m)).Granted()).Replayed);
        var again = await account.Charge(Requests.Calls("lost", 2m)).Granted();
        Assert.Equal((false, 7m, 4L), (again.Replayed, again.Balance, again.Sequence));
    }

    [BoundedFact]
    public async Task A_graceful_stop_loses_nothing()
    {
        await using (var cluster = await StartAsync())
        {
            var acme = await cluster.FundAsync("acme", 10m);
            await acme.Charge(Requests.Calls("c", 1m)).Granted();
        }

        await using var next = await StartAsync();
        Assert.Equal(9m, (await next.Account("acme").Get().Granted()).Balance);
    }

    [BoundedFact]
    public async Task A_snapshot_holds_only_what_the_journal_has()
    {
        await using var cluster = await StartAsync(settings => settings.Accounts.MinSnapshotTailBytes = 1);
        await cluster.Account("nobody").Get().Refused(Code.AccountNotFound);
        _world.Journal.Holds = true;
        var acme = await cluster.FundAsync("acme", 10m);
        _world.Clock.Advance(TimeSpan.FromMilliseconds(500));
        var held = await _world.Journal.NextHeldAsync();
        await acme.Charge(Requests.Calls("c", 1m)).Granted();
        Assert.Equal(0, _world.Snapshots.Landed.GetValueOrDefault("acme"));
        _world.Journal.Holds = false;
        held.Let(AppendFate.Dropped);
        while ((await acme.Get()).Refusal is not { Code: Code.AccountNotFound })
        {
            _world.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(_world.Snapshots.Has("acme"));
    }

    private Task<AccountCluster> StartAsync(Action<Settings>? configure = null) => AccountCluster.StartPricedAsync(_world, settings =>
    {
        settings.Journal.Durability = Durability.Periodic;
        settings.Journal.PeriodicInterval = TimeSpan.FromSeconds(1);
        configure?.Invoke(settings);
    });

    private Task CommittedAsync(long through) => Entries.Until(() => _world.Journal.Numbers(World.Log).Contains(through));
}
