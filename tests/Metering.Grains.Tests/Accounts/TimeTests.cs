using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Law 12, and what happens to an account by itself: expiries and refills, recorded at the moment they fall due.</summary>
public sealed class TimeTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task On_a_silo_whose_clock_is_behind_the_time_of_an_account_stands_still()
    {
        await using (var ahead = await AccountCluster.StartPricedAsync(_world))
        {
            var acme = await ahead.FundAsync("acme", 10m);
            _world.Clock.Advance(TimeSpan.FromMinutes(30));
            await acme.PlaceHold(Requests.Hold("h", 2m, TimeSpan.FromMinutes(5))).Granted();
        }

        var behind = new World(_world, World.Noon);
        await using var cluster = await AccountCluster.StartAsync(behind);
        var account = cluster.Account("acme");
        await account.Watch(0, TimeSpan.Zero).Granted();
        await account.Charge(Requests.Calls("c", 1m)).Granted();
        var change = Assert.Single((await account.Watch(3, TimeSpan.Zero).Granted()).Changes);
        Assert.Equal(World.Noon.AddMinutes(30), change.At);
        behind.Clock.Advance(TimeSpan.FromMinutes(30));
        await account.Charge(Requests.Calls("d", 1m)).Granted();
        Assert.Equal(1, (await account.Get().Granted()).HoldCount);

        // 12:35 by this silo's clock: now the hold has expired, exactly when it said it would.
        behind.Clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(5));
        var watching = account.Watch(5, TimeSpan.FromSeconds(10));
        await cluster.TurnsTakenAsync("acme");
        Assert.False(watching.IsCompleted, "The hold expired before its time.");
        behind.Clock.Advance(TimeSpan.FromSeconds(5));
        change = Assert.Single((await watching.Granted()).Changes);
        Assert.Equal((ChangeKind.HoldExpired, World.Noon.AddMinutes(35)), (change.Kind, change.At));
    }

    [BoundedFact]
    public async Task An_attempt_that_was_too_long_on_its_way_is_not_looked_at_and_one_that_was_not_is()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        var attempt = TimeSpan.FromSeconds(1);
        AttemptTime.Begin(World.Noon, attempt);
        _world.Clock.Advance(attempt + AttemptTime.Grace);
        await acme.Charge(Requests.Calls("in-time", 1m)).Granted();

        _world.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(Code.Unavailable, (await acme.Charge(Requests.Calls("too-late", 1m))).Refusal?.Code);
        var many = await acme.ChargeMany([Requests.Calls("too-late", 1m), Requests.Calls("in-time", 1m)]);
        Assert.All(many, answer => Assert.Equal(Code.Unavailable, answer.Refusal?.Code));

        // Sent again it has a time of its own.
        AttemptTime.Begin(_world.Clock.GetUtcNow(), attempt);
        Assert.Equal((8m, false), (await acme.Charge(Requests.Calls("too-late", 1m)).Granted()) is var charge ? (charge.Balance, charge.Replayed) : default);
    }

    [BoundedFact]
    public async Task A_hold_expires_at_its_moment_without_any_call_and_watchers_see_it()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        var hold = await acme.PlaceHold(Requests.Hold("h", 4m, TimeSpan.FromSeconds(8))).Granted();
        var watching = acme.Watch(3, TimeSpan.FromSeconds(10));
        await cluster.TurnsTakenAsync("acme");
        _world.Clock.Advance(TimeSpan.FromSeconds(8) - TimeSpan.FromMilliseconds(1));
        await cluster.TurnsTakenAsync("acme");
        Assert.False(watching.IsCompleted, "The hold expired before its time.");
        _world.Clock.Advance(TimeSpan.FromMilliseconds(1));
        var change = Assert.Single((await watching.Granted()).Changes);
        Assert.Equal(
            (4L, ChangeKind.HoldExpired, "h", hold.ExpiresAt, 0m, 10m, 10m),
            (change.Sequence, change.Kind, change.Subject, change.At, change.Credits, change.Balance, change.Available));
    }

    [BoundedFact]
    public async Task An_idle_account_stays_in_memory_until_its_last_hold_has_expired()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.PlaceHold(Requests.Hold("long", 1m, TimeSpan.FromHours(24))).Granted();
        await acme.PlaceHold(Requests.Hold("short", 1m, TimeSpan.FromSeconds(1))).Granted();
        await cluster.FundAsync("without", 10m);
        Assert.False(await cluster.StaysAsync("without"), "An account without holds stayed in memory.");
        Assert.True(await cluster.StaysAsync("acme"), "An account with open holds was collected.");

        _world.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.True(await cluster.StaysAsync("acme"), "The last hold was still open.");

        // Nobody calls while its expiry falls due, and again nobody until the account may leave.
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        _world.Clock.Advance(TimeSpan.FromMinutes(2));
        await cluster.CollectedAsync("acme");
        Assert.Equal((0m, 10m, 6L), (await acme.Get().Granted()) is var view ? (view.Held, view.Available, view.Sequence) : default);
    }

    [BoundedFact]
    public async Task An_account_whose_holds_are_settled_may_leave_at_once_and_one_that_wakes_with_holds_stays()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.PlaceHold(Requests.Hold("h", 1m, TimeSpan.FromHours(24))).Granted();
        await cluster.SleepAsync("acme");
        await acme.Get().Granted();
        Assert.True(await cluster.StaysAsync("acme"), "An account that woke up with an open hold was collected.");

        await acme.Release(new ReleaseRequest("r", "h")).Granted();
        await cluster.CollectedAsync("acme");
    }

    [BoundedFact]
    public async Task A_recurring_grant_refills_at_each_boundary_without_any_call()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = cluster.Account("acme");
        await acme.Put(new AccountRequest()).Granted();
        await acme.AddGrant(new GrantRequest { Id = "hourly", Amount = 5m, Recurrence = new Recurrence(PeriodUnit.Hour, null) }).Granted();
        await acme.Charge(Requests.Calls("c", 3m)).Granted();
        await acme.Watch(3, TimeSpan.Zero).Granted();
        for (var hour = 1; hour <= 3; hour++)
        {
            _world.Clock.Advance(TimeSpan.FromMinutes(59));
            _world.Clock.Advance(TimeSpan.FromSeconds(55));
            var watching = acme.Watch(2 + hour, TimeSpan.FromSeconds(10));
            await cluster.TurnsTakenAsync("acme");
            _world.Clock.Advance(TimeSpan.FromSeconds(5));
            var change = Assert.Single((await watching.Granted()).Changes);
            Assert.Equal((3L + hour, ChangeKind.GrantRefilled, World.Noon.AddHours(hour), 5m), (change.Sequence, change.Kind, change.At, change.Balance));
        }
    }

    [BoundedFact]
    public async Task What_fell_due_while_an_account_slept_is_recorded_at_its_own_time_and_in_its_order()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.AddGrant(new GrantRequest { Id = "hourly", Amount = 5m, Recurrence = new Recurrence(PeriodUnit.Hour, null) }).Granted();
        await acme.PlaceHold(Requests.Hold("h", 4m, TimeSpan.FromMinutes(90))).Granted();
        await cluster.SleepAsync("acme");
        _world.Clock.Advance(TimeSpan.FromMinutes(150));
        await acme.Watch(0, TimeSpan.Zero).Granted();
        Assert.Equal(7, (await acme.Get().Granted()).Sequence);
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Equal(15m, _world.Snapshots.Recall("acme", cluster.Serializer).Available.Value);
    }

    [BoundedFact]
    public Task An_account_that_only_a_watcher_has_woken_still_minds_its_holds() =>
        Minds_its_holds_after((_, account) => account.Watch(0, TimeSpan.Zero).Granted());

    [BoundedFact]
    public Task An_account_that_only_a_batch_has_woken_still_minds_its_holds() =>
        Minds_its_holds_after((_, account) => account.ChargeMany([Requests.Calls("too-much", 1_000m)]));

    [BoundedFact]
    public Task An_account_that_only_the_checkpoint_has_woken_still_minds_its_holds() =>
        Minds_its_holds_after((cluster, _) => cluster.Checkpointed("acme").Checkpoint());

    private async Task Minds_its_holds_after(Func<AccountCluster, IAccountGrain, Task> wake)
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings => settings.Accounts.SnapshotInterval = TimeSpan.FromSeconds(1));
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.PlaceHold(Requests.Hold("h", 4m, TimeSpan.FromMinutes(1))).Granted();
        await cluster.SleepAsync("acme");
        await wake(cluster, acme);
        _world.Clock.Advance(TimeSpan.FromMinutes(1));

        // Nobody called: the entry of the expiry is what changed the account, and a snapshot follows it.
        while (_world.Snapshots.Recall("acme", cluster.Serializer).Sequence < 4)
        {
            await _world.Snapshots.NextLandedAsync();
        }

        Assert.Equal(10m, _world.Snapshots.Recall("acme", cluster.Serializer).Available.Value);
    }
}
