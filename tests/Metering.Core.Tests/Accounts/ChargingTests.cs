using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class ChargingTests
{
    [Fact]
    public void A_charge_lowers_the_balance_by_its_price_and_says_so()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");

        var decision = scene.Charge("c1", "calls", "1.5");

        Assert.Equal(ChargeOutcome.Charged, decision.Outcome);
        Assert.Equal("1.5", decision.Charged!.Credits.ToString());
        Assert.Equal("98.5", decision.Charged.Balance.ToString());
        Assert.Equal(3, decision.Charged.Sequence);
        Assert.Equal("98.5", scene.Left("plan"));
    }

    [Fact]
    public void Enforce_takes_the_very_last_credit_and_nothing_beyond()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");

        Assert.Equal(ChargeOutcome.InsufficientCredits, scene.Charge("over", "calls", "10.000000001").Outcome);
        Assert.Equal(ChargeOutcome.Charged, scene.Charge("exact", "calls", "10").Outcome);
        var refused = scene.Charge("nano", "calls", "0.000000001");

        Assert.Equal(ChargeOutcome.InsufficientCredits, refused.Outcome);
        Assert.Equal("0.000000001", refused.Required.ToString());
        Assert.Equal("0", refused.Available.ToString());
        Assert.True(scene.Account.Balance.IsZero);
    }

    [Fact]
    public void A_refusal_changes_nothing_and_its_id_may_succeed_after_a_top_up()
    {
        var scene = new Scene();
        scene.Grant("small", "1");
        var before = Bytes(scene.Account);

        Assert.Equal(ChargeOutcome.InsufficientCredits, scene.Charge("c1", "calls", "2").Outcome);
        Assert.Equal(before, Bytes(scene.Account));

        scene.Grant("more", "5");
        Assert.Equal(ChargeOutcome.Charged, scene.Charge("c1", "calls", "2").Outcome);
    }

    [Fact]
    public void A_credit_limit_allows_overage_exactly_up_to_it()
    {
        var scene = new Scene(creditLimit: "5");
        scene.Grant("plan", "2");

        Assert.Equal(ChargeOutcome.Charged, scene.Charge("c1", "calls", "7").Outcome);
        Assert.Equal("-5", scene.Account.Balance.ToString());
        Assert.Equal("5", scene.Account.Overage.ToString());
        Assert.Equal(ChargeOutcome.InsufficientCredits, scene.Charge("c2", "calls", "0.000000001").Outcome);
    }

    [Fact]
    public void Up_to_takes_what_is_there_and_counts_all_of_the_usage()
    {
        var scene = new Scene();
        scene.Grant("plan", "15");

        // 10 tokens at 2 and 4 at 1 are 24: 15 are there.
        var decision = scene.Charge("c1", "tokens", "14", ChargeMode.UpTo);
        Assert.Equal("15", decision.Charged!.Credits.ToString());
        Assert.Equal("9", decision.Charged.Uncovered.ToString());
        Assert.True(scene.Account.Balance.IsZero);

        scene.Grant("more", "10");
        Assert.Equal("1", scene.Charge("c2", "tokens", "1").Charged!.Credits.ToString());
    }

    [Fact]
    public void Up_to_of_an_account_in_debt_takes_nothing_and_is_not_refused()
    {
        var scene = new Scene();
        scene.Charge("debt", "calls", "3", ChargeMode.Record);

        var decision = scene.Charge("c1", "calls", "2", ChargeMode.UpTo);

        Assert.Equal(ChargeOutcome.Charged, decision.Outcome);
        Assert.True(decision.Charged!.Credits.IsZero);
        Assert.Equal("2", decision.Charged.Uncovered.ToString());
        Assert.Equal("3", scene.Account.Overage.ToString());
    }

    [Fact]
    public void Record_always_records_and_reports_the_limit_it_passed()
    {
        var scene = new Scene();
        scene.Grant("plan", "2");

        Assert.Empty(scene.Charge("fits", "calls", "2", ChargeMode.Record).Charged!.Violations);
        var passed = scene.Charge("passes", "calls", "5", ChargeMode.Record);

        Assert.Equal([ChargeOutcome.InsufficientCredits], passed.Charged!.Violations);
        Assert.Equal("5", scene.Account.Overage.ToString());
        Assert.Equal("-5", scene.Account.Balance.ToString());
    }

    [Fact]
    public void Lines_are_all_or_nothing()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        var before = Bytes(scene.Account);

        var refused = scene.Charge(new Charge("c1", [Line("calls", "6"), Line("drops", "6")], null, ChargeMode.Enforce));

        Assert.Equal(ChargeOutcome.InsufficientCredits, refused.Outcome);
        Assert.Equal("12", refused.Required.ToString());
        Assert.Equal("10", refused.Available.ToString());
        Assert.Equal(before, Bytes(scene.Account));
    }

    [Fact]
    public void Lines_of_one_price_are_priced_one_after_the_other()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");

        // 8 at 2 = 16; then 2 at 2 and 2 at 1 = 6.
        var charged = scene.Charge(new Charge("c1", [Line("tokens", "8"), Line("tokens", "4")], null, ChargeMode.Enforce)).Charged!;

        Assert.Equal("16", charged.Lines[0].Priced.Credits.ToString());
        Assert.Equal("6", charged.Lines[1].Priced.Credits.ToString());
        Assert.Equal("8", charged.Lines[1].QuantityBefore.ToString());
        Assert.Equal("78", charged.Balance.ToString());
    }

    [Fact]
    public void Nothing_used_costs_nothing_and_is_recorded()
    {
        var scene = new Scene();
        var charged = scene.Charge("c1", "calls", "0").Charged!;

        Assert.True(charged.Credits.IsZero);
        Assert.Equal(2, charged.Sequence);
    }

    [Fact]
    public void A_discount_comes_off_the_cumulative_price()
    {
        var scene = new Scene(discount: "25");
        scene.Grant("plan", "100");

        // 14 tokens cost 24, less a quarter 18.
        Assert.Equal("18", scene.Charge("c1", "tokens", "14").Charged!.Credits.ToString());
    }

    [Fact]
    public void A_cheaper_volume_tier_returns_credits_to_the_grants_in_reverse_burn_order()
    {
        var scene = new Scene();
        scene.Grant(Terms("first", "6", priority: 1));
        scene.Grant(Terms("second", "10", priority: 2));
        scene.Charge("c1", "disk", "10");
        Assert.Equal(("0", "6"), (scene.Left("first"), scene.Left("second")));

        // 10 cost 10; 11 cost 5.5: 4.5 come back, 4 of them to the grant burned last.
        var charged = scene.Charge("c2", "disk", "1").Charged!;

        Assert.Equal("-4.5", charged.Credits.ToString());
        Assert.Equal(("0.5", "10"), (scene.Left("first"), scene.Left("second")));
        Assert.Equal("10.5", charged.Balance.ToString());
    }

    [Fact]
    public void Returned_credits_pay_overage_before_any_grant()
    {
        var scene = new Scene();
        scene.Grant("plan", "8");
        scene.Charge("c1", "disk", "10", ChargeMode.Record);
        Assert.Equal("2", scene.Account.Overage.ToString());

        scene.Charge("c2", "disk", "1");

        Assert.True(scene.Account.Overage.IsZero);
        Assert.Equal("2.5", scene.Left("plan"));
    }

    [Fact]
    public void Returned_credits_that_no_grant_can_take_become_a_refund_grant()
    {
        var scene = new Scene();
        scene.Grant(Terms("short", "10", expiresAt: Start.AddHours(1)));
        scene.Charge("c1", "disk", "10");
        scene.Clock = Start.AddHours(2);

        var charged = scene.Charge("c2", "disk", "1").Charged!;

        Assert.Equal("4.5", charged.Refund!.Value.Credits.ToString());
        Assert.Equal("4.5", scene.Left(charged.Refund.Value.Grant));
        Assert.Equal("4.5", scene.Account.Available.ToString());
    }

    [Fact]
    public void A_refund_grant_avoids_a_name_that_a_caller_has_taken()
    {
        var scene = new Scene();
        scene.Grant(Terms("short", "10", expiresAt: Start.AddHours(1)));
        scene.Charge("c1", "disk", "10");
        scene.Grant(Terms("refund-6", "1"));
        scene.Clock = Start.AddHours(2);

        // Entries: settings, short, c1, refund-6, the expiry of short, c2.
        Assert.Equal("refund-6-", scene.Charge("c2", "disk", "1").Charged!.Refund!.Value.Grant);
    }

    [Fact]
    public void A_quote_says_what_the_charge_then_does_and_changes_nothing()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        var before = Bytes(scene.Account);

        var quote = scene.Quote(Use("c1", "tokens", "12")).Charged!;
        Assert.Equal(before, Bytes(scene.Account));
        var charged = scene.Charge("c1", "tokens", "12").Charged!;

        Assert.Equal((charged.Credits, charged.Balance), (quote.Credits, quote.Balance));
        Assert.Equal("22", quote.Credits.ToString());
        Assert.Equal(ChargeOutcome.InsufficientCredits, scene.Quote(Use("c9", "calls", "1000")).Outcome);
    }

    [Fact]
    public void Each_refusal_names_its_own_reason()
    {
        var scene = new Scene();
        scene.Grant("plan", "5");

        Assert.Equal(ChargeOutcome.UnknownMeter, scene.Charge("c1", "cals", "1").Outcome);
        Assert.Equal(ChargeOutcome.NoPrice, scene.Charge("c2", "only-gold", "1").Outcome);
        Assert.Equal(ChargeOutcome.AccountNotFound, new Account("nobody", new AccountLimits()).DecideCharge(Use("c", "calls", "1"), Start, StandardCard).Outcome);
        scene.Card = null!;
        Assert.Equal(ChargeOutcome.RateCardNotFound, scene.Charge("c3", "calls", "1").Outcome);
    }

    [Fact]
    public void An_unknown_meter_on_the_second_line_is_named_by_its_line()
    {
        var scene = new Scene();
        var refused = scene.Charge(new Charge("c1", [Line("calls", "0"), Line("nothing", "1")], null, ChargeMode.Enforce));
        Assert.Equal((ChargeOutcome.UnknownMeter, 1), (refused.Outcome, refused.Line));
    }

    [Fact]
    public void A_quantity_whose_period_would_leave_its_range_is_refused_and_changes_nothing()
    {
        var scene = new Scene(card: CardOf(Meter("calls", new PriceDraft { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = 0m })));
        Assert.Equal(ChargeOutcome.Charged, scene.Charge("c1", "calls", "999999999999999999.999999999").Outcome);
        var before = Bytes(scene.Account);

        Assert.Equal(ChargeOutcome.OutOfRange, scene.Charge("c2", "calls", "0.000000001").Outcome);
        Assert.Equal(before, Bytes(scene.Account));
    }

    [Fact]
    public void Overage_beyond_the_range_of_credits_is_refused_even_in_record_mode()
    {
        var scene = new Scene();
        Assert.Equal(ChargeOutcome.Charged, scene.Charge("c1", "calls", "999999999999999999.999999999", ChargeMode.Record).Outcome);
        scene.Clock = Start.AddMonths(1);
        Assert.Equal(ChargeOutcome.OutOfRange, scene.Charge("c2", "calls", "1", ChargeMode.Record).Outcome);
    }
}
