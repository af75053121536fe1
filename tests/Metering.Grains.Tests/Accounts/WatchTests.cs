using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Tests.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Watching: every durable change, once, in order, resumable; and never at the cost of who is charged.</summary>
public sealed class WatchTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task A_watcher_who_goes_on_from_page_to_page_sees_every_change_once_and_in_order()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 1_000m);
        await acme.Watch(2, TimeSpan.Zero).Granted();
        var seen = new List<AccountChange>();
        var watching = Task.Run(
            async () =>
            {
                while (seen.Count < 500)
                {
                    var page = await acme.Watch(seen.Count + 2, TimeSpan.FromSeconds(10)).Granted();
                    Assert.False(page.Skipped);
                    seen.AddRange(page.Changes);
                    Assert.Equal(seen.Count + 2, page.Through);
                }
            },
            TestContext.Current.CancellationToken);
        for (var i = 0; i < 500; i += 50)
        {
            await Task.WhenAll(Enumerable.Range(i, 50).Select(j => acme.Charge(Requests.Calls($"c{j}", 1m)).Granted()));
        }

        await watching;
        Assert.Equal(Enumerable.Range(3, 500).Select(sequence => (long)sequence), seen.Select(change => change.Sequence));
        Assert.Equal(Enumerable.Range(1, 500).Select(i => (1_000m - i, -1m)), seen.Select(change => (change.Balance, change.Credits)));
        Assert.Equal(500, seen.Select(change => change.Subject).Distinct().Count());

        // Resumed in the middle it is the same again.
        var again = await acme.Watch(252, TimeSpan.FromSeconds(10)).Granted();
        Assert.Equal(seen.Skip(250).Select(change => change.Subject), again.Changes.Select(change => change.Subject));
    }

    [BoundedFact]
    public async Task Only_what_is_durable_is_shown()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        var watching = acme.Watch(2, TimeSpan.FromSeconds(10));
        await cluster.TurnsTakenAsync("acme");
        _world.Journal.Holds = true;
        var charge = acme.Charge(Requests.Calls("c", 1m));
        var held = await _world.Journal.NextHeldAsync();
        var late = acme.Watch(2, TimeSpan.FromSeconds(10));
        await cluster.TurnsTakenAsync("acme");
        Assert.False(watching.IsCompleted || late.IsCompleted, "A watcher was shown a charge that is not durable yet.");
        _world.Journal.Holds = false;
        held.Let(AppendFate.Dropped);
        await charge.Refused(Code.Unavailable);
        await watching.Refused(Code.Unavailable);
        await late.Refused(Code.Unavailable);
    }

    [BoundedFact]
    public async Task Patience_ends_exactly_when_it_was_said_to_and_never_after_the_longest_there_is()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        var patient = acme.Watch(2, TimeSpan.FromSeconds(3));
        var endless = acme.Watch(2, TimeSpan.FromDays(1));
        await cluster.TurnsTakenAsync("acme");
        _world.Clock.Advance(TimeSpan.FromSeconds(3) - TimeSpan.FromTicks(1));
        await cluster.TurnsTakenAsync("acme");
        Assert.False(patient.IsCompleted, "A watcher was sent away before its patience ended.");
        _world.Clock.Advance(TimeSpan.FromTicks(1));
        var page = await patient.Granted();
        Assert.Equal((0, false, 2L), (page.Changes.Count, page.Skipped, page.Through));
        Assert.False(endless.IsCompleted);
        _world.Clock.Advance(WatchPage.MaxPatience - TimeSpan.FromSeconds(3));
        Assert.Empty((await endless.Granted()).Changes);
        Assert.Empty((await acme.Watch(2, TimeSpan.Zero).Granted()).Changes);
        Assert.Empty((await acme.Watch(2, TimeSpan.FromSeconds(-1)).Granted()).Changes);
    }

    [BoundedFact]
    public async Task A_watcher_who_was_away_too_long_is_told_that_changes_were_skipped()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10_000m);
        var first = await acme.Watch(0, TimeSpan.FromSeconds(10)).Granted();
        Assert.Equal((0, true, 2L), (first.Changes.Count, first.Skipped, first.Through));
        await Task.WhenAll(Enumerable.Range(0, WatchPage.MaxChanges).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m)).Granted()));
        var all = await acme.Watch(2, TimeSpan.Zero).Granted();
        Assert.Equal((WatchPage.MaxChanges, false, 1_002L), (all.Changes.Count, all.Skipped, all.Through));

        await acme.Charge(Requests.Calls("one-more", 1m)).Granted();
        var late = await acme.Watch(2, TimeSpan.Zero).Granted();
        Assert.Equal((WatchPage.MaxChanges, true, 4L), (late.Changes.Count, late.Skipped, late.Changes[0].Sequence));
        var inTime = await acme.Watch(3, TimeSpan.Zero).Granted();
        Assert.Equal((WatchPage.MaxChanges, false), (inTime.Changes.Count, inTime.Skipped));
    }

    [BoundedFact]
    public async Task A_watcher_from_the_future_is_told_where_the_account_stands()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        var page = await acme.Watch(99, TimeSpan.FromSeconds(10)).Granted();
        Assert.Equal((0, true, 2L), (page.Changes.Count, page.Skipped, page.Through));
    }

    [BoundedFact]
    public async Task A_watch_goes_on_where_it_was_after_the_account_has_slept()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.Watch(2, TimeSpan.Zero).Granted();
        await cluster.SleepAsync("acme");

        // Awake again before both are sent: of messages that wait for a place the later one may come first.
        await acme.Get().Granted();
        var watching = acme.Watch(2, TimeSpan.FromSeconds(10));
        await cluster.TurnsTakenAsync("acme");
        await acme.Charge(Requests.Calls("c", 1m)).Granted();
        var page = await watching.Granted();
        Assert.False(page.Skipped);
        Assert.Equal((3L, "c"), (Assert.Single(page.Changes).Sequence, page.Changes[0].Subject));
    }

    [BoundedFact]
    public async Task A_watcher_who_comes_back_after_a_crash_has_missed_nothing_since_the_last_snapshot()
    {
        await using (var cluster = await AccountCluster.StartPricedAsync(_world))
        {
            var acme = await cluster.FundAsync("acme", 10m);
            await acme.Charge(Requests.Calls("covered", 1m)).Granted();
            await cluster.Checkpointed("acme").Checkpoint();
            await acme.Charge(Requests.Calls("c1", 1m)).Granted();
            await acme.Charge(Requests.Calls("c2", 2m)).Granted();
            cluster.Crash();
        }

        await using var next = await AccountCluster.StartPricedAsync(_world);
        var back = next.Account("acme");

        // Somebody else is sooner.
        await back.Charge(Requests.Calls("c3", 3m)).Granted();
        var page = await back.Watch(3, TimeSpan.Zero).Granted();
        Assert.False(page.Skipped);
        Assert.Equal([(4L, "c1", -1m, 8m), (5L, "c2", -2m, 6m), (6L, "c3", -3m, 3m)], page.Changes.Select(change => (change.Sequence, change.Subject!, change.Credits, change.Balance)));
        Assert.Equal([5L, 6L], (await back.Watch(4, TimeSpan.Zero).Granted()).Changes.Select(change => change.Sequence));
        Assert.True((await back.Watch(2, TimeSpan.Zero).Granted()).Skipped, "What the snapshot holds was skipped.");

        // One who came back in time is told everything from then on.
        _world.Clock.Advance(TimeSpan.FromHours(1));
        await back.Charge(Requests.Calls("c4", 1m)).Granted();
        Assert.Equal([4L, 5L, 6L, 7L], (await back.Watch(3, TimeSpan.Zero).Granted()).Changes.Select(change => change.Sequence));
    }

    [BoundedFact]
    public async Task What_a_recovery_read_is_not_kept_when_nobody_comes_back_to_watch()
    {
        await using (var cluster = await AccountCluster.StartPricedAsync(_world))
        {
            await cluster.FundAsync("acme", 10m);
            cluster.Crash();
        }

        await using var next = await AccountCluster.StartPricedAsync(_world);
        var acme = next.Account("acme");
        await acme.Get().Granted();
        _world.Clock.Advance(new AccountOptions().MaxWatcherAbsence);
        await next.TurnsTakenAsync("acme");

        Assert.True((await acme.Watch(1, TimeSpan.Zero).Granted()).Skipped, "Changes were kept for an account that nobody watches.");
    }

    [BoundedFact]
    public async Task Thousands_of_watchers_of_one_account_do_not_stop_its_charges_and_all_see_them()
    {
        const int watchers = 4_000;
        const int charges = 20;
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 1_000m);
        await acme.Watch(2, TimeSpan.Zero).Granted();
        var watching = Enumerable.Range(0, watchers).Select(async _ =>
        {
            for (var through = 2L; through < 2 + charges;)
            {
                var page = await acme.Watch(through, TimeSpan.FromSeconds(10)).Granted();
                Assert.False(page.Skipped);
                Assert.Equal(through + 1, page.Changes[0].Sequence);
                through = page.Through;
            }
        }).ToArray();
        for (var i = 0; i < charges; i++)
        {
            await acme.Charge(Requests.Calls($"c{i}", 1m)).Granted();
        }

        await Task.WhenAll(watching);
    }

    [BoundedFact]
    public async Task One_watcher_over_the_limit_hears_overloaded_until_another_has_gone()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings => settings.Accounts.MaxWatchers = 3);
        var acme = await cluster.FundAsync("acme", 10m);
        var watching = Enumerable.Range(0, 3).Select(_ => acme.Watch(2, TimeSpan.FromSeconds(10))).ToArray();
        Assert.NotNull((await acme.Watch(2, TimeSpan.FromSeconds(10)).Refused(Code.Overloaded)).RetryAfter);
        await acme.Charge(Requests.Calls("c", 1m)).Granted();
        Assert.All(await Task.WhenAll(watching), answer => Assert.Single(answer.Granted().Changes));
        var next = acme.Watch(3, TimeSpan.FromSeconds(10));
        await cluster.TurnsTakenAsync("acme");
        Assert.False(next.IsCompleted);
        await acme.Charge(Requests.Calls("d", 1m)).Granted();
        await next.Granted();
    }

    [BoundedFact]
    public async Task Watchers_do_not_hold_up_a_silo_that_stops()
    {
        var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        var watching = Enumerable.Range(0, 10).Select(_ => acme.Watch(2, TimeSpan.FromSeconds(10))).ToArray();
        await cluster.TurnsTakenAsync("acme");

        // Their patience cannot end: the clock stands still.
        await cluster.DisposeAsync();
        Assert.True(_world.Snapshots.Has("acme"), "The account left without its last snapshot.");
        Assert.Equal(10, watching.Length);
    }
}
