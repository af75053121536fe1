using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Grpc;

/// <summary>Holds, reversals, budgets, policies, closing, recurring grants and producers over gRPC.</summary>
public sealed class GrpcCreditModelTests
{
    private static CallOptions Options => new(cancellationToken: TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_hold_reaches_its_account_and_its_reply_the_caller()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");

        var held = await gateway.Client.PlaceHoldAsync(
            new V1.PlaceHoldRequest { Account = "acme", Id = "h1", Meter = "m", Quantity = Of(2), Dimensions = { { "team", "a" } }, Mode = V1.ChargeMode.UpTo, TtlSeconds = 60 }, Options);

        Assert.Equal(("h1", "held", Of(8), Timestamp.FromDateTimeOffset(Samples.At.AddMinutes(5))), (held.Hold, held.Outcome, held.Credits, held.ExpiresAt));
        Assert.Equal((99L, 91L, 44L), (held.Balance.Units, held.Available.Units, held.Sequence));
        var hold = account.Hold!;
        Assert.Equal(("h1", "m", 2m, null, ChargeMode.UpTo, TimeSpan.FromMinutes(1)), (hold.Id, hold.Meter, hold.Quantity, hold.Credits, hold.Mode, hold.TimeToLive));
        Assert.Equal("a", hold.Dimensions["team"]);

        await gateway.Client.PlaceHoldAsync(new V1.PlaceHoldRequest { Account = "acme", Id = "h2", Credits = Of(5) }, Options);
        Assert.Equal((null, null, 5m, ChargeMode.Enforce, TimeSpan.FromMinutes(5)), (account.Hold!.Meter, account.Hold.Quantity, account.Hold.Credits, account.Hold.Mode, account.Hold.TimeToLive));
    }

    [Fact]
    public async Task A_settle_is_final_and_records_unless_it_says_otherwise()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");
        account.OnSettle = settle => Task.FromResult<Answer<SettleReply>>(Samples.Settled(settle.Id, settle.Hold) with
        {
            Violations = [Code.InsufficientCredits],
            Explanation = Samples.Explanation,
            Burned = [new GrantBurn("plan", 5m)],
            Crossed = [new CrossedThreshold("search", 80)],
        });

        var reply = await gateway.Client.SettleHoldAsync(new V1.SettleHoldRequest { Account = "acme", Hold = "h1", Id = "s1", Quantity = Of(3) }, Options);

        Assert.Equal(("s1", "h1", "settled", Of(5), Of(3)), (reply.Id, reply.Hold, reply.Outcome, reply.Credits, reply.Released));
        Assert.Equal(("insufficient_credits", "llm.tokens", "plan"), (reply.Violations[0], reply.Explanation[0].Meter, reply.Burned[0].Grant));
        Assert.Equal(("search", 80), (reply.Crossed[0].Budget, reply.Crossed[0].Threshold));
        Assert.Equal(("s1", "h1", 3m, null, true, ChargeMode.Record, false), Settled(account));

        await gateway.Client.SettleHoldAsync(
            new V1.SettleHoldRequest { Account = "acme", Hold = "h1", Id = "s2", Credits = Of(0), Final = false, Mode = V1.ChargeMode.Enforce, Explain = true }, Options);
        Assert.Equal(("s2", "h1", null, 0m, false, ChargeMode.Enforce, true), Settled(account));

        var released = await gateway.Client.ReleaseHoldAsync(new V1.ReleaseHoldRequest { Account = "acme", Hold = "h1", Id = "r1" }, Options);
        Assert.Equal(("released", new ReleaseRequest("r1", "h1")), (released.Outcome, account.Released));
    }

    [Fact]
    public async Task A_reversal_gives_back_wholly_or_in_part()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");

        var reply = await gateway.Client.ReverseChargeAsync(new V1.ReverseChargeRequest { Account = "acme", Charge = "req-1", Id = "v1", Quantity = Of(3) }, Options);
        Assert.Equal(("v1", "req-1", "reversed", 72_000_000, "plan"), (reply.Id, reply.Charge, reply.Outcome, reply.Credits.Nanos, reply.Returned[0].Grant));
        Assert.Equal(new ReversalRequest { Id = "v1", Charge = "req-1", Quantity = 3m }, account.Reversal);

        await gateway.Client.ReverseChargeAsync(new V1.ReverseChargeRequest { Account = "acme", Charge = "req-1", Id = "v2" }, Options);
        Assert.Null(account.Reversal!.Quantity);
    }

    [Fact]
    public async Task A_budget_is_put_read_and_removed()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");
        var request = new V1.PutBudgetRequest
        {
            Account = "acme",
            Budget = "search",
            Scope = new V1.BudgetScope { Meters = { "llm.*" }, Dimensions = { { "team", "search" } } },
            Window = V1.BudgetWindow.Day,
            Limit = Of(25),
            Thresholds = { 50, 80, 100 },
            Action = V1.BudgetAction.Block,
        };

        var budget = await gateway.Client.PutBudgetAsync(request, Options);

        Assert.Equivalent(Samples.Budget.Budget, account.Budget, strict: true);
        Assert.Equal((request.Budget, request.Scope, request.Window, request.Limit, request.Action), (budget.Id, budget.Scope, budget.Window, budget.Limit, budget.Action));
        Assert.Equal((20L, 500_000_000, 4L), (budget.Counters[0].Spent.Units, budget.Counters[0].Spent.Nanos, budget.Counters[0].Held.Units));
        Assert.Equal([50, 80], budget.Counters[0].Crossed);
        Assert.Equal([50, 80, 100], budget.Thresholds);

        Assert.Equal("search", (await gateway.Client.DeleteBudgetAsync(new V1.DeleteBudgetRequest { Account = "acme", Budget = "search" }, Options)).Id);
        Assert.Equal("search", account.BudgetDeleted);

        await gateway.Client.PutBudgetAsync(new V1.PutBudgetRequest { Account = "acme", Budget = "all", Window = V1.BudgetWindow.Total, Limit = Of(1) }, Options);
        Assert.Equal((BudgetWindow.Total, BudgetAction.Alert, 0, 0), (account.Budget!.Window, account.Budget.Action, account.Budget.Meters.Count, account.Budget.Dimensions.Count));
    }

    [Fact]
    public async Task A_policy_is_put_and_tells_what_it_counted()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");
        var settings = new V1.PolicySettings
        {
            AllowedMeters = { "llm.*" },
            BlockedMeters = { "llm.images" },
            RequiredDimensions = { "service" },
            MaximumCreditsPerCharge = Of(50),
            RateLimits = { new V1.RateLimit { Meter = "api.calls", Quantity = Of(100), PerSeconds = 1, Burst = Of(200) } },
            Frozen = true,
            Shadow = { V1.PolicyRule.RateLimits },
        };

        var policy = await gateway.Client.PutPolicyAsync(new V1.PutPolicyRequest { Account = "acme", Policy = settings }, Options);

        Assert.Equivalent(Samples.Policy.Policy, account.Policy, strict: true);
        Assert.Equal(settings, policy.Settings);
        Assert.Equal((V1.PolicyRule.RateLimits, 7L), (policy.Shadowed.Single().Rule, policy.Shadowed.Single().Count));
        Assert.Equal((150L, 500_000_000), (policy.RateLimitsLeft[0].Units, policy.RateLimitsLeft[0].Nanos));
        Assert.Equal(["llm.* fits no meter of the rate card default.", "llm.images fits no meter of the rate card default.", "api.calls fits no meter of the rate card default."], policy.Warnings);

        settings.RateLimits[0].Burst = null;
        await gateway.Client.PutPolicyAsync(new V1.PutPolicyRequest { Account = "acme", Policy = settings }, Options);
        Assert.Equal(100m, account.Policy!.RateLimits[0].Burst);
        await gateway.Client.PutPolicyAsync(new V1.PutPolicyRequest { Account = "acme" }, Options);
        Assert.Equivalent(new PolicyRequest(), account.Policy, strict: true);
    }

    [Fact]
    public async Task An_account_shows_all_that_was_put_on_it()
    {
        await using var gateway = await GatewayHost.Start();

        var account = await gateway.Client.CloseAccountAsync(new V1.CloseAccountRequest { Account = "acme" }, Options);

        Assert.True(gateway.Grains.Account("acme").Closed);
        Assert.Equal((V1.AccountStatus.Frozen, 3, 2), (account.Status, account.HoldCount, account.Holds.Count));
        Assert.Equal(("h1", 8L, 2L, "llm.tokens", "gpt-4"), (account.Holds[0].Hold_, account.Holds[0].Credits.Units, account.Holds[0].Settled.Units, account.Holds[0].Meter, account.Holds[0].Dimensions["model"]));
        Assert.Equal(("h2", ""), (account.Holds[1].Hold_, account.Holds[1].Meter));
        Assert.Equal(["search", "keys"], account.Budgets.Select(budget => budget.Id));
        Assert.True(account.Policy.Settings.Frozen);
        Assert.Equal(("default", "llm.tokens", "rest", 1_200L), (account.Counters[0].Card, account.Counters[0].Meter, account.Counters[0].Price, account.Counters[0].Quantity.Units));
        var grant = account.Grants[0];
        Assert.Equal((V1.PeriodUnit.Week, 2, 1L, 50L), (grant.Recurrence.Every, grant.Recurrence.Count, grant.Rollover.Minimum.Units, grant.Rollover.Maximum.Units));
        Assert.Equal(Timestamp.FromDateTimeOffset(Samples.At.AddHours(1)), grant.NextRefillAt);
    }

    [Fact]
    public async Task A_grant_may_recur()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");
        var request = new V1.AddGrantRequest
        {
            Account = "acme",
            Id = "g",
            Amount = Of(5),
            Recurrence = new V1.Recurrence { Every = V1.PeriodUnit.Week, Count = 2, Anchor = Timestamp.FromDateTimeOffset(Samples.At) },
            Rollover = new V1.Rollover { Minimum = Of(1), Maximum = Of(3) },
        };

        await gateway.Client.AddGrantAsync(request, Options);
        Assert.Equal((new Recurrence(PeriodUnit.Week, Samples.At, 2), new Rollover(1m, 3m)), (account.Grant!.Recurrence, account.Grant.Rollover));

        request.Recurrence = new V1.Recurrence { Every = V1.PeriodUnit.Day };
        request.Rollover = new V1.Rollover();
        await gateway.Client.AddGrantAsync(request, Options);
        Assert.Equal((new Recurrence(PeriodUnit.Day, null), new Rollover(0m, 999_999_999_999_999_999.999999999m)), (account.Grant!.Recurrence, account.Grant.Rollover));
    }

    [Fact]
    public async Task A_producers_number_stands_for_an_id()
    {
        await using var gateway = await GatewayHost.Start();
        var request = GrpcTests.Charge(id: "");
        request.Producer = "chat-1";
        request.ProducerSequence = 1L << 62;
        gateway.Grains.Account("acme").OnCharge = charge => Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id) with { Crossed = [new CrossedThreshold("search", 50)] });

        var reply = await gateway.Client.ChargeAsync(request, Options);

        Assert.Equal(("chat-1:4611686018427387904", "search", 50), (reply.Id, reply.Crossed[0].Budget, reply.Crossed[0].Threshold));
        var charge = Assert.Single(gateway.Grains.Account("acme").Charges);
        Assert.Equal(("chat-1", 1L << 62), (charge.Producer, charge.ProducerSequence));
    }

    [Fact]
    public async Task A_charge_read_back_tells_its_hold_and_what_was_given_back()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnGetCharge = () => Task.FromResult<Answer<ChargeView>>(
            Samples.ChargeView with { Hold = "h1", Reversed = 0.5m, Crossed = [new CrossedThreshold("search", 100)] });

        var charge = await gateway.Client.GetChargeAsync(new V1.GetChargeRequest { Account = "acme", Id = "req-1" }, Options);

        Assert.Equal(("h1", 500_000_000, "search"), (charge.Hold, charge.Reversed.Nanos, charge.Crossed[0].Budget));
    }

    private static (string, string, decimal?, decimal?, bool, ChargeMode, bool) Settled(FakeAccount account) =>
        (account.Settled!.Id, account.Settled.Hold, account.Settled.Quantity, account.Settled.Credits, account.Settled.Final, account.Settled.Mode, account.Settled.Explain);

    private static V1.Decimal Of(long units) => new() { Units = units };
}
