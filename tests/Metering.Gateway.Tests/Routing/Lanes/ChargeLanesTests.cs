using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Routing.Lanes;

namespace Metering.Gateway.Tests.Routing.Lanes;

/// <summary>Charges of many callers share the messages to the silos that own their accounts.</summary>
public sealed class ChargeLanesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_silo_gets_the_charges_of_its_accounts_and_answers_stand_where_their_charges_stood()
    {
        var cluster = new FakeCluster(silos: 3);
        var charges = Enumerable.Range(0, 1_000).Select(i => FakeCluster.Charge($"a{i % 300}", $"c{i}")).ToArray();

        var answers = await cluster.Charge(charges);

        Assert.Equal(charges.Select(static routed => $"{routed.Account}/{routed.Charge.Id}"), answers.Select(static answer => answer.Reply!.Id));
        foreach (var silo in cluster.Silos)
        {
            var sent = silo.Straight.Messages.SelectMany(static message => message).ToList();
            Assert.Equal(charges.Where(routed => cluster.OwnerOf(routed.Account) == silo).Select(static routed => routed.Charge.Id).Order(), sent.Select(static routed => routed.Charge.Id).Order());
            Assert.InRange(silo.Straight.Messages.Count, 1, LaneLimits.LanesPerSilo);
            Assert.Empty(silo.Roundabout.Messages);
            Assert.All(sent.GroupBy(static routed => routed.Account), static account =>
                Assert.Equal(account.Select(static routed => int.Parse(routed.Charge.Id[1..])).Order(), account.Select(static routed => int.Parse(routed.Charge.Id[1..]))));
        }
    }

    [Fact]
    public async Task What_comes_while_a_message_is_under_way_becomes_the_next_and_an_idle_lane_waits_for_nothing()
    {
        var cluster = new FakeCluster(silos: 1);
        var router = cluster.Silos[0].Straight;
        var held = Hold(router);
        var accounts = cluster.Neighbours(cluster.Silos[0], 3);

        var first = cluster.Charge(FakeCluster.Charge(accounts[0], "first"));
        Assert.Single(router.Messages);
        var later = Enumerable.Range(0, 200).Select(i => cluster.Charge(FakeCluster.Charge(accounts[i % 3], $"later{i}"))).ToList();
        Assert.Single(router.Messages);
        held.SetResult();
        await first;
        await Task.WhenAll(later);

        Assert.Equal([1, 200], router.Messages.Select(static message => message.Length));
        Assert.Equal(["first", .. Enumerable.Range(0, 200).Select(i => $"later{i}")], router.Ids);
        Assert.All(await Task.WhenAll(later), answers => Assert.NotNull(answers.Single().Reply));
    }

    [Fact]
    public async Task A_silo_that_is_slow_does_not_hold_up_another()
    {
        var cluster = new FakeCluster(silos: 2);
        var held = Hold(cluster.Silos[0].Straight);

        var slow = cluster.Charge(FakeCluster.Charge(cluster.AccountOf(cluster.Silos[0]), "x"));
        var quick = await cluster.Charge(FakeCluster.Charge(cluster.AccountOf(cluster.Silos[1]), "y")).WaitAsync(Patience, Cancellation);

        Assert.NotNull(quick.Single().Reply);
        Assert.False(slow.IsCompleted);
        held.SetResult();
        Assert.NotNull((await slow).Single().Reply);
    }

    [Fact]
    public async Task A_message_has_no_more_than_its_bounds()
    {
        var cluster = new FakeCluster(silos: 1);
        var account = cluster.AccountOf(cluster.Silos[0]);
        var large = new string('x', LaneLimits.MaxBytesPerMessage / 3);
        var many = Enumerable.Range(0, (2 * LaneLimits.MaxChargesPerMessage) + 1).Select(i => FakeCluster.Charge(account, $"c{i}")).ToArray();

        var answers = await cluster.Charge(many);
        Assert.All(answers, static answer => Assert.NotNull(answer.Reply));
        Assert.Equal([LaneLimits.MaxChargesPerMessage, LaneLimits.MaxChargesPerMessage, 1], cluster.Silos[0].Straight.Messages.Select(static message => message.Length));
        Assert.Equal(many.Select(static routed => routed.Charge.Id), cluster.Silos[0].Straight.Ids);

        cluster.Silos[0].Straight.Messages.Clear();
        await cluster.Charge(Enumerable.Range(0, 5).Select(i => FakeCluster.Charge(account, large + i)));
        Assert.Equal([2, 2, 1], cluster.Silos[0].Straight.Messages.Select(static message => message.Length));
    }

    [Fact]
    public async Task Beyond_what_may_wait_for_a_silo_callers_hear_overloaded_at_once_and_what_waits_is_still_done()
    {
        var cluster = new FakeCluster(silos: 1);
        var held = Hold(cluster.Silos[0].Straight);
        var account = cluster.AccountOf(cluster.Silos[0]);
        var large = new string('x', LaneLimits.MaxBytesPerLane / 4);
        var taken = Enumerable.Range(0, 4).Select(i => cluster.Charge(FakeCluster.Charge(account, large + i))).ToList();

        var over = (await cluster.Charge(FakeCluster.Charge(account, large + "over")).WaitAsync(Patience, Cancellation)).Single().Refusal!;

        Assert.Equal((Code.Overloaded, account, true), (over.Code, over.Account, over.RetryAfter > TimeSpan.Zero));
        held.SetResult();
        Assert.All(await Task.WhenAll(taken), static answers => Assert.NotNull(answers.Single().Reply));
        Assert.NotNull((await cluster.Charge(FakeCluster.Charge(account, "after"))).Single().Reply);
        Assert.DoesNotContain(large + "over", cluster.Silos[0].Straight.Ids);
    }

    [Fact]
    public async Task Where_large_batches_take_all_room_single_charges_still_find_some_and_not_without_end()
    {
        var cluster = new FakeCluster(silos: 1);
        var held = Hold(cluster.Silos[0].Straight);
        var account = cluster.AccountOf(cluster.Silos[0]);
        var first = cluster.Charge(FakeCluster.Charge(account, "first"));
        var full = cluster.Charge(FakeCluster.Charge(account, new string('x', LaneLimits.MaxBytesPerLane)));
        var small = new string('s', LaneLimits.MaxBytesOfSmallPart / 2);
        const int Fit = 2 * LaneLimits.MaxBytesForSmallParts / LaneLimits.MaxBytesOfSmallPart;

        var singles = Enumerable.Range(0, Fit + 1).Select(i => cluster.Charge(FakeCluster.Charge(account, small + i))).ToList();

        Assert.Equal(Code.Overloaded, (await singles[^1].WaitAsync(Patience, Cancellation)).Single().Refusal!.Code);
        held.SetResult();
        Assert.All(await Task.WhenAll([first, full, .. singles.Take(Fit / 2)]), static answers => Assert.NotNull(answers.Single().Reply));
    }

    [Fact]
    public async Task What_waited_longer_than_an_attempt_may_take_is_refused_and_not_sent()
    {
        var cluster = new FakeCluster(silos: 1);
        var router = cluster.Silos[0].Straight;
        var held = Hold(router);
        var account = cluster.AccountOf(cluster.Silos[0]);
        var first = cluster.Charge(FakeCluster.Charge(account, "first"));
        var late = cluster.Charge(FakeCluster.Charge(account, "late"), FakeCluster.Charge(account, "late too"));

        cluster.Time.Advance(cluster.Options.SiloTimeout);
        var inTime = cluster.Charge(FakeCluster.Charge(account, "in time"));
        cluster.Time.Advance(TimeSpan.FromTicks(1));
        held.SetResult();

        Assert.All(await late, answer => Assert.Equal((Code.Overloaded, account), (answer.Refusal!.Code, answer.Refusal.Account)));
        Assert.NotNull((await first).Single().Reply);
        Assert.NotNull((await inTime).Single().Reply);
        Assert.Equal(["first", "in time"], router.Ids);
    }

    [Fact]
    public async Task What_waits_behind_a_message_whose_time_is_over_is_unavailable_and_not_sent()
    {
        var cluster = new FakeCluster(silos: 1, siloTimeout: TimeSpan.FromMilliseconds(100));
        var router = cluster.Silos[0].Straight;
        var held = Hold(router);
        var account = cluster.AccountOf(cluster.Silos[0]);
        var first = cluster.Charge(FakeCluster.Charge(account, "first"));
        var second = cluster.Charge(FakeCluster.Charge(account, "second"));

        Assert.Equal([Code.Unavailable, Code.Unavailable], new[] { await first, await second }.Select(static answers => answers.Single().Refusal?.Code));
        held.SetResult();
        Assert.Equal(["first"], router.Ids);
    }

    [Fact]
    public async Task Of_a_silo_that_fails_nothing_is_answered_and_of_the_others_everything()
    {
        var cluster = new FakeCluster(silos: 3);
        var failing = cluster.Silos[1];
        failing.Straight.OnCharge = failing.Roundabout.OnCharge = static _ => throw new SiloUnavailableException();
        var charges = Enumerable.Range(0, 300).Select(i => FakeCluster.Charge($"a{i}", "c")).ToArray();

        var answers = await cluster.Charge(charges);

        for (var i = 0; i < charges.Length; i++)
        {
            Assert.Equal(cluster.OwnerOf(charges[i].Account) == failing, !ChargeSending.IsAnswered(answers[i]));
        }
    }

    [Fact]
    public async Task What_waits_behind_a_message_that_failed_is_unavailable_too_and_not_sent()
    {
        var cluster = new FakeCluster(silos: 1);
        var router = cluster.Silos[0].Straight;
        var failing = new TaskCompletionSource<Answer<ChargeReply>[]>();
        router.OnCharge = _ => failing.Task;
        var account = cluster.AccountOf(cluster.Silos[0]);
        var first = cluster.Charge(FakeCluster.Charge(account, "first"));
        var second = cluster.Charge(FakeCluster.Charge(account, "second"));

        failing.SetException(new TimeoutException());

        Assert.Equal([Code.Unavailable, Code.Unavailable], new[] { await first, await second }.Select(static answers => answers.Single().Refusal?.Code));
        Assert.Equal(["first"], router.Ids);
    }

    [Fact]
    public async Task After_the_straight_way_has_failed_messages_go_through_another_silo_and_then_not_at_all()
    {
        var cluster = new FakeCluster(silos: 1);
        var silo = cluster.Silos[0];
        var account = cluster.AccountOf(silo);
        var told = 0;
        cluster.Lanes.Failed = () => told++;
        silo.Straight.OnCharge = static _ => throw new TimeoutException();

        Assert.Equal(Code.Unavailable, (await cluster.Charge(FakeCluster.Charge(account, "straight"))).Single().Refusal?.Code);
        Assert.NotNull((await cluster.Charge(FakeCluster.Charge(account, "round"))).Single().Reply);
        silo.Roundabout.OnCharge = static _ => throw new TimeoutException();
        Assert.Equal(Code.Unavailable, (await cluster.Charge(FakeCluster.Charge(account, "round again"))).Single().Refusal?.Code);
        Assert.Equal([default], await cluster.Charge(FakeCluster.Charge(account, "none")));

        Assert.Equal(["straight"], silo.Straight.Ids);
        Assert.Equal(["round", "round again"], silo.Roundabout.Ids);
        Assert.Equal(2, told);
    }

    [Fact]
    public async Task The_straight_way_is_taken_again_once_the_silo_has_answered_on_it()
    {
        var cluster = new FakeCluster(silos: 1);
        var silo = cluster.Silos[0];
        var account = cluster.AccountOf(silo);
        silo.Straight.OnCharge = static _ => throw new TimeoutException();
        await cluster.Charge(FakeCluster.Charge(account, "failed"));
        silo.Straight.OnCharge = static charges => Task.FromResult(FakeRouter.All(charges));

        await cluster.Charge(FakeCluster.Charge(account, "round"));
        cluster.Tell();
        await cluster.Charge(FakeCluster.Charge(account, "straight"));

        Assert.Equal(["failed", "straight"], silo.Straight.Ids);
        Assert.Equal(["round"], silo.Roundabout.Ids);
    }

    [Fact]
    public async Task A_silo_that_sheds_load_is_overloaded_and_stays_on_its_way()
    {
        var cluster = new FakeCluster(silos: 1);
        var router = cluster.Silos[0].Straight;
        var account = cluster.AccountOf(cluster.Silos[0]);
        router.OnCharge = static _ => throw new GatewayTooBusyException();

        var refusal = (await cluster.Charge(FakeCluster.Charge(account, "shed"))).Single().Refusal!;
        router.OnCharge = static charges => Task.FromResult(FakeRouter.All(charges));
        var next = (await cluster.Charge(FakeCluster.Charge(account, "next"))).Single();

        Assert.Equal((Code.Overloaded, account), (refusal.Code, refusal.Account));
        Assert.NotNull(next.Reply);
        Assert.Equal(["shed", "next"], router.Ids);
    }

    [Fact]
    public async Task What_a_silo_leaves_is_not_overtaken_by_the_rest_of_its_batch()
    {
        var cluster = new FakeCluster(silos: 1);
        var router = cluster.Silos[0].Straight;
        var account = cluster.AccountOf(cluster.Silos[0]);
        router.OnCharge = charges => Task.FromResult(router.Messages.Count == 1 ? new Answer<ChargeReply>[charges.Length] : FakeRouter.All(charges));

        var answers = await cluster.Charge(Enumerable.Range(0, LaneLimits.MaxChargesPerMessage + 10).Select(i => FakeCluster.Charge(account, $"c{i}")));

        Assert.All(answers, static answer => Assert.Equal(default, answer));
        Assert.Single(router.Messages);
        Assert.NotNull((await cluster.Charge(FakeCluster.Charge(account, "other"))).Single().Reply);
    }

    [Fact]
    public async Task What_its_caller_has_given_up_before_it_was_sent_is_not_sent()
    {
        var cluster = new FakeCluster(silos: 1);
        var router = cluster.Silos[0].Straight;
        var held = Hold(router);
        var account = cluster.AccountOf(cluster.Silos[0]);
        var first = cluster.Charge(FakeCluster.Charge(account, "first"));

        Assert.Null(await cluster.Lanes.Charge([FakeCluster.Charge(account, "given up")], new Deadline(cluster.Time, TimeSpan.FromMilliseconds(20))));
        var later = cluster.Charge(FakeCluster.Charge(account, "later"));
        held.SetResult();
        await Task.WhenAll(first, later);

        Assert.Equal(["first", "later"], router.Ids);
    }

    [Fact]
    public async Task Without_a_map_nothing_is_answered()
    {
        var cluster = new FakeCluster(silos: 0);

        Assert.False(cluster.Lanes.HasMap);
        Assert.Null(await cluster.Lanes.Charge([FakeCluster.Charge("acme", "c")], cluster.Deadline));
    }

    [Fact]
    public async Task A_silo_that_joins_or_leaves_changes_the_owners_and_the_rest_stays_where_it_was()
    {
        var cluster = new FakeCluster(silos: 2);
        var stays = cluster.Silos[0];
        var held = Hold(stays.Straight);
        var account = cluster.Neighbours(stays, 1)[0];
        var underWay = cluster.Charge(FakeCluster.Charge(account, "before"));

        var joined = cluster.Add(3);
        cluster.Tell();
        await cluster.Charge(FakeCluster.Charge(cluster.AccountOf(joined), "new")).WaitAsync(Patience, Cancellation);
        cluster.Silos.Remove(joined);
        cluster.Tell();
        var behind = cluster.Charge(FakeCluster.Charge(account, "after"));

        // The lane is still the same: two of them would let the later charge overtake the one under way.
        Assert.Equal(["before"], stays.Straight.Ids);
        held.SetResult();
        await Task.WhenAll(underWay, behind);
        Assert.Equal(["before", "after"], stays.Straight.Ids);
        Assert.Equal(["new"], joined.Straight.Ids);
    }

    [Fact]
    public async Task Of_several_views_the_newest_counts_and_a_later_one_may_be_older()
    {
        var cluster = new FakeCluster(silos: 1);
        var older = cluster.Views().ToList();
        var joined = cluster.Add(2);
        cluster.Lanes.Update([.. older, .. cluster.Views()]);
        var account = cluster.AccountOf(joined);
        await cluster.Charge(FakeCluster.Charge(account, "new"));

        // A membership that began anew counts from the beginning.
        cluster.Lanes.Update(older);
        await cluster.Charge(FakeCluster.Charge(account, "anew"));

        Assert.Equal(["new"], joined.Straight.Ids);
        Assert.Equal(["anew"], cluster.Silos[0].Straight.Ids);
    }

    [Fact]
    public async Task Nothing_of_a_callers_context_goes_with_the_charges_of_others()
    {
        var cluster = new FakeCluster(silos: 1);
        var context = new AsyncLocal<string>();
        var seen = new List<string?>();
        var router = cluster.Silos[0].Straight;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        router.OnCharge = async charges =>
        {
            seen.Add(context.Value);
            await held.Task;
            return FakeRouter.All(charges);
        };
        var account = cluster.AccountOf(cluster.Silos[0]);

        context.Value = "one caller's";
        var first = cluster.Charge(FakeCluster.Charge(account, "a"));
        var second = cluster.Charge(FakeCluster.Charge(account, "b"));
        held.SetResult();
        await Task.WhenAll(first, second);

        Assert.Equal(2, seen.Count);
        Assert.Null(seen[1]);
    }

    /// <summary>Its messages get no answer until then.</summary>
    private static TaskCompletionSource Hold(FakeRouter router)
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        router.OnCharge = async charges =>
        {
            await held.Task;
            return FakeRouter.All(charges);
        };
        return held;
    }
}
