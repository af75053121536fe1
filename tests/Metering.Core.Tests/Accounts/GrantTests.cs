using CsCheck;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class GrantTests
{
    [Fact]
    public void Grants_burn_by_priority_then_expiry_then_start_then_adding_then_id()
    {
        var scene = new Scene();
        scene.Grant(Terms("z-same", "1"));
        scene.Grant(Terms("a-same", "1"));
        scene.Clock = Start.AddMinutes(1);
        scene.Grant(Terms("later-added", "1", effectiveAt: Start));
        scene.Grant(Terms("started-earlier", "1", effectiveAt: Start.AddDays(-1)));
        scene.Grant(Terms("expires", "1", expiresAt: Start.AddDays(9)));
        scene.Grant(Terms("expires-sooner", "1", expiresAt: Start.AddDays(8)));
        scene.Grant(Terms("urgent", "1", priority: 1));
        scene.Grant(Terms("last", "1", priority: 101, expiresAt: Start.AddDays(1)));

        var burned = scene.Charge("all", "calls", "8").Charged!.Burns.Select(burn => burn.Grant);

        Assert.Equal(["urgent", "expires-sooner", "expires", "started-earlier", "a-same", "z-same", "later-added", "last"], burned);
    }

    [Fact]
    public void Burn_order_is_total()
    {
        var instants = Gen.Int[0, 2].Select(days => Start.AddDays(days));
        var grants = Gen.Select(Gen.Int[0, 2], instants, instants, instants.Nullable(), Gen.Int[0, 50])
            .Select((priority, effective, added, expires, id) => new Grant(
                new GrantTerms
                {
                    Id = $"g{id}",
                    Amount = Of("1"),
                    Priority = priority,
                    Kind = GrantKind.Plan,
                    EffectiveAt = effective,
                    ExpiresAt = expires,
                    Meters = MeterPatterns.All,
                },
                added,
                id));
        Gen.Select(grants, grants, grants).Sample((a, b, c) =>
        {
            var order = BurnOrder.Instance;
            Assert.Equal(Math.Sign(order.Compare(a, b)), -Math.Sign(order.Compare(b, a)));
            Assert.True(order.Compare(a, b) != 0 || a.Id == b.Id);
            if (order.Compare(a, b) <= 0 && order.Compare(b, c) <= 0)
            {
                Assert.True(order.Compare(a, c) <= 0);
            }
        });
    }

    [Fact]
    public void New_credits_pay_overage_first()
    {
        var scene = new Scene();
        scene.Charge("debt", "calls", "7", ChargeMode.Record);

        scene.Grant("some", "5");
        Assert.Equal(("2", "0", "-2"), (scene.Account.Overage.ToString(), scene.Left("some"), scene.Account.Balance.ToString()));

        scene.Grant("rest", "5");
        Assert.Equal(("0", "3", "3"), (scene.Account.Overage.ToString(), scene.Left("rest"), scene.Account.Balance.ToString()));
    }

    [Fact]
    public void A_future_grant_counts_from_its_instant_and_pays_overage_then()
    {
        var scene = new Scene();
        scene.Charge("debt", "calls", "2", ChargeMode.Record);
        scene.Grant(Terms("soon", "10", effectiveAt: Start.AddHours(1)));
        Assert.Equal(("-2", "10"), (scene.Account.Balance.ToString(), scene.Left("soon")));

        scene.Clock = Start.AddHours(1).AddTicks(-1);
        Assert.Equal(ChargeOutcome.InsufficientCredits, scene.Charge("c1", "calls", "1").Outcome);

        scene.Clock = Start.AddHours(1);
        Assert.Equal(ChargeOutcome.Charged, scene.Charge("c1", "calls", "8").Outcome);
        Assert.True(scene.Account.Balance.IsZero);
        Assert.Equal("2", Assert.Single(scene.Entries.OfType<GrantActivated>()).OveragePaid.ToString());
    }

    [Fact]
    public void A_grant_pays_until_the_instant_it_expires_and_not_at_it()
    {
        var scene = new Scene();
        scene.Grant(Terms("short", "10", expiresAt: Start.AddHours(1)));

        scene.Clock = Start.AddHours(1).AddTicks(-1);
        Assert.Equal(ChargeOutcome.Charged, scene.Charge("c1", "calls", "4").Outcome);
        scene.Clock = Start.AddHours(1);
        Assert.Equal(ChargeOutcome.InsufficientCredits, scene.Charge("c2", "calls", "1").Outcome);

        Assert.Equal("6", Assert.Single(scene.Entries.OfType<GrantExpired>()).Forfeited.ToString());
    }

    [Fact]
    public void What_fell_due_while_nobody_called_is_recorded_in_order_each_at_its_own_time()
    {
        var scene = new Scene();
        scene.Grant(Terms("b", "1", effectiveAt: Start.AddHours(2), expiresAt: Start.AddHours(3)));
        scene.Grant(Terms("a", "1", expiresAt: Start.AddHours(2)));
        scene.Clock = Start.AddDays(5);
        scene.Begin();

        Assert.Equal(
            [("GrantExpired", Start.AddHours(2)), ("GrantActivated", Start.AddHours(2)), ("GrantExpired", Start.AddHours(3))],
            scene.Entries.TakeLast(3).Select(entry => (entry.Kind.ToString(), entry.At)));
    }

    [Fact]
    public void A_grant_that_ends_before_it_could_begin_to_matter_is_refused()
    {
        var scene = new Scene();
        Assert.Equal(GrantOutcome.ExpiresInPast, scene.Grant(Terms("now", "1", expiresAt: Start)).Outcome);
        Assert.Equal(GrantOutcome.Granted, scene.Grant(Terms("tick", "1", expiresAt: Start.AddTicks(1))).Outcome);
    }

    [Fact]
    public void A_grant_for_some_meters_pays_for_those_only()
    {
        var scene = new Scene();
        scene.Grant(Terms("for-calls", "10", priority: 1, meters: "cal*"));
        scene.Grant(Terms("for-all", "3", priority: 2));

        Assert.Equal("13", scene.Account.Available.ToString());
        var refused = scene.Charge("c1", "drops", "6");
        Assert.Equal((ChargeOutcome.InsufficientCredits, "6", "3"), (refused.Outcome, refused.Required.ToString(), refused.Available.ToString()));
        Assert.Equal(["for-all"], scene.Charge("c2", "drops", "5").Charged!.Burns.Select(burn => burn.Grant));
        Assert.Equal(ChargeOutcome.Charged, scene.Charge("c3", "calls", "10").Outcome);
    }

    [Fact]
    public void Voiding_forfeits_what_is_left_and_spent_credits_stay_spent()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "4");
        scene.Void("plan");

        Assert.Equal(("0", "0"), (scene.Account.Balance.ToString(), scene.Left("plan")));
        Assert.Equal(GrantStatus.Voided, scene.Account.Grants.Single().Status);
    }

    [Fact]
    public void Voiding_a_pending_grant_means_it_never_arrives()
    {
        var scene = new Scene();
        scene.Grant(Terms("soon", "10", effectiveAt: Start.AddHours(1), expiresAt: Start.AddHours(2)));
        Assert.Equal("0", scene.Void("soon").Answer!.Balance.ToString());
        scene.Clock = Start.AddHours(5);
        scene.Begin();

        Assert.True(scene.Account.Balance.IsZero);
        Assert.Equal(GrantStatus.Voided, scene.Account.Grants.Single().Status);
    }

    [Fact]
    public void Credits_beyond_their_range_are_refused()
    {
        var scene = new Scene();
        scene.Grant("most", "999999999999999999.999999999");
        Assert.Equal(GrantOutcome.CreditsOutOfRange, scene.Grant("nano", "0.000000001").Outcome);
    }

    [Fact]
    public void Grants_that_ended_long_ago_make_room_and_live_ones_do_not()
    {
        var scene = new Scene(new AccountLimits { MaxGrants = 2 });
        scene.Grant(Terms("old", "1", expiresAt: Start.AddHours(1)));
        scene.Grant("live", "1");
        scene.Clock = Start.AddHours(25).AddTicks(-1);
        Assert.Equal(GrantOutcome.TooManyGrants, scene.Grant("new", "1").Outcome);

        scene.Clock = Start.AddHours(25);
        Assert.Equal(GrantOutcome.Granted, scene.Grant("new", "1").Outcome);
        Assert.Equal(["live", "new"], scene.Account.Grants.Select(grant => grant.Id));
        Assert.Equal(GrantOutcome.TooManyGrants, scene.Grant("newer", "1").Outcome);
    }

    [Fact]
    public void A_grant_spent_long_ago_makes_room_and_its_expiry_troubles_nobody()
    {
        var scene = new Scene(new AccountLimits { MaxGrants = 1 });
        scene.Grant(Terms("spent", "1", expiresAt: Start.AddDays(9)));
        scene.Charge("c1", "calls", "1");
        scene.Clock = Start.AddDays(2);
        Assert.Equal(GrantOutcome.Granted, scene.Grant("new", "1").Outcome);

        scene.Clock = Start.AddDays(20);
        scene.Begin();
        Assert.Equal("1", scene.Account.Balance.ToString());
        Assert.Equal(Bytes(scene.Replayed()), Bytes(scene.Account));
    }
}
