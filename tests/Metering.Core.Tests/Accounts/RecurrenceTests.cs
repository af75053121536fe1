using System.Globalization;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class RecurrenceTests
{
    [Theory]
    [InlineData(PeriodUnit.Hour, 1, "2026-03-10T00:30", "2026-03-10T12:30 2026-03-10T13:30")]
    [InlineData(PeriodUnit.Hour, 6, "2026-03-10T00:30", "2026-03-10T12:30 2026-03-10T18:30")]
    [InlineData(PeriodUnit.Day, 1, "2030-01-01T07:00", "2026-03-11T07:00 2026-03-12T07:00")]
    [InlineData(PeriodUnit.Week, 2, "2026-03-03T12:00", "2026-03-17T12:00 2026-03-31T12:00")]
    [InlineData(PeriodUnit.Month, 1, "2026-01-31T00:00", "2026-03-31T00:00 2026-04-30T00:00 2026-05-31T00:00")]
    [InlineData(PeriodUnit.Month, 1, "2027-01-31T00:00", "2026-03-31T00:00 2026-04-30T00:00")]
    [InlineData(PeriodUnit.Month, 3, "2025-11-30T00:00", "2026-05-30T00:00 2026-08-30T00:00")]
    [InlineData(PeriodUnit.Year, 1, "2024-02-29T00:00", "2027-02-28T00:00 2028-02-29T00:00 2029-02-28T00:00")]
    [InlineData(PeriodUnit.Year, 4, "2024-02-29T00:00", "2028-02-29T00:00 2032-02-29T00:00")]
    public void A_grant_refills_at_the_boundaries_of_its_anchor_after_it_is_effective(PeriodUnit every, int count, string anchor, string boundaries)
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", every, count, Instant(anchor)));
        foreach (var boundary in boundaries.Split(' ').Select(Instant))
        {
            Assert.Equal(boundary, scene.Account.NextDueAt);
            scene.Clock = boundary;
            scene.Begin();
            Assert.Equal(boundary, scene.Entries.OfType<GrantRefilled>().Last().At);
        }
    }

    [Theory]
    [InlineData("0", "0", "10", "10", "0", "10")]
    [InlineData("0", "3", "10", "13", "0", "10")]
    [InlineData("0", "3", "2", "12", "8", "10")]
    [InlineData("0", "100", "10", "20", "0", "10")]
    [InlineData("4", "4", "0", "14", "10", "14")]
    [InlineData("4", "6", "5", "15", "5", "10")]
    public void A_refill_adds_what_rolls_over_between_its_minimum_and_maximum(string minimum, string maximum, string left, string full, string used, string added)
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", PeriodUnit.Day, 1, Start, minimum, maximum));
        scene.Charge("c1", "calls", used);
        Assert.Equal(left, scene.Left("plan"));

        scene.Clock = Start.AddDays(1);
        scene.Begin();

        Assert.Equal(full, scene.Left("plan"));
        var refilled = scene.Entries.OfType<GrantRefilled>().Single();
        Assert.Equal(added, refilled.Added.ToString());
        Assert.Equal(Of(full), Of(left) - refilled.Forfeited + refilled.Added);
    }

    [Fact]
    public void What_rolled_over_rolls_over_again_up_to_the_maximum()
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", PeriodUnit.Day, 1, Start, "0", "15"));
        scene.Clock = Start.AddDays(4);
        scene.Begin();

        // 10, then 20, then 10 + min(20, 15), and so on.
        Assert.Equal(["20", "25", "25", "25"], scene.Entries.OfType<GrantRefilled>().Select(entry => entry.Balance.ToString()));
    }

    [Fact]
    public void An_account_that_slept_through_many_boundaries_has_an_entry_for_each_at_its_own_time()
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", PeriodUnit.Month, 1, Instant("2026-01-31T00:00"), "0", "1"));
        scene.Hold("h1", "2", TimeSpan.FromHours(24));
        scene.Restart();
        scene.Clock = Instant("2026-06-30T00:00");
        scene.Charge("c1", "calls", "1");

        Assert.Equal(
            ["HoldExpired 2026-03-11T12:00", "GrantRefilled 2026-03-31T00:00", "GrantRefilled 2026-04-30T00:00", "GrantRefilled 2026-05-31T00:00", "GrantRefilled 2026-06-30T00:00", "Charged 2026-06-30T00:00"],
            scene.Entries.TakeLast(6).Select(entry => $"{entry.Kind} {entry.At.ToString("yyyy-MM-ddTHH:mm", CultureInfo.InvariantCulture)}"));
        Assert.Equal("10", scene.Account.Balance.ToString());
    }

    [Fact]
    public void A_refill_pays_overage_with_what_is_full_after_it()
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", PeriodUnit.Day, 1, Start));
        scene.Charge("c1", "calls", "13", ChargeMode.Record);
        scene.Clock = Start.AddDays(1);
        scene.Begin();

        Assert.Equal(("0", "7"), (scene.Account.Overage.ToString(), scene.Left("plan")));
        Assert.Equal("3", scene.Entries.OfType<GrantRefilled>().Single().OveragePaid.ToString());
    }

    [Fact]
    public void A_boundary_at_the_instant_a_grant_ends_is_no_refill_and_one_a_tick_before_is()
    {
        var scene = new Scene();
        scene.Grant(Recurring("ends", "10", PeriodUnit.Day, 1, Start) with { ExpiresAt = Start.AddDays(2) });
        scene.Grant(Recurring("later", "10", PeriodUnit.Day, 1, Start) with { ExpiresAt = Start.AddDays(2).AddTicks(1) });
        scene.Clock = Start.AddDays(1);
        scene.Begin();
        Assert.Null(scene.Account.Grants.Single(grant => grant.Id == "ends").NextRefillAt);
        Assert.Equal(Start.AddDays(2), scene.Account.Grants.Single(grant => grant.Id == "later").NextRefillAt);

        scene.Clock = Start.AddDays(9);
        scene.Begin();
        Assert.Equal((1, 2), (Refills(scene, "ends"), Refills(scene, "later")));
        Assert.All(scene.Account.Grants, grant => Assert.Equal((GrantStatus.Expired, (DateTimeOffset?)null), (grant.Status, grant.NextRefillAt)));
    }

    [Fact]
    public void Being_effective_at_a_boundary_is_the_first_amount_and_not_a_refill_as_well()
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", PeriodUnit.Day, 1, Start.AddDays(2), "0", "5") with { EffectiveAt = Start.AddDays(2) });
        scene.Clock = Start.AddDays(2);
        scene.Begin();
        Assert.Equal((0, "10"), (Refills(scene, "plan"), scene.Left("plan")));
        scene.Clock = Start.AddDays(3);
        scene.Begin();
        Assert.Equal((1, "15"), (Refills(scene, "plan"), scene.Left("plan")));
    }

    [Fact]
    public void A_back_dated_grant_catches_up_with_its_refills()
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", PeriodUnit.Day, 1, null, "0", "100") with { EffectiveAt = Start.AddDays(-3) });
        scene.Begin();

        Assert.Equal("40", scene.Left("plan"));
        Assert.All(scene.Entries.OfType<GrantRefilled>(), entry => Assert.Equal(Start, entry.At));
        Assert.Equal(Start.AddDays(1), scene.Account.NextDueAt);
    }

    [Fact]
    public void As_many_refills_may_be_caught_up_with_as_the_limit_says()
    {
        var scene = new Scene(new AccountLimits { MaxRefillsAtOnce = 3 });
        Assert.Equal(Outcome.TooManyRefills, scene.Grant(Recurring("four", "1", PeriodUnit.Day, 1, null) with { EffectiveAt = Start.AddDays(-4) }).Outcome);
        Assert.Equal(Outcome.Done, scene.Grant(Recurring("three", "1", PeriodUnit.Day, 1, null) with { EffectiveAt = Start.AddDays(-4).AddTicks(1) }).Outcome);
    }

    [Fact]
    public void A_voided_grant_refills_no_more()
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", PeriodUnit.Day, 1, Start));
        scene.Clock = Start.AddDays(1).AddTicks(-1);
        Assert.Equal("10", scene.Void("plan").Answer!.Credits.ToString());
        scene.Clock = Start.AddDays(40);
        scene.Begin();

        Assert.Equal((0, "0"), (Refills(scene, "plan"), scene.Account.Balance.ToString()));
        Assert.Null(scene.Account.Grants.Single().NextRefillAt);
    }

    [Fact]
    public void Credits_return_to_what_a_grant_had_when_it_was_last_full_after_a_restart_too()
    {
        var scene = new Scene();
        scene.Grant(Recurring("plan", "10", PeriodUnit.Day, 1, Start, "0", "5") with { ExpiresAt = Start.AddDays(2) });
        scene.Clock = Start.AddDays(1);
        scene.Charge("c1", "calls", "15");
        scene.Restart();
        scene.Reverse("r1", "c1");
        Assert.Equal("15", scene.Left("plan"));
    }

    private static GrantTerms Recurring(string id, string amount, PeriodUnit every, int count, DateTimeOffset? anchor, string minimum = "0", string maximum = "0") =>
        Terms(id, amount) with { Recurrence = new Recurrence(every, count, anchor, Of(minimum), Of(maximum)) };

    private static int Refills(Scene scene, string grant) => scene.Entries.OfType<GrantRefilled>().Count(entry => entry.Grant == grant);

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
