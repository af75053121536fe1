using Metering.Core.Budgets;
using Metering.Core.Grants;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class TimeTests
{
    private static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Usage_may_be_stamped_five_minutes_ahead_and_no_more()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        Assert.Equal(Outcome.Done, scene.Charge(Use("c1", "calls", "1", time: Start.AddMinutes(5))).Outcome);
        Assert.Equal(Outcome.InFuture, scene.Charge(Use("c2", "calls", "1", time: Start.AddMinutes(5).AddTicks(1))).Outcome);
    }

    [Fact]
    public void Late_usage_counts_in_the_period_before_until_the_late_window_closes()
    {
        var scene = new Scene();
        scene.Grant("plan", "1000");
        scene.Clock = April.AddDays(-1);
        scene.Charge("before", "tokens", "10");
        scene.Clock = April.AddDays(3).AddTicks(-1);

        // March's 11th token costs 1; April's first costs 2.
        Assert.Equal("1", scene.Charge(Use("late", "tokens", "1", time: April.AddTicks(-1))).Charged!.Payment.Credits.ToString());
        Assert.Equal("2", scene.Charge("march", "tokens", "1").Charged!.Payment.Credits.ToString());
        Assert.Equal("2", scene.Charge(Use("first-instant", "tokens", "1", time: April)).Charged!.Payment.Credits.ToString());

        scene.Clock = April.AddDays(3);
        Assert.Equal(Outcome.TooOld, scene.Charge(Use("later", "tokens", "1", time: April.AddTicks(-1))).Outcome);
    }

    [Fact]
    public void Usage_of_two_periods_ago_is_too_old_even_within_the_late_window()
    {
        var scene = new Scene(every: PeriodUnit.Hour);
        scene.Grant("plan", "10");
        Assert.Equal(Outcome.Done, scene.Charge(Use("hour-before", "calls", "1", time: Start.AddHours(-1))).Outcome);
        Assert.Equal(Outcome.TooOld, scene.Charge(Use("two-before", "calls", "1", time: Start.AddHours(-1).AddTicks(-1))).Outcome);
    }

    [Fact]
    public void Usage_from_before_any_version_is_too_old_rather_than_without_a_price()
    {
        var scene = new Scene();
        Assert.Equal(Outcome.TooOld, scene.Charge(Use("c1", "calls", "1", time: Start.AddYears(-20))).Outcome);
        Assert.Equal(Outcome.InFuture, scene.Charge(Use("c2", "calls", "1", time: Start.AddYears(20))).Outcome);
    }

    [Fact]
    public void Usage_stamped_ahead_into_the_next_period_counts_there()
    {
        var scene = new Scene(every: PeriodUnit.Hour);
        scene.Grant("plan", "100");
        scene.Clock = Start.AddMinutes(57);
        scene.Charge("now", "tokens", "10");
        Assert.Equal("2", scene.Charge(Use("ahead", "tokens", "1", time: Start.AddHours(1))).Charged!.Payment.Credits.ToString());
        Assert.Equal("1", scene.Charge("still-now", "tokens", "1").Charged!.Payment.Credits.ToString());
        scene.Clock = Start.AddHours(1);
        Assert.Equal("1", scene.Charge("then", "tokens", "10").Charged!.Lines[0].QuantityBefore.ToString());
    }

    [Fact]
    public void Usage_is_priced_by_the_version_in_effect_at_its_time_and_the_counter_goes_on()
    {
        var draft = new RateCardDraft { Meters = [Meter("tokens", new PriceDraft { Id = "tokens", Kind = PriceKind.PerUnit, UnitPrice = 7m })] };
        var next = RateCardRules.Build("default", 2, Start.AddHours(1), draft, out _)!;
        var scene = new Scene(card: StandardCard.With(next));
        scene.Grant("plan", "1000");
        scene.Charge("before", "tokens", "4");

        scene.Clock = Start.AddHours(1);
        var after = scene.Charge("after", "tokens", "1").Charged!;
        Assert.Equal((2, "7", "4"), (after.Version, after.Credits.ToString(), after.Lines[0].QuantityBefore.ToString()));
        var stamped = scene.Charge(Use("stamped", "tokens", "1", time: Start.AddHours(1).AddTicks(-1))).Charged!;
        Assert.Equal((1, "2", "5"), (stamped.Version, stamped.Credits.ToString(), stamped.Lines[0].QuantityBefore.ToString()));
    }

    [Fact]
    public void Time_stands_still_rather_than_run_backwards_when_the_clock_does()
    {
        var scene = new Scene();
        scene.Grant(Terms("short", "10", expiresAt: Start.AddHours(2)));
        scene.Clock = Start.AddHours(1);
        scene.Charge("c1", "calls", "1");

        scene.Clock = Start.AddHours(-5);
        Assert.Equal(Start.AddHours(1), scene.Charge("c2", "calls", "1").Charged!.At);
        scene.Clock = Start.AddHours(1).AddTicks(1);
        Assert.Equal(Start.AddHours(1).AddTicks(1), scene.Charge("c3", "calls", "1").Charged!.At);
    }

    [Fact]
    public void A_period_that_is_changed_for_a_longer_one_counts_in_it_although_it_began_earlier()
    {
        var scene = new Scene(every: PeriodUnit.Hour);
        scene.Grant("plan", "100");
        for (var hour = 0; hour < 3; hour++)
        {
            scene.Charge($"hour-{hour}", "tokens", "1");
            scene.Clock += TimeSpan.FromHours(1);
        }

        scene.Set(every: PeriodUnit.Month);

        Assert.Equal("20", scene.Charge("first", "tokens", "10").Charged!.Credits.ToString());
        Assert.Equal("10", scene.Charge("second", "tokens", "10").Charged!.Credits.ToString());
    }

    [Fact]
    public void A_period_that_is_changed_and_changed_back_goes_on_where_it_was()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Charge("before", "tokens", "10");
        scene.Set(every: PeriodUnit.Day);
        Assert.Equal("2", scene.Charge("between", "tokens", "1").Charged!.Credits.ToString());

        scene.Set(every: PeriodUnit.Month);

        Assert.Equal("1", scene.Charge("after", "tokens", "1").Charged!.Credits.ToString());
    }

    [Fact]
    public void A_budget_over_the_period_begins_anew_when_the_period_is_changed_and_keeps_what_is_held()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        scene.Put(Budget("b", "10", BudgetWindow.Period));
        var charge = scene.Charge("before", "calls", "6").Charged!;
        scene.Hold("h", "3");

        scene.Set(every: PeriodUnit.Year);

        Assert.Equal(Outcome.Done, scene.Charge("seven", "calls", "7").Outcome);
        Assert.Equal(Outcome.BudgetExceeded, scene.Charge("one", "calls", "1").Outcome);
        scene.Reverse("r", charge.Id);
        Assert.Equal(Outcome.BudgetExceeded, scene.Charge("one", "calls", "1").Outcome);
    }

    private static BudgetTerms Budget(string id, string limit, BudgetWindow window) => new()
    {
        Id = id,
        Meters = MeterPatterns.All,
        Dimensions = [],
        Window = window,
        Limit = Of(limit),
        Thresholds = [],
        Action = BudgetAction.Block,
    };
}
