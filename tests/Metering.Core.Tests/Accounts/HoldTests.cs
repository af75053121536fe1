using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Holds;
using static Metering.Core.Tests.Accounts.Scene;
using HoldExpiredEntry = Metering.Core.Entries.HoldExpired;

namespace Metering.Core.Tests.Accounts;

public sealed class HoldTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_hold_lowers_what_is_available_and_not_the_balance()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");

        var held = scene.Hold("h1", "8").Held!;

        Assert.Equal(("8", "10", "2"), (held.Credits.ToString(), held.Balance.ToString(), held.Available.ToString()));
        Assert.Equal(Start.AddMinutes(5), held.ExpiresAt);
        Assert.Equal(Outcome.InsufficientCredits, scene.Charge("over", "calls", "2.000000001").Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("exact", "calls", "2").Outcome);
    }

    [Fact]
    public void A_hold_for_usage_sets_aside_what_the_usage_would_cost_now()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Charge("c1", "tokens", "9");

        // The 10th token costs 2, two more 1 each.
        Assert.Equal("4", scene.Hold("h1", Line("tokens", "3")).Held!.Credits.ToString());
        Assert.Equal("9", scene.Account.Counters.Single().Quantity.ToString());
    }

    [Theory]
    [InlineData("10", Outcome.Done)]
    [InlineData("10.000000001", Outcome.InsufficientCredits)]
    public void A_hold_may_take_the_very_last_credit_and_nothing_beyond(string credits, Outcome outcome)
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        Assert.Equal(outcome, scene.Hold("h1", credits).Outcome);
    }

    [Fact]
    public void A_hold_up_to_takes_what_is_left_even_when_that_is_nothing()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");

        Assert.Equal("10", scene.Hold("h1", "25", mode: ChargeMode.UpTo).Held!.Credits.ToString());
        Assert.Equal("0", scene.Hold("h2", "25", mode: ChargeMode.UpTo).Held!.Credits.ToString());
    }

    [Fact]
    public void A_hold_of_usage_that_costs_nothing_is_placed_however_poor_the_account()
    {
        var scene = new Scene();
        scene.Charge("debt", "calls", "5", ChargeMode.Record);
        Assert.Equal("0", scene.Hold("h1", Line("calls", "0")).Held!.Credits.ToString());
    }

    [Fact]
    public void Settling_below_the_held_amount_gives_the_rest_back()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Hold("h1", "8");

        var settled = scene.Settle(new Settle("s1", "h1", null, Of("5"), Final: true, ChargeMode.Record)).Settled!;

        Assert.Equal(("5", "3"), (settled.Credits.ToString(), settled.Released.ToString()));
        Assert.Equal(("5", "5"), (settled.Balance.ToString(), settled.Available.ToString()));
        Assert.Empty(scene.Account.Holds.Open);
    }

    [Fact]
    public void Settling_above_the_held_amount_takes_the_extra_as_overage_if_need_be_and_says_so()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Hold("h1", "8");

        var settled = scene.Settle(new Settle("s1", "h1", null, Of("11"), Final: true, ChargeMode.Record)).Settled!;

        Assert.Equal(("11", "0", "-1"), (settled.Credits.ToString(), settled.Released.ToString(), settled.Available.ToString()));
        Assert.Equal([Outcome.InsufficientCredits], settled.Violations);
    }

    [Theory]
    [InlineData("10", Outcome.Done)]
    [InlineData("10.000000001", Outcome.InsufficientCredits)]
    public void An_enforced_settle_takes_the_hold_and_what_is_available_beside_it_and_no_more(string credits, Outcome outcome)
    {
        var scene = new Scene();
        scene.Grant("plan", "12");
        scene.Hold("h1", "8");
        scene.Hold("other", "2");
        var before = Bytes(scene.Account);

        var decision = scene.Settle(new Settle("s1", "h1", null, Of(credits), Final: true, ChargeMode.Enforce));

        Assert.Equal(outcome, decision.Outcome);
        Assert.Equal(outcome != Outcome.Done, Bytes(scene.Account).AsSpan().SequenceEqual(before));
    }

    [Fact]
    public void What_a_hold_promised_can_be_settled_after_the_credits_it_counted_on_expired()
    {
        var scene = new Scene();
        scene.Grant(Terms("short", "10", expiresAt: Start + Minute));
        scene.Hold("h1", "8");
        scene.Hold("h2", "2");
        scene.Clock = Start + Minute;

        Assert.Equal(Outcome.InsufficientCredits, scene.Settle(new Settle("over", "h1", null, Of("8.000000001"), true, ChargeMode.Enforce)).Outcome);
        Assert.Equal(Outcome.Done, scene.Settle(new Settle("s1", "h1", null, Of("8"), true, ChargeMode.Enforce)).Outcome);
        Assert.Empty(scene.Settle(new Settle("s2", "h2", null, Of("2"), true, ChargeMode.Record)).Settled!.Violations);
        Assert.Equal(("-10", "0"), (scene.Account.Balance.ToString(), scene.Account.Held.ToString()));
    }

    [Fact]
    public void Several_partial_settles_use_a_hold_up_until_the_final_one_gives_the_rest_back()
    {
        var scene = new Scene();
        scene.Grant("plan", "20");
        scene.Hold("h1", Line("calls", "10"));

        scene.Settle(new Settle("s1", "h1", Quantity.From(4m), null, Final: false, ChargeMode.Record));
        var hold = scene.Account.Holds.Open.Single();
        Assert.Equal(("6", "4", "10"), (hold.Left.ToString(), hold.Settled.ToString(), scene.Account.Available.ToString()));

        scene.Settle(new Settle("s2", "h1", Quantity.From(7m), null, Final: false, ChargeMode.Record));
        Assert.Equal(("0", "11", "9"), (hold.Left.ToString(), hold.Settled.ToString(), scene.Account.Available.ToString()));

        var last = scene.Settle(new Settle("s3", "h1", Quantity.From(0m), null, Final: true, ChargeMode.Record)).Settled!;
        Assert.Equal(("0", "0", "9"), (last.Credits.ToString(), last.Released.ToString(), last.Available.ToString()));
        Assert.Equal("11", scene.Account.Counters.Single().Quantity.ToString());
    }

    [Fact]
    public void Settling_nothing_finally_is_a_release()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Hold("h1", "8");
        var settled = scene.Settle(new Settle("s1", "h1", null, Of("0"), Final: true, ChargeMode.Enforce)).Settled!;
        Assert.Equal(("0", "8", "10"), (settled.Credits.ToString(), settled.Released.ToString(), settled.Available.ToString()));
    }

    [Fact]
    public void A_hold_expires_at_its_instant_and_not_a_tick_before()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Hold("h1", "8", Minute);
        scene.Hold("h2", "1", Minute + TimeSpan.FromTicks(1));

        scene.Clock = Start + Minute - TimeSpan.FromTicks(1);
        Assert.Equal(Outcome.Done, scene.Settle(new Settle("s1", "h1", null, Of("1"), Final: false, ChargeMode.Record)).Outcome);
        scene.Clock = Start + Minute;
        Assert.Equal(Outcome.HoldExpired, scene.Settle(new Settle("s2", "h1", null, Of("1"), Final: true, ChargeMode.Record)).Outcome);
        Assert.Equal(Outcome.HoldExpired, scene.Release("r1", "h1").Outcome);

        var expired = Assert.Single(scene.Entries.OfType<HoldExpiredEntry>());
        Assert.Equal((Start + Minute, "7", "8"), (expired.At, expired.Released.ToString(), expired.Available.ToString()));
        Assert.Equal("h2", scene.Account.Holds.Open.Single().Id);
    }

    [Fact]
    public void Holds_that_expired_while_nobody_called_do_so_each_at_its_own_time()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Hold("late", "1", 3 * Minute);
        scene.Hold("early", "1", Minute);
        Assert.Equal(Start + Minute, scene.Account.NextDueAt);
        scene.Clock = Start.AddHours(9);
        scene.Begin();

        Assert.Equal([("early", Start + Minute), ("late", Start + (3 * Minute))], scene.Entries.OfType<HoldExpiredEntry>().Select(entry => (entry.Hold, entry.At)));
        Assert.Equal(DateTimeOffset.MaxValue, scene.Account.NextDueAt);
    }

    [Fact]
    public void Each_way_to_miss_a_hold_is_named()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("charge", "calls", "1");
        scene.Hold("settled", "1");
        scene.Settle(new Settle("s1", "settled", null, Of("1"), Final: true, ChargeMode.Record));
        scene.Hold("released", "1");
        scene.Release("r1", "released");

        foreach (var (hold, outcome) in new[] { ("nobody", Outcome.HoldNotFound), ("charge", Outcome.HoldNotFound), ("settled", Outcome.HoldClosed), ("released", Outcome.HoldClosed) })
        {
            Assert.Equal(outcome, scene.Settle(new Settle("s9", hold, null, Of("1"), Final: true, ChargeMode.Record)).Outcome);
            Assert.Equal(outcome, scene.Release("r9", hold).Outcome);
        }

        scene.Hold("credits", "1");
        Assert.Equal(Outcome.HoldHasNoMeter, scene.Settle(new Settle("s9", "credits", Quantity.From(1m), null, Final: true, ChargeMode.Record)).Outcome);
    }

    [Fact]
    public void Every_step_of_a_hold_answers_its_retry_and_refuses_its_id_to_anything_else()
    {
        var scene = new Scene();
        scene.Grant("plan", "20");
        var placed = scene.Hold("h1", "8").Held!;
        var partly = new Settle("s1", "h1", null, Of("3"), Final: false, ChargeMode.Record);
        var settled = scene.Settle(partly).Settled!;
        scene.Hold("h2", Line("calls", "2"));
        var byQuantity = new Settle("s2", "h2", Quantity.From(2m), null, Final: true, ChargeMode.Record);
        scene.Settle(byQuantity);
        scene.Release("r1", "h1");
        scene.Restart();

        Assert.True(scene.Hold("h1", "8.0").Replayed);
        Assert.Equal(placed.Encoded, scene.Hold("h1", "8.0").Held!.Encoded);
        Assert.True(scene.Settle(partly).Replayed);
        Assert.Equal(settled.Encoded, scene.Settle(partly).Settled!.Encoded);
        Assert.True(scene.Settle(byQuantity).Replayed);
        Assert.True(scene.Release("r1", "h1").Replayed);

        Assert.Equal(Outcome.IdReused, scene.Hold("h1", "9").Outcome);
        Assert.Equal(Outcome.IdReused, scene.Hold("h1", "8", Minute).Outcome);
        Assert.Equal(Outcome.IdReused, scene.Hold("s1", "8").Outcome);
        Assert.Equal(Outcome.IdReused, scene.Settle(partly with { Final = true }).Outcome);
        Assert.Equal(Outcome.IdReused, scene.Settle(partly with { Hold = "h2" }).Outcome);
        Assert.Equal(Outcome.IdReused, scene.Settle(partly with { Credits = null, Quantity = Quantity.Zero }).Outcome);
        Assert.Equal(Outcome.IdReused, scene.Release("r1", "h2").Outcome);
        Assert.Equal(Outcome.IdReused, scene.Charge("h1", "calls", "1").Outcome);
        Assert.Equal(Outcome.IdReused, scene.Reverse("r1", "s1").Outcome);
    }

    [Fact]
    public void A_hold_and_its_retry_outlive_its_id_and_its_end_is_remembered_from_when_it_ended()
    {
        var scene = new Scene(new AccountLimits { MaxIds = 2 });
        scene.Grant("plan", "20");
        scene.Hold("h1", "8", TimeSpan.FromHours(1));
        foreach (var id in new[] { "c1", "c2", "c3" })
        {
            scene.Charge(id, "calls", "1");
        }

        scene.Restart();
        Assert.True(scene.Hold("h1", "8", TimeSpan.FromHours(1)).Replayed);
        Assert.Equal(Outcome.IdReused, scene.Charge("h1", "calls", "1").Outcome);

        scene.Clock = Start.AddHours(1);
        Assert.Equal(Outcome.HoldExpired, scene.Settle(new Settle("s1", "h1", null, Of("1"), true, ChargeMode.Record)).Outcome);
        scene.Hold("h2", "1", Minute);
        scene.Hold("h3", "1", Minute);
        scene.Clock = Start.AddHours(2);
        Assert.Equal(Outcome.HoldNotFound, scene.Release("r1", "h1").Outcome);
        Assert.Equal(Outcome.HoldExpired, scene.Release("r1", "h2").Outcome);
    }

    [Fact]
    public void Credits_for_no_meter_in_particular_are_held_only_where_grants_for_all_meters_can_pay()
    {
        var scene = new Scene();
        scene.Grant(Terms("tokens-only", "10", meters: ["tokens"]));
        scene.Grant("plan", "3");

        Assert.Equal(Outcome.InsufficientCredits, scene.Hold("h1", "3.000000001").Outcome);
        Assert.Equal(Outcome.Done, scene.Hold("h1", "3").Outcome);
        Assert.Equal(Outcome.Done, scene.Hold("h2", Line("tokens", "5")).Outcome);
        scene.Settle(new Settle("s1", "h1", null, Of("3"), Final: true, ChargeMode.Enforce));
        Assert.Equal(("0", "10", "0"), (scene.Left("plan"), scene.Left("tokens-only"), scene.Account.Overage.ToString()));
    }

    [Fact]
    public void As_many_holds_may_be_open_as_the_limit_says_and_a_hundred_thousand_survive_a_restart()
    {
        var scene = new Scene(new AccountLimits { MaxIds = 10 });
        scene.Grant("plan", "100000");
        for (var i = 0; i < 100_000; i++)
        {
            scene.Hold($"h{i}", "0.5", TimeSpan.FromSeconds(60 + (i % 7)));
        }

        Assert.Equal(Outcome.TooManyHolds, scene.Hold("one-more", "0.5").Outcome);
        scene.Restart();
        Assert.Equal((100_000, "50000"), (scene.Account.Holds.Count, scene.Account.Held.ToString()));
        scene.Release("r1", "h77");
        Assert.Equal(Outcome.Done, scene.Hold("one-more", "0.5").Outcome);
        scene.Clock = Start + Minute;
        scene.Begin();

        // One in seven has expired, 14,286 of them, and the one released was among these; the one placed since is still open.
        Assert.Equal("42857.5", scene.Account.Held.ToString());
    }
}
