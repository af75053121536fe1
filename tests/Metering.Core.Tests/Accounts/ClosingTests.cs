using Metering.Core.Accounts;
using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Policies;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class ClosingTests
{
    [Fact]
    public void Closing_is_refused_while_holds_are_open_and_waits_for_the_last()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Hold("h1", "1", TimeSpan.FromMinutes(1));
        scene.Hold("h2", "1", TimeSpan.FromMinutes(2));
        Assert.Equal(Outcome.HoldsOpen, scene.Close().Outcome);
        scene.Release("r1", "h1");
        Assert.Equal(Outcome.HoldsOpen, scene.Close().Outcome);
        scene.Clock = Start.AddMinutes(2);
        Assert.Equal(Outcome.Done, scene.Close().Outcome);
        Assert.True(scene.Account.IsClosed);
    }

    [Fact]
    public void Closing_again_changes_nothing()
    {
        var scene = new Scene();
        scene.Close();
        var before = Bytes(scene.Account);
        Assert.Equal(Outcome.Done, scene.Close().Outcome);
        Assert.Equal(before, Bytes(scene.Account));
        scene.Restart();
        Assert.True(scene.Account.IsClosed);
    }

    [Fact]
    public void A_closed_account_answers_retries_and_refuses_everything_else_record_included()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "1");
        scene.Hold("h1", "1");
        scene.Release("r1", "h1");
        scene.Close();
        var before = Bytes(scene.Account);

        Assert.True(scene.Charge("c1", "calls", "1").Replayed);
        Assert.True(scene.Grant("plan", "10").Answer!.Replayed);
        Assert.True(scene.Release("r1", "h1").Replayed);
        Assert.Equal(Outcome.IdReused, scene.Charge("c1", "calls", "2").Outcome);

        Assert.Equal(Outcome.AccountClosed, scene.Charge("c2", "calls", "1").Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Charge("c2", "calls", "1", ChargeMode.Record).Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Quote(Use("c2", "calls", "1")).Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Hold("h2", "1").Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Settle(new Settle("s1", "h1", null, Of("1"), true, ChargeMode.Record)).Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Release("r2", "h1").Outcome);
        Assert.Equal(Outcome.HoldNotFound, scene.Release("r2", "nobody").Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Reverse("r2", "c1").Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Grant("more", "1").Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Void("plan").Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Put(PolicyTerms.None with { Frozen = true }).Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.RemoveBudget("b").Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Put(new BudgetTerms { Id = "b", Meters = MeterPatterns.All, Dimensions = [], Window = BudgetWindow.Day, Limit = Of("1"), Thresholds = [], Action = BudgetAction.Alert }).Outcome);
        Assert.Equal(Outcome.AccountClosed, scene.Account.DecideSettings(scene.Account.Settings with { DisplayName = "other" }, Start).Outcome);
        Assert.Equal(before, Bytes(scene.Account));
    }

    [Fact]
    public void Nothing_falls_due_in_a_closed_account()
    {
        var scene = new Scene();
        scene.Grant(Terms("plan", "10") with { Recurrence = new Recurrence(PeriodUnit.Hour, 1, Start, Credits.Zero, Of("100")) });
        scene.Grant(Terms("short", "10", expiresAt: Start.AddHours(3)));
        scene.Close();
        var before = Bytes(scene.Account);
        Assert.Equal(DateTimeOffset.MaxValue, scene.Account.NextDueAt);
        scene.Clock = Start.AddYears(1);
        scene.Begin();
        Assert.Equal(before, Bytes(scene.Account));
    }

    [Fact]
    public void An_account_that_was_never_made_cannot_be_closed() =>
        Assert.Equal(Outcome.AccountNotFound, new Account("nobody", new AccountLimits()).DecideClose(Start).Outcome);
}
