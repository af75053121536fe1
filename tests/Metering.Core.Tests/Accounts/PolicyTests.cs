using Metering.Core.Charges;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Policies;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class PolicyTests
{
    private static readonly PolicyTerms Strict = PolicyTerms.None with
    {
        Allowed = MeterPatterns.From(["calls", "d*"]),
        Blocked = MeterPatterns.From(["drops"]),
        RequiredDimensions = ["team"],
        MaximumCreditsPerCharge = Of("5"),
    };

    [Theory]
    [InlineData("calls", "5", true, Outcome.Done)]
    [InlineData("disk", "1", true, Outcome.Done)]
    [InlineData("tokens", "1", true, Outcome.MeterNotAllowed)]
    [InlineData("drops", "1", true, Outcome.MeterNotAllowed)]
    [InlineData("calls", "5", false, Outcome.DimensionRequired)]
    [InlineData("calls", "5.000000001", true, Outcome.ChargeTooLarge)]
    [InlineData("calls", "6", false, Outcome.ChargeTooLarge)]
    [InlineData("tokens", "6", false, Outcome.MeterNotAllowed)]
    [InlineData("nothing", "1", true, Outcome.MeterNotAllowed)]
    [InlineData("dust", "1", false, Outcome.DimensionRequired)]
    [InlineData("dust", "1", true, Outcome.UnknownMeter)]
    public void The_first_rule_that_usage_breaks_is_the_reason(string meter, string quantity, bool hasTeam, Outcome outcome)
    {
        var scene = Rich(Strict);
        var line = hasTeam ? Line(meter, quantity, new Dimension("team", "a")) : Line(meter, quantity);
        var before = Bytes(scene.Account);

        foreach (var mode in new[] { ChargeMode.Enforce, ChargeMode.UpTo })
        {
            Assert.Equal(outcome, scene.Quote(new Charge("c1", [line], null, mode)).Outcome);
        }

        Assert.Equal(before, Bytes(scene.Account));
        Assert.Equal(outcome, scene.Hold("h1", line).Outcome);
    }

    [Fact]
    public void Every_line_is_held_to_the_rules_and_the_maximum_is_of_all_lines_together()
    {
        var scene = Rich(Strict);
        var team = new Dimension("team", "a");
        Assert.Equal(Outcome.DimensionRequired, scene.Charge(new Charge("c1", [Line("calls", "1", team), Line("calls", "1")], null, ChargeMode.Enforce)).Outcome);
        Assert.Equal(Outcome.ChargeTooLarge, scene.Charge(new Charge("c2", [Line("calls", "3", team), Line("calls", "3", team)], null, ChargeMode.Enforce)).Outcome);
    }

    [Fact]
    public void Record_passes_every_rule_and_names_each()
    {
        var scene = Rich(Strict with { Frozen = true });
        Assert.Equal(
            [Outcome.AccountFrozen, Outcome.MeterNotAllowed, Outcome.ChargeTooLarge, Outcome.DimensionRequired, Outcome.InsufficientCredits],
            scene.Charge("c1", "tokens", "1000", ChargeMode.Record).Charged!.Violations);
        Assert.Equal(Outcome.UnknownMeter, scene.Charge("c2", "nothing", "1", ChargeMode.Record).Outcome);
    }

    [Fact]
    public void A_frozen_account_records_what_happened_and_takes_nothing_else_until_it_is_unfrozen()
    {
        var scene = Rich(PolicyTerms.None);
        scene.Hold("h1", Line("calls", "5"));
        scene.Hold("h2", "5");
        scene.Charge("c1", "calls", "2");
        scene.Put(PolicyTerms.None with { Frozen = true });

        Assert.Equal(Outcome.AccountFrozen, scene.Charge("c2", "calls", "1").Outcome);
        Assert.Equal(Outcome.AccountFrozen, scene.Charge("c2", "nothing", "1").Outcome);
        Assert.Equal(Outcome.AccountFrozen, scene.Charge("c2", "calls", "1", ChargeMode.UpTo).Outcome);
        Assert.Equal(Outcome.AccountFrozen, scene.Hold("h3", "1").Outcome);
        Assert.True(scene.Charge("c1", "calls", "2").Replayed);
        Assert.Equal([Outcome.AccountFrozen], scene.Charge("c3", "calls", "1", ChargeMode.Record).Charged!.Violations);
        Assert.Equal(Outcome.Done, scene.Settle(new Settle("s1", "h1", Quantity.From(5m), null, true, ChargeMode.Enforce)).Outcome);
        Assert.Equal(Outcome.Done, scene.Release("r1", "h2").Outcome);
        Assert.Equal(Outcome.Done, scene.Reverse("r2", "c1").Outcome);
        Assert.Equal(Outcome.Done, scene.Grant("more", "1").Outcome);

        scene.Put(PolicyTerms.None);
        Assert.Equal(Outcome.Done, scene.Charge("c2", "calls", "1").Outcome);
    }

    [Fact]
    public void A_shadow_rule_is_counted_once_a_charge_and_not_applied()
    {
        var scene = Rich(Strict with
        {
            Frozen = true,
            RateLimits = [new RateLimit("*", Quantity.From(1m), 1, Quantity.From(1m))],
            Shadow = [PolicyRule.AllowedMeters, PolicyRule.RequiredDimensions, PolicyRule.MaximumCreditsPerCharge, PolicyRule.RateLimits, PolicyRule.Frozen],
        });
        Assert.Equal(Outcome.Done, scene.Charge(new Charge("c1", [Line("tokens", "9"), Line("tokens", "1")], null, ChargeMode.Enforce)).Outcome);
        Assert.Equal(Outcome.Done, scene.Hold("h1", Line("calls", "9")).Outcome);
        Assert.True(scene.Charge(new Charge("c1", [Line("tokens", "9"), Line("tokens", "1")], null, ChargeMode.Enforce)).Replayed);

        // Not in the shadow: what is blocked stays so, and a refusal counts nothing.
        Assert.Equal(Outcome.MeterNotAllowed, scene.Charge("c2", "drops", "1").Outcome);
        scene.Restart();
        Assert.Equal(
            [(PolicyRule.AllowedMeters, 1L), (PolicyRule.RequiredDimensions, 2L), (PolicyRule.MaximumCreditsPerCharge, 2L), (PolicyRule.RateLimits, 2L), (PolicyRule.Frozen, 2L)],
            scene.Account.Policy.Shadowed.Select(rule => (rule.Key, rule.Value)));
    }

    [Fact]
    public void Holds_of_credits_answer_to_the_maximum_and_to_being_frozen_and_to_no_rule_about_meters()
    {
        var scene = Rich(Strict);
        Assert.Equal(Outcome.Done, scene.Hold("h1", "5").Outcome);
        Assert.Equal(Outcome.ChargeTooLarge, scene.Hold("h2", "5.000000001").Outcome);
    }

    [Fact]
    public void Putting_the_same_policy_again_changes_nothing()
    {
        var scene = Rich(Strict);
        var before = Bytes(scene.Account);
        Assert.Equal(Outcome.Done, scene.Put(Strict with { MaximumCreditsPerCharge = Of("5.0") }).Outcome);
        Assert.Equal(before, Bytes(scene.Account));
    }

    private static Scene Rich(PolicyTerms policy)
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Put(policy);
        return scene;
    }
}
