using System.Globalization;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Policies;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class RateLimitTests
{
    [Fact]
    public void A_rate_limit_starts_full_and_lets_exactly_its_burst_through()
    {
        var scene = Limited(new RateLimit("calls", Quantity.From(10m), 1, Quantity.From(25m)));
        Assert.Equal(Outcome.RateLimited, scene.Charge("over", "calls", "25.000000001").Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("burst", "calls", "25").Outcome);
        Assert.Equal(Outcome.RateLimited, scene.Charge("nano", "calls", "0.000000001").Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("nothing", "calls", "0").Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("other-meter", "drops", "50").Outcome);
    }

    [Fact]
    public void A_refused_large_request_drains_nothing()
    {
        var scene = Limited(new RateLimit("calls", Quantity.From(10m), 1, Quantity.From(10m)));
        Assert.Equal(Outcome.RateLimited, scene.Charge("large", "calls", "11").Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("all", "calls", "10").Outcome);
    }

    [Theory]
    [InlineData("7", 7, 1, "1")]
    [InlineData("1", 3, 3, "1")]
    [InlineData("2", 3, 1, "0.666666666")]
    [InlineData("100", 60, 3, "5")]
    [InlineData("0.000000001", 1, 1, "0.000000001")]
    public void It_refills_continuously_exactly_and_never_beyond(string quantity, int perSeconds, int seconds, string refilled)
    {
        var scene = Limited(new RateLimit("calls", Amount(quantity), perSeconds, Amount(quantity)));
        scene.Charge("all", "calls", quantity);
        scene.Clock = Start.AddSeconds(seconds);

        Assert.Equal(refilled, scene.Account.Policy.LeftAt(scene.Clock).Single().ToString());
        var over = (decimal.Parse(refilled, CultureInfo.InvariantCulture) + 0.000000001m).ToString(CultureInfo.InvariantCulture);
        Assert.Equal(Outcome.RateLimited, scene.Charge("over", "calls", over).Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("exact", "calls", refilled).Outcome);
    }

    [Theory]
    [InlineData("7", 7, "1", 1)]
    [InlineData("10", 1, "10", 1)]
    [InlineData("10", 1, "10.000000001", 2)]
    [InlineData("1", 86400, "1", 86400)]
    public void The_wait_it_names_is_enough_and_a_second_less_is_not(string quantity, int perSeconds, string asked, int seconds)
    {
        var scene = Limited(new RateLimit("calls", Amount(quantity), perSeconds, Amount("20")));
        scene.Charge("all", "calls", "20");

        Assert.Equal(TimeSpan.FromSeconds(seconds), scene.Charge("c1", "calls", asked).Why.RetryAfter);
        scene.Clock = Start.AddSeconds(seconds - 1);
        Assert.Equal(Outcome.RateLimited, scene.Charge("c1", "calls", asked).Outcome);
        scene.Clock = Start.AddSeconds(seconds);
        Assert.Equal(Outcome.Done, scene.Charge("c1", "calls", asked).Outcome);
    }

    [Fact]
    public void More_than_the_burst_never_fits_and_names_no_wait()
    {
        var scene = Limited(new RateLimit("calls", Quantity.From(1m), 1, Quantity.From(5m)));
        scene.Charge("all", "calls", "5");

        Assert.Equal((true, null), Limits(scene.Charge("c1", "calls", "5.000000001").Why));
        Assert.Equal((true, null), Limits(scene.Hold("h1", Line("calls", "6")).Why));
        Assert.Equal((false, TimeSpan.FromSeconds(5)), Limits(scene.Charge("c1", "calls", "5").Why));
    }

    [Theory]
    [InlineData("calls", "*")]
    [InlineData("*", "calls")]
    public void Of_several_limits_one_that_can_never_let_it_through_decides(string narrow, string wide)
    {
        var scene = Limited(new RateLimit(narrow, Quantity.From(1m), 1, Quantity.From(5m)), new RateLimit(wide, Quantity.From(1m), 60, Quantity.From(100m)));
        scene.Charge("all", "disk", "99");
        scene.Charge("some", "calls", "1");

        Assert.Equal((true, null), Limits(scene.Charge("c1", "calls", narrow == "calls" ? "6" : "101").Why));
    }

    private static (bool BeyondBurst, TimeSpan? RetryAfter) Limits(Shortfall why) => (why.BeyondBurst, why.RetryAfter);

    [Fact]
    public void All_limits_and_all_lines_count_together()
    {
        var scene = Limited(new RateLimit("*", Quantity.From(10m), 1, Quantity.From(10m)), new RateLimit("d*", Quantity.From(4m), 1, Quantity.From(4m)));
        Assert.Equal(Outcome.RateLimited, scene.Charge(new Charge("c1", [Line("disk", "3"), Line("drops", "2")], null, ChargeMode.Enforce)).Outcome);
        Assert.Equal(Outcome.Done, scene.Charge(new Charge("c2", [Line("disk", "3"), Line("drops", "1"), Line("calls", "6")], null, ChargeMode.Enforce)).Outcome);
        Assert.Equal(["0", "0"], scene.Account.Policy.LeftAt(Start).Select(left => left.ToString()));
    }

    [Fact]
    public void Recorded_usage_passes_says_so_and_leaves_nothing()
    {
        var scene = Limited(new RateLimit("calls", Quantity.From(10m), 1, Quantity.From(10m)));
        Assert.Equal([Outcome.RateLimited], scene.Charge("c1", "calls", "1000", ChargeMode.Record).Charged!.Violations);
        scene.Clock = Start.AddSeconds(1);
        Assert.Equal(Outcome.Done, scene.Charge("c2", "calls", "10").Outcome);
    }

    [Fact]
    public void A_hold_of_usage_takes_from_the_limit_and_its_settling_does_not_again()
    {
        var scene = Limited(new RateLimit("calls", Quantity.From(10m), 60, Quantity.From(10m)));
        scene.Hold("h1", Line("calls", "10"));
        Assert.Equal(Outcome.RateLimited, scene.Hold("h2", Line("calls", "1")).Outcome);
        Assert.Equal(Outcome.Done, scene.Settle(new Holds.Settle("s1", "h1", Quantity.From(10m), null, true, ChargeMode.Enforce)).Outcome);
        Assert.Equal(Outcome.Done, scene.Hold("credits", "1").Outcome);
    }

    [Fact]
    public void A_changed_limit_keeps_what_was_used_and_a_restart_keeps_it_too()
    {
        var scene = Limited(new RateLimit("calls", Quantity.From(10m), 60, Quantity.From(10m)));
        scene.Charge("c1", "calls", "8");
        scene.Put(PolicyTerms.None with { RateLimits = [new RateLimit("calls", Quantity.From(10m), 60, Quantity.From(12m))] });
        scene.Restart();
        Assert.Equal("4", scene.Account.Policy.LeftAt(Start).Single().ToString());

        scene.Put(PolicyTerms.None with { RateLimits = [new RateLimit("calls", Quantity.From(5m), 60, Quantity.From(5m))] });
        Assert.Equal("0", scene.Account.Policy.LeftAt(Start).Single().ToString());
    }

    private static Quantity Amount(string quantity) => Quantity.From(decimal.Parse(quantity, CultureInfo.InvariantCulture));

    private static Scene Limited(params RateLimit[] limits)
    {
        var scene = new Scene();
        scene.Grant("plan", "100000");
        scene.Put(PolicyTerms.None with { RateLimits = limits });
        return scene;
    }
}
