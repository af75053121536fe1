using Metering.Core.Charges;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class ReversalTests
{
    [Fact]
    public void A_whole_reversal_gives_credits_back_to_the_grants_they_came_from_and_usage_back_to_the_counter()
    {
        var scene = new Scene();
        scene.Grant(Terms("first", "6", priority: 1));
        scene.Grant(Terms("second", "20", priority: 2));
        scene.Charge("c1", "tokens", "12");
        Assert.Equal(("0", "4"), (scene.Left("first"), scene.Left("second")));

        var reversed = scene.Reverse("r1", "c1").Reversed!;

        Assert.Equal("-22", reversed.Payment.Credits.ToString());
        Assert.Equal(("6", "20", "26"), (scene.Left("first"), scene.Left("second"), reversed.Balance.ToString()));
        Assert.Equal("2", scene.Charge("c2", "tokens", "1").Charged!.Credits.ToString());
        Assert.Equal("22", scene.Account.ReversedOf("c1").ToString());
    }

    [Fact]
    public void Parts_are_in_proportion_and_all_of_them_together_exactly_the_charge()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Charge("c1", "drops", "3");
        string[] parts = [.. new[] { "1", "1", "1" }.Select((part, i) => (-scene.Reverse($"r{i}", "c1", part).Reversed!.Payment.Credits).ToString())];
        Assert.Equal(["1", "1", "1"], parts);

        // 1 credit by thirds: nothing is lost, and no part is rounded up.
        scene.Charge("c2", "calls", "1");
        Assert.Equal("0.333333333", (-scene.Reverse("t1", "c2", "0.333333333").Reversed!.Payment.Credits).ToString());
        Assert.Equal("0.666666667", (-scene.Reverse("t2", "c2").Reversed!.Payment.Credits).ToString());
        Assert.Equal("100", scene.Account.Balance.ToString());
    }

    [Fact]
    public void A_part_takes_its_share_from_each_grant_that_paid()
    {
        var scene = new Scene();
        scene.Grant(Terms("first", "3", priority: 1));
        scene.Grant(Terms("second", "10", priority: 2));
        scene.Charge("c1", "calls", "9");

        scene.Reverse("r1", "c1", "3");
        Assert.Equal(("1", "6"), (scene.Left("first"), scene.Left("second")));
        scene.Reverse("r2", "c1", "6");
        Assert.Equal(("3", "10"), (scene.Left("first"), scene.Left("second")));
    }

    [Fact]
    public void Never_more_than_was_charged_is_given_back()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "4");

        Assert.Equal(Outcome.ExceedsCharge, scene.Reverse("over", "c1", "4.000000001").Outcome);
        Assert.Equal(Outcome.Done, scene.Reverse("r1", "c1", "1").Outcome);
        Assert.Equal(Outcome.ExceedsCharge, scene.Reverse("over", "c1", "3.000000001").Outcome);
        Assert.Equal(Outcome.Done, scene.Reverse("r2", "c1", "3").Outcome);
        Assert.Equal(Outcome.ExceedsCharge, scene.Reverse("whole", "c1").Outcome);
        Assert.Equal(Outcome.ExceedsCharge, scene.Reverse("nano", "c1", "0.000000001").Outcome);
        Assert.Equal("10", scene.Account.Balance.ToString());
    }

    [Fact]
    public void A_charge_reversed_wholly_cannot_be_reversed_again_even_if_it_was_of_nothing()
    {
        var scene = new Scene();
        scene.Charge("nothing", "calls", "0");
        scene.Charge(new Charge("lines", [Line("calls", "0"), Line("drops", "0")], null, ChargeMode.Enforce));
        foreach (var charge in new[] { "nothing", "lines" })
        {
            Assert.Equal(Outcome.Done, scene.Reverse($"r-{charge}", charge).Outcome);
            Assert.Equal(Outcome.ExceedsCharge, scene.Reverse($"again-{charge}", charge).Outcome);
        }
    }

    [Fact]
    public void Only_charges_and_settles_can_be_reversed_and_by_quantity_only_those_of_one()
    {
        var scene = new Scene();
        scene.Grant("plan", "50");
        scene.Charge("c1", "calls", "1");
        scene.Reverse("r1", "c1");
        scene.Hold("h1", "5");
        scene.Settle(new Settle("s1", "h1", null, Of("2"), Final: true, ChargeMode.Record));
        scene.Charge(new Charge("lines", [Line("calls", "1"), Line("drops", "1")], null, ChargeMode.Enforce));

        foreach (var other in new[] { "nobody", "r1", "h1", "plan" })
        {
            Assert.Equal(Outcome.ChargeNotFound, scene.Reverse("r9", other).Outcome);
        }

        Assert.Equal(Outcome.ChargeHasNoSingleQuantity, scene.Reverse("r9", "s1", "1").Outcome);
        Assert.Equal(Outcome.ChargeHasNoSingleQuantity, scene.Reverse("r9", "lines", "1").Outcome);
        Assert.Equal("-2", scene.Reverse("r2", "s1").Reversed!.Payment.Credits.ToString());
        Assert.Equal("-4", scene.Reverse("r3", "lines").Reversed!.Payment.Credits.ToString());
        Assert.Equal("50", scene.Account.Balance.ToString());
    }

    [Fact]
    public void A_reversal_answers_its_retry_and_refuses_its_id_to_anything_else()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "4");
        scene.Charge("c2", "calls", "4");
        var reversed = scene.Reverse("r1", "c1", "1").Reversed!;
        scene.Restart();

        var retry = scene.Reverse("r1", "c1", "1.0");
        Assert.True(retry.Replayed);
        Assert.Equal(reversed.Encoded, retry.Reversed!.Encoded);
        Assert.Equal(Outcome.IdReused, scene.Reverse("r1", "c1").Outcome);
        Assert.Equal(Outcome.IdReused, scene.Reverse("r1", "c2", "1").Outcome);
        Assert.Equal(Outcome.IdReused, scene.Charge("r1", "calls", "1").Outcome);
    }

    [Fact]
    public void Credits_of_a_grant_that_is_gone_come_back_as_a_refund()
    {
        var scene = new Scene();
        scene.Grant(Terms("short", "3", expiresAt: Start.AddHours(1)));
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "5");
        scene.Clock = Start.AddHours(1);

        var reversed = scene.Reverse("r1", "c1").Reversed!;

        Assert.Equal("3", reversed.Payment.Refund!.Value.Credits.ToString());
        var refund = scene.Account.Grants.Single(grant => grant.Terms.Kind == GrantKind.Refund);
        Assert.Equal(("3", "10", "13"), (refund.Remaining.ToString(), scene.Left("plan"), scene.Account.Available.ToString()));
        Assert.Null(refund.ExpiresAt);
    }

    [Fact]
    public void Credits_that_a_refill_has_replaced_come_back_as_a_refund()
    {
        var scene = new Scene();
        scene.Grant(Terms("plan", "10") with { Recurrence = new Recurrence(PeriodUnit.Hour, 1, Start, Credits.Zero, Credits.Zero) });
        scene.Charge("c1", "calls", "4");
        scene.Clock = Start.AddHours(1);
        scene.Charge("c2", "calls", "1");

        // The plan is one short of full: one of the four goes there.
        Assert.Equal("3", scene.Reverse("r1", "c1").Reversed!.Payment.Refund!.Value.Credits.ToString());
        Assert.Equal(("10", "13"), (scene.Left("plan"), scene.Account.Balance.ToString()));
    }

    [Fact]
    public void What_comes_back_pays_overage_first()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "10");
        scene.Charge("debt", "calls", "4", ChargeMode.Record);

        scene.Reverse("r1", "c1");

        Assert.Equal(("0", "6", "6"), (scene.Account.Overage.ToString(), scene.Left("plan"), scene.Account.Balance.ToString()));
    }

    [Fact]
    public void Overage_that_was_paid_since_comes_back_as_a_refund()
    {
        var scene = new Scene();
        scene.Charge("debt", "calls", "4", ChargeMode.Record);
        scene.Grant("plan", "10");
        Assert.Equal("4", scene.Reverse("r1", "debt").Reversed!.Payment.Refund!.Value.Credits.ToString());
        Assert.Equal("10", scene.Account.Balance.ToString());
    }

    [Fact]
    public void Reversing_a_charge_that_gave_credits_back_takes_them_again()
    {
        var scene = new Scene();
        scene.Grant("plan", "20");
        scene.Charge("c1", "disk", "10");
        Assert.Equal("-4.5", scene.Charge("c2", "disk", "1").Charged!.Credits.ToString());
        Assert.Equal("4.5", scene.Reverse("r1", "c2").Reversed!.Payment.Credits.ToString());
        Assert.Equal("10", scene.Account.Balance.ToString());
    }

    [Fact]
    public void A_part_of_a_charge_up_to_gives_back_a_share_of_what_it_took()
    {
        var scene = new Scene();
        scene.Grant("plan", "6");
        scene.Charge("c1", "calls", "8", ChargeMode.UpTo);
        Assert.Equal("-1.5", scene.Reverse("r1", "c1", "2").Reversed!.Payment.Credits.ToString());
        Assert.Equal("6", scene.Account.Counters.Single().Quantity.ToString());
    }

    [Fact]
    public void Usage_given_back_leaves_the_period_it_was_counted_in()
    {
        var scene = new Scene();
        scene.Grant("plan", "1000");
        scene.Charge("march", "tokens", "12");
        scene.Clock = new DateTimeOffset(2026, 4, 1, 1, 0, 0, TimeSpan.Zero);
        scene.Charge("april", "tokens", "12");
        var charge = Use("late", "tokens", "1", time: scene.Clock.AddHours(-2));
        scene.Clock = scene.Clock.AddHours(1);
        scene.Charge(charge);
        scene.Reverse("r1", "late");

        Assert.Equal(["12", "12"], scene.Account.Counters.Select(counter => counter.Quantity.ToString()));
    }
}
