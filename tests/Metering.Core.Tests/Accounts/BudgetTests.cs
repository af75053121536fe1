using System.Globalization;
using Metering.Core.Accounts;
using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Holds;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class BudgetTests
{
    [Fact]
    public void A_blocking_budget_lets_exactly_its_limit_through_and_not_a_nano_more()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10"));
        scene.Charge("c1", "calls", "7");

        var refused = scene.Charge("over", "calls", "3.000000001");
        Assert.Equal((Outcome.BudgetExceeded, "3.000000001", "3"), (refused.Outcome, refused.Why.Required.ToString(), refused.Why.Available.ToString()));
        Assert.Equal(Outcome.Done, scene.Charge("exact", "calls", "3").Outcome);
        Assert.Equal(Outcome.BudgetExceeded, scene.Charge("nano", "calls", "0.000000001").Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("nothing", "calls", "0").Outcome);
        Assert.Equal("10", Spent(scene, "b"));
    }

    [Fact]
    public void An_alert_refuses_nothing()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Action = BudgetAction.Alert, Thresholds = [100] });
        Assert.Equal([new Crossing("b", 100)], scene.Charge("c1", "calls", "25").Charged!.Crossed);
    }

    [Theory]
    [InlineData(BudgetWindow.Hour, "2026-03-10T13:00")]
    [InlineData(BudgetWindow.Day, "2026-03-11T00:00")]
    [InlineData(BudgetWindow.Week, "2026-03-16T00:00")]
    [InlineData(BudgetWindow.Month, "2026-04-01T00:00")]
    [InlineData(BudgetWindow.Period, "2026-04-01T00:00")]
    [InlineData(BudgetWindow.Total, null)]
    public void A_budget_begins_anew_at_the_turn_of_its_window_and_not_a_tick_before(BudgetWindow window, string? turn)
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Window = window });
        scene.Charge("c1", "calls", "10");
        var at = turn is null ? Start.AddYears(50) : DateTimeOffset.Parse(turn, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

        scene.Clock = at.AddTicks(-1);
        Assert.Equal(Outcome.BudgetExceeded, scene.Charge("c2", "calls", "1").Outcome);
        scene.Clock = at;
        Assert.Equal(turn is null ? Outcome.BudgetExceeded : Outcome.Done, scene.Charge("c2", "calls", "1").Outcome);
    }

    [Fact]
    public void All_budgets_that_fit_are_checked_and_the_narrowest_refuses()
    {
        var scene = Rich();
        scene.Put(Budget("org", "100"));
        scene.Put(Budget("team", "10") with { Dimensions = [new("team", "search")] });
        scene.Put(Budget("tokens", "1") with { Meters = MeterPatterns.From(["tok*"]) });

        Assert.Equal(Outcome.BudgetExceeded, ChargeOf(scene, "c1", "11", new Dimension("team", "search")).Outcome);
        Assert.Equal(Outcome.Done, ChargeOf(scene, "c2", "10", new Dimension("team", "search")).Outcome);
        Assert.Equal(Outcome.Done, ChargeOf(scene, "c3", "90", new Dimension("team", "other")).Outcome);
        Assert.Equal(Outcome.BudgetExceeded, scene.Charge("c4", "calls", "0.000000001").Outcome);
        Assert.Equal(("100", "10", null), (Spent(scene, "org"), Spent(scene, "team"), Spent(scene, "tokens")));
    }

    [Fact]
    public void A_star_keeps_a_counter_for_each_value()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Dimensions = [new("key", "*"), new("team", "*")] });

        // ("a", "bc") and ("ab", "c") are two, whatever their letters joined.
        Assert.Equal(Outcome.Done, ChargeOf(scene, "c1", "10", new("key", "a"), new("team", "bc")).Outcome);
        Assert.Equal(Outcome.Done, ChargeOf(scene, "c2", "10", new("key", "ab"), new("team", "c")).Outcome);
        Assert.Equal(Outcome.BudgetExceeded, ChargeOf(scene, "c3", "1", new("key", "a"), new("team", "bc")).Outcome);
        Assert.Equal(Outcome.Done, ChargeOf(scene, "no-team", "50", new Dimension("key", "a")).Outcome);
        var budget = scene.Account.Budgets.Single();
        Assert.Equal(["a,bc", "ab,c"], budget.Counters.Select(counter => string.Join(",", budget.Terms.ValuesOf(counter.Key).Select(value => value.Value))));
    }

    [Fact]
    public void Values_beyond_the_bound_share_one_counter_and_its_limit()
    {
        var scene = Rich(new AccountLimits { MaxBudgetCounters = 2 });
        scene.Put(Budget("b", "10") with { Dimensions = [new("team", "*")], Window = BudgetWindow.Day });
        foreach (var team in new[] { "a", "b", "c" })
        {
            Assert.Equal(Outcome.Done, ChargeOf(scene, $"c-{team}", "6", new Dimension("team", team)).Outcome);
        }

        Assert.Equal(Outcome.BudgetExceeded, ChargeOf(scene, "c-d", "5", new Dimension("team", "d")).Outcome);
        Assert.Equal(Outcome.Done, ChargeOf(scene, "c-a2", "4", new Dimension("team", "a")).Outcome);

        // A new day makes room: d has a counter of its own.
        scene.Clock = Start.AddDays(1);
        Assert.Equal(Outcome.Done, ChargeOf(scene, "d2", "10", new Dimension("team", "d")).Outcome);
        Assert.Equal(Outcome.Done, ChargeOf(scene, "e2", "10", new Dimension("team", "e")).Outcome);
    }

    [Fact]
    public void Lines_of_one_charge_that_need_more_counters_than_are_left_share_the_last_and_its_limit()
    {
        var scene = Rich(new AccountLimits { MaxBudgetCounters = 2 });
        scene.Put(Budget("b", "10") with { Dimensions = [new("team", "*")], Thresholds = [100] });
        ChargeOf(scene, "a", "1", new Dimension("team", "a"));
        ChargeLine Team(string team, string quantity) => Line("calls", quantity, new Dimension("team", team));

        Assert.Equal(Outcome.BudgetExceeded, scene.Charge(new Charge("over", [Team("b", "6"), Team("c", "6"), Team("d", "6")], null, ChargeMode.Enforce)).Outcome);
        Assert.Equal([new Crossing("b", 100)], scene.Charge(new Charge("fits", [Team("b", "6"), Team("c", "6"), Team("d", "4")], null, ChargeMode.Enforce)).Charged!.Crossed);
        Assert.Equal(Outcome.BudgetExceeded, ChargeOf(scene, "e", "0.1", new Dimension("team", "e")).Outcome);
    }

    [Fact]
    public void A_hold_under_the_shared_counter_is_let_go_of_when_its_value_has_a_counter_of_its_own()
    {
        var scene = Rich(new AccountLimits { MaxBudgetCounters = 2 });
        scene.Put(Budget("b", "10") with { Dimensions = [new("team", "*")], Window = BudgetWindow.Hour });
        ChargeOf(scene, "a", "1", new Dimension("team", "a"));
        ChargeOf(scene, "b", "1", new Dimension("team", "b"));
        scene.Hold("h1", Line("calls", "9", new Dimension("team", "c")), TimeSpan.FromHours(24));
        scene.Clock = Start.AddHours(1);
        ChargeOf(scene, "c", "1", new Dimension("team", "c"));
        scene.Release("r1", "h1");

        Assert.All(scene.Account.Budgets.Single().Counters, counter => Assert.True(counter.Value.Held.IsZero));
        Assert.Equal(Bytes(scene.Account), Bytes(scene.Replayed()));
    }

    [Fact]
    public void Holds_count_against_a_budget_until_they_are_settled_or_let_go()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10"));
        scene.Hold("h1", Line("calls", "8"));

        Assert.Equal(Outcome.BudgetExceeded, scene.Charge("over", "calls", "2.000000001").Outcome);
        Assert.Equal(Outcome.BudgetExceeded, scene.Hold("over", Line("calls", "3")).Outcome);
        Assert.Equal("2", scene.Hold("h2", Line("calls", "3"), mode: ChargeMode.UpTo).Held!.Credits.ToString());
        scene.Release("r2", "h2");

        Assert.Equal(Outcome.BudgetExceeded, scene.Settle(new Settle("s1", "h1", Quantity.From(10.1m), null, true, ChargeMode.Enforce)).Outcome);
        Assert.Equal(Outcome.Done, scene.Settle(new Settle("s1", "h1", Quantity.From(5m), null, true, ChargeMode.Enforce)).Outcome);
        Assert.Equal("5", Spent(scene, "b"));
        Assert.Equal(Outcome.Done, scene.Charge("rest", "calls", "5").Outcome);
    }

    [Fact]
    public void A_hold_outlives_the_window_it_was_placed_in_and_is_spent_in_the_one_it_is_settled_in()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Window = BudgetWindow.Hour });
        scene.Hold("h1", Line("calls", "8"), TimeSpan.FromHours(24));
        scene.Clock = Start.AddHours(1);

        Assert.Equal(Outcome.BudgetExceeded, scene.Charge("over", "calls", "3").Outcome);
        scene.Settle(new Settle("s1", "h1", Quantity.From(8m), null, true, ChargeMode.Enforce));
        Assert.Equal("8", Spent(scene, "b"));
    }

    [Fact]
    public void A_new_budget_counts_the_holds_that_are_open_and_no_earlier_charge()
    {
        var scene = Rich();
        scene.Charge("c1", "calls", "5");
        scene.Hold("h1", Line("calls", "4"));
        scene.Put(Budget("b", "10"));
        Assert.Equal(("0", "4"), (Spent(scene, "b") ?? "0", scene.Account.Budgets.Single().HeldUnder("").ToString()));
        Assert.Equal(Outcome.BudgetExceeded, scene.Charge("c2", "calls", "6.1").Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("c2", "calls", "6").Outcome);
    }

    [Fact]
    public void Up_to_takes_what_the_budget_leaves()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10"));
        var charged = scene.Charge("c1", "calls", "25", ChargeMode.UpTo).Charged!;
        Assert.Equal(("10", "15"), (charged.Credits.ToString(), charged.Uncovered.ToString()));
    }

    [Fact]
    public void Record_passes_a_blocking_budget_and_says_so()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10"));
        Assert.Equal([Outcome.BudgetExceeded], scene.Charge("c1", "calls", "11", ChargeMode.Record).Charged!.Violations);
        Assert.Equal("11", Spent(scene, "b"));
    }

    [Fact]
    public void A_threshold_is_crossed_exactly_at_its_percentage_once_and_again_after_the_window_turned()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Action = BudgetAction.Alert, Thresholds = [50, 80, 100, 150], Window = BudgetWindow.Hour });

        Assert.Empty(scene.Charge("c1", "calls", "4.999999999").Charged!.Crossed);
        Assert.Equal([new Crossing("b", 50)], scene.Charge("c2", "calls", "0.000000001").Charged!.Crossed);
        Assert.Empty(scene.Charge("c3", "calls", "1").Charged!.Crossed);
        Assert.Equal([new Crossing("b", 80), new Crossing("b", 100)], scene.Charge("c4", "calls", "8").Charged!.Crossed);
        Assert.Equal([new Crossing("b", 80), new Crossing("b", 100)], scene.Charge("c4", "calls", "8").Charged!.Crossed);
        Assert.Equal([new Crossing("b", 150)], scene.Charge("c5", "calls", "1").Charged!.Crossed);
        Assert.Equal([50, 80, 100, 150], scene.Entries.OfType<BudgetCrossed>().Select(entry => entry.Threshold));

        scene.Clock = Start.AddHours(1);
        scene.Restart();
        Assert.Equal([new Crossing("b", 50)], scene.Charge("c6", "calls", "5").Charged!.Crossed);
    }

    [Fact]
    public void A_crossing_is_an_entry_that_names_its_cause()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Thresholds = [50], Dimensions = [new("team", "*")] });
        ChargeOf(scene, "c1", "6", new Dimension("team", "x"));
        var crossed = Assert.IsType<BudgetCrossed>(scene.Entries[^1]);
        Assert.Equal(("b", "c1", "6", "10", 50), (crossed.Budget, crossed.Cause, crossed.Spent.ToString(), crossed.Limit.ToString(), crossed.Threshold));
        Assert.Equal("x", scene.Account.Budgets.Single().Terms.ValuesOf(crossed.Counter).Single().Value);
    }

    [Fact]
    public void A_settle_crosses_thresholds_and_a_hold_does_not()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Thresholds = [50] });
        scene.Hold("h1", Line("calls", "8"));
        Assert.Empty(scene.Entries.OfType<BudgetCrossed>());
        Assert.Equal([new Crossing("b", 50)], scene.Settle(new Settle("s1", "h1", Quantity.From(5m), null, true, ChargeMode.Record)).Settled!.Crossed);
    }

    [Fact]
    public void A_reversal_lowers_what_was_spent_and_un_crosses_without_a_word()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Thresholds = [50] });
        scene.Charge("c1", "calls", "10");
        scene.Reverse("r1", "c1", "6");
        Assert.Equal("4", Spent(scene, "b"));
        Assert.Empty(scene.Account.Budgets.Single().Counters.Single().Value.Crossed);
        Assert.Equal([new Crossing("b", 50)], scene.Charge("c2", "calls", "1").Charged!.Crossed);
    }

    [Fact]
    public void A_reversal_in_a_later_window_gives_nothing_back_to_it_nor_one_of_a_charge_before_the_budget()
    {
        var scene = Rich();
        scene.Charge("before", "calls", "9");
        scene.Put(Budget("b", "10") with { Window = BudgetWindow.Hour });
        scene.Charge("c1", "calls", "2");
        scene.Reverse("r1", "before");
        Assert.Equal("2", Spent(scene, "b"));

        scene.Charge("c2", "calls", "5");
        scene.Clock = Start.AddHours(1);
        scene.Charge("c3", "calls", "1");
        scene.Reverse("r2", "c2");
        Assert.Equal("1", Spent(scene, "b"));
    }

    [Fact]
    public void Reversing_a_charge_whose_lines_gave_back_and_took_gives_their_sum_back()
    {
        var scene = Rich();
        scene.Put(Budget("b", "30"));
        scene.Charge(new Charge("c1", [Line("disk", "10"), Line("disk", "1")], null, ChargeMode.Enforce));
        Assert.Equal("5.5", Spent(scene, "b"));
        scene.Reverse("r1", "c1");
        Assert.Equal("0", Spent(scene, "b"));
    }

    [Fact]
    public void A_charge_whose_lines_give_back_and_take_counts_as_their_sum()
    {
        var scene = Rich();
        scene.Put(Budget("b", "3") with { Thresholds = [100] });
        scene.Charge("setup", "disk", "10", ChargeMode.Record);
        scene.Clock = Start.AddDays(1);
        scene.Put(Budget("day", "3") with { Window = BudgetWindow.Day, Thresholds = [100] });

        // The 11th gigabyte makes all of them cheaper: −4.5; with 6 calls 1.5 is spent today.
        var charged = scene.Charge(new Charge("c1", [Line("disk", "1"), Line("calls", "6")], null, ChargeMode.Record)).Charged!;
        Assert.Equal(("1.5", "1.5"), (charged.Credits.ToString(), Spent(scene, "day")));
        Assert.Empty(charged.Crossed);
    }

    [Fact]
    public void Changing_limit_and_thresholds_keeps_what_was_spent_and_another_scope_or_window_begins_anew()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10") with { Thresholds = [50] });
        scene.Charge("c1", "calls", "6");
        scene.Put(Budget("b", "100") with { Thresholds = [50] });
        Assert.Equal("6", Spent(scene, "b"));
        Assert.Empty(scene.Account.Budgets.Single().Counters.Single().Value.Crossed);

        // Now reached without a charge: the next one says so.
        scene.Put(Budget("b", "6") with { Thresholds = [50], Action = BudgetAction.Alert });
        Assert.Equal([new Crossing("b", 50)], scene.Charge("c2", "calls", "1").Charged!.Crossed);

        scene.Put(Budget("b", "10") with { Window = BudgetWindow.Day });
        Assert.Null(Spent(scene, "b"));
    }

    [Fact]
    public void Putting_the_same_budget_again_changes_nothing_and_removing_it_lets_usage_through()
    {
        var scene = Rich();
        scene.Put(Budget("b", "10"));
        var before = Bytes(scene.Account);
        Assert.Equal(Outcome.Done, scene.Put(Budget("b", "10.0")).Outcome);
        Assert.Equal(before, Bytes(scene.Account));

        Assert.Equal(Outcome.Done, scene.RemoveBudget("b").Outcome);
        Assert.Equal(Outcome.BudgetNotFound, scene.RemoveBudget("b").Outcome);
        Assert.Equal(Outcome.Done, scene.Charge("c1", "calls", "50").Outcome);
    }

    [Fact]
    public void An_account_has_as_many_budgets_as_it_may()
    {
        var scene = Rich(new AccountLimits { MaxBudgets = 1 });
        scene.Put(Budget("b", "10"));
        Assert.Equal(Outcome.TooManyBudgets, scene.Put(Budget("c", "10")).Outcome);
        Assert.Equal(Outcome.Done, scene.Put(Budget("b", "20")).Outcome);
    }

    private static Scene Rich(AccountLimits? limits = null)
    {
        var scene = new Scene(limits);
        scene.Grant("plan", "1000");
        return scene;
    }

    private static BudgetTerms Budget(string id, string limit) => new()
    {
        Id = id,
        Meters = MeterPatterns.All,
        Dimensions = [],
        Window = BudgetWindow.Total,
        Limit = Of(limit),
        Thresholds = [],
        Action = BudgetAction.Block,
    };

    private static ChargeDecision ChargeOf(Scene scene, string id, string quantity, params Dimension[] dimensions) =>
        scene.Charge(new Charge(id, [Line("calls", quantity, dimensions)], null, ChargeMode.Enforce));

    private static string? Spent(Scene scene, string budget) =>
        scene.Account.Budgets.Single(candidate => candidate.Terms.Id == budget).Counters.Select(counter => counter.Value.Spent.ToString()).SingleOrDefault();
}
