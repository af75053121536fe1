using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Grpc;

/// <summary>Each field of the credit model's messages: what is refused, by path, and the last that is not.</summary>
public sealed class GrpcCreditModelBadInputTests
{
    private static CallOptions Options => new(cancellationToken: TestContext.Current.CancellationToken);

    private static V1.Decimal Negative => new() { Units = -1 };

    private static V1.Decimal Broken => new() { Nanos = 1_000_000_000 };

    [Fact]
    public async Task Requests_with_nothing_in_them_are_told_what_is_missing()
    {
        await using var gateway = await GatewayHost.Start();
        var client = gateway.Client;

        Assert.Equal(["account required", "charge required", "id required"], await GrpcTests.Faults(async () => await client.ReverseChargeAsync(new V1.ReverseChargeRequest(), Options)));
        Assert.Equal(["account required", "id required", "meter required", "quantity required"], await GrpcTests.Faults(async () => await client.PlaceHoldAsync(new V1.PlaceHoldRequest(), Options)));
        Assert.Equal(["account required", "hold required", "id required", "quantity required"], await GrpcTests.Faults(async () => await client.SettleHoldAsync(new V1.SettleHoldRequest(), Options)));
        Assert.Equal(["account required", "hold required", "id required"], await GrpcTests.Faults(async () => await client.ReleaseHoldAsync(new V1.ReleaseHoldRequest(), Options)));
        Assert.Equal(["account required", "budget required", "window required", "limit required"], await GrpcTests.Faults(async () => await client.PutBudgetAsync(new V1.PutBudgetRequest(), Options)));
        Assert.Equal(["account required", "budget required"], await GrpcTests.Faults(async () => await client.DeleteBudgetAsync(new V1.DeleteBudgetRequest(), Options)));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.PutPolicyAsync(new V1.PutPolicyRequest(), Options)));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.CloseAccountAsync(new V1.CloseAccountRequest(), Options)));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.WatchAccount(new V1.WatchAccountRequest(), Options).ResponseStream.MoveNext()));
        Assert.Equal(["after out_of_range"], await GrpcTests.Faults(async () => await client.WatchAccount(new V1.WatchAccountRequest { Account = "acme", After = -1 }, Options).ResponseStream.MoveNext()));
    }

    [Fact]
    public async Task A_hold_that_is_not_valid_is_told_every_fault()
    {
        await Hold(hold => hold.Id = "a b", "id bad_format");
        await Hold(hold => hold.Id = new string('a', 129), "id too_long");
        await Hold(hold => hold.Meter = "a*", "meter bad_format");
        await Hold(hold => hold.Quantity = new V1.Decimal(), "quantity out_of_range");
        await Hold(hold => hold.Quantity = Negative, "quantity out_of_range");
        await Hold(hold => hold.Quantity = Broken, "quantity bad_format");
        await Hold(hold => hold.Quantity = new V1.Decimal { Nanos = 1 });
        await Hold(hold => hold.Dimensions.Add("a b", "c"), "dimensions.a b bad_format");
        await Hold(hold => hold.Credits = new V1.Decimal { Units = 1 }, "credits conflict");
        await Hold(hold => Credits(hold, new V1.Decimal { Units = 1 }));
        await Hold(hold => Credits(hold, new V1.Decimal()), "credits out_of_range");
        await Hold(hold => Credits(hold, Negative), "credits out_of_range");
        await Hold(hold => Credits(hold, new V1.Decimal { Units = 1_000_000_000_000_000_000 }), "credits out_of_range");
        await Hold(hold => hold.TtlSeconds = 0, "ttlSeconds out_of_range");
        await Hold(hold => hold.TtlSeconds = int.MinValue, "ttlSeconds out_of_range");
        await Hold(hold => hold.TtlSeconds = 1);
        await Hold(hold => hold.TtlSeconds = 86_400);
        await Hold(hold => hold.TtlSeconds = 86_401, "ttlSeconds out_of_range");
        await Hold(hold => hold.TtlSeconds = int.MaxValue, "ttlSeconds out_of_range");
        await Hold(hold => hold.Mode = V1.ChargeMode.Record, "mode bad_format");
        await Hold(hold => hold.Mode = (V1.ChargeMode)9, "mode bad_format");
    }

    [Fact]
    public async Task A_settle_and_a_reversal_that_are_not_valid_are_told_every_fault()
    {
        await Settle(settle => settle.Hold = "a b", "hold bad_format");
        await Settle(settle => settle.Id = "", "id required");
        await Settle(settle => settle.Quantity = null, "quantity required");
        await Settle(settle => settle.Quantity = Negative, "quantity out_of_range");
        await Settle(settle => settle.Quantity = new V1.Decimal());
        await Settle(settle => settle.Credits = new V1.Decimal { Units = 1 }, "credits conflict");
        await Settle(settle => settle.Mode = V1.ChargeMode.UpTo, "mode bad_format");
        await Settle(settle => settle.Mode = (V1.ChargeMode)9, "mode bad_format");
        await using var gateway = await GatewayHost.Start();
        var reversal = new V1.ReverseChargeRequest { Account = "acme", Charge = "a b", Id = "a b", Quantity = new V1.Decimal() };
        Assert.Equal(
            ["charge bad_format", "id bad_format", "quantity out_of_range"],
            await GrpcTests.Faults(async () => await gateway.Client.ReverseChargeAsync(reversal, Options)));
    }

    [Fact]
    public async Task A_budget_that_is_not_valid_is_told_every_fault()
    {
        await Budget(budget => budget.Budget = "a b", "budget bad_format");
        await Budget(budget => budget.Scope = new V1.BudgetScope { Meters = { "*", "a*b", "" } }, "scope.meters[1] bad_format", "scope.meters[2] bad_format");
        await Budget(budget => budget.Scope = new V1.BudgetScope { Meters = { Enumerable.Repeat("m", 101) } }, "scope.meters too_many");
        await Budget(budget => budget.Scope = new V1.BudgetScope { Dimensions = { { "a b", "*" } } }, "scope.dimensions.a b bad_format");
        await Budget(budget => budget.Scope = new V1.BudgetScope { Dimensions = { { "key", "*" } } });
        await Budget(budget => budget.Window = (V1.BudgetWindow)9, "window bad_format");
        await Budget(budget => budget.Action = (V1.BudgetAction)9, "action bad_format");
        await Budget(budget => budget.Limit = new V1.Decimal(), "limit out_of_range");
        await Budget(budget => budget.Limit = Broken, "limit bad_format");
        await Budget(budget => budget.Thresholds.Add([1, 1_000]));
        await Budget(budget => budget.Thresholds.Add([0, 1_001]), "thresholds[0] out_of_range", "thresholds[1] out_of_range");
        await Budget(budget => budget.Thresholds.Add([50, 50]), "thresholds[1] not_rising");
        await Budget(budget => budget.Thresholds.Add(Enumerable.Range(1, 20)));
        await Budget(budget => budget.Thresholds.Add(Enumerable.Range(1, 21)), "thresholds too_many");
    }

    [Fact]
    public async Task A_policy_that_is_not_valid_is_told_every_fault()
    {
        await Policy(policy => policy.AllowedMeters.Add("a*b"), "allowedMeters[0] bad_format");
        await Policy(policy => policy.BlockedMeters.Add(""), "blockedMeters[0] bad_format");
        await Policy(policy => policy.RequiredDimensions.Add(["a", "a b", "a"]), "requiredDimensions[1] bad_format", "requiredDimensions[2] duplicate");
        await Policy(policy => policy.RequiredDimensions.Add(Enumerable.Range(0, 17).Select(i => $"d{i}")), "requiredDimensions too_many");
        await Policy(policy => policy.MaximumCreditsPerCharge = new V1.Decimal(), "maximumCreditsPerCharge out_of_range");
        await Policy(policy => policy.Shadow.Add([V1.PolicyRule.Frozen, V1.PolicyRule.Frozen]), "shadow[1] duplicate");
        await Policy(policy => policy.Shadow.Add([V1.PolicyRule.Unspecified, (V1.PolicyRule)9]), "shadow[0] bad_format", "shadow[1] bad_format");
        await Policy(policy => policy.RateLimits.Add(new V1.RateLimit()), "rateLimits[0].quantity required", "rateLimits[0].meter required", "rateLimits[0].perSeconds out_of_range");
        await Policy(policy => policy.RateLimits.Add(Limit(perSeconds: 86_400)));
        await Policy(policy => policy.RateLimits.Add(Limit(perSeconds: 86_401)), "rateLimits[0].perSeconds out_of_range");
        await Policy(policy => policy.RateLimits.Add(Limit(burst: 9)), "rateLimits[0].burst out_of_range");
        await Policy(policy => policy.RateLimits.Add(Limit(burst: 10)));
        await Policy(policy => policy.RateLimits.Add([Limit(), Limit()]), "rateLimits[1].meter duplicate");
        await Policy(policy => policy.RateLimits.Add(Enumerable.Range(0, 100).Select(i => Limit($"m{i}"))));
        await Policy(policy => policy.RateLimits.Add(Enumerable.Range(0, 101).Select(i => Limit($"m{i}"))), "rateLimits too_many");
    }

    [Fact]
    public async Task A_recurrence_that_is_not_valid_is_told_every_fault()
    {
        await Grant(grant => grant.Recurrence = new V1.Recurrence { Count = 0, Anchor = new Timestamp { Nanos = -1 } }, "recurrence.every required", "recurrence.anchor bad_format", "recurrence.count out_of_range");
        await Grant(grant => grant.Recurrence = new V1.Recurrence { Every = V1.PeriodUnit.Day, Count = 1_000 });
        await Grant(grant => grant.Recurrence = new V1.Recurrence { Every = V1.PeriodUnit.Day, Count = 1_001 }, "recurrence.count out_of_range");
        await Grant(grant => grant.Recurrence = new V1.Recurrence { Every = (V1.PeriodUnit)9 }, "recurrence.every bad_format");
        await Grant(grant => grant.Rollover = new V1.Rollover(), "rollover conflict");
        await Grant(grant => Rollover(grant, 2, 1), "rollover.maximum out_of_range");
        await Grant(grant => Rollover(grant, 1, 1));
        await Grant(grant => Rollover(grant, -1, 1), "rollover.minimum out_of_range");
    }

    [Fact]
    public async Task A_producer_that_is_not_valid_is_told_every_fault()
    {
        await Charge(charge => charge.Id = "req-1", "id conflict");
        await Charge(charge => charge.Producer = "", "producer required");
        await Charge(charge => charge.Producer = "a b", "producer bad_format");
        await Charge(charge => charge.Producer = new string('p', 100));
        await Charge(charge => charge.Producer = new string('p', 101), "producer too_long");
        await Charge(charge => charge.ClearProducerSequence(), "producerSequence required");
        await Charge(charge => charge.ProducerSequence = 0, "producerSequence out_of_range");
        await Charge(charge => charge.ProducerSequence = 1L << 62);
        await Charge(charge => charge.ProducerSequence = (1L << 62) + 1, "producerSequence out_of_range");
        await Charge(charge => charge.ProducerSequence = long.MinValue, "producerSequence out_of_range");
    }

    private static Task Hold(Action<V1.PlaceHoldRequest> spoil, params string[] faults) => Refused(
        new V1.PlaceHoldRequest { Account = "acme", Id = "h1", Meter = "m", Quantity = new V1.Decimal { Units = 1 } },
        spoil,
        static async (client, request) => await client.PlaceHoldAsync(request, Options),
        faults);

    private static Task Settle(Action<V1.SettleHoldRequest> spoil, params string[] faults) => Refused(
        new V1.SettleHoldRequest { Account = "acme", Hold = "h1", Id = "s1", Quantity = new V1.Decimal { Units = 1 } },
        spoil,
        static async (client, request) => await client.SettleHoldAsync(request, Options),
        faults);

    private static Task Budget(Action<V1.PutBudgetRequest> spoil, params string[] faults) => Refused(
        new V1.PutBudgetRequest { Account = "acme", Budget = "b", Window = V1.BudgetWindow.Day, Limit = new V1.Decimal { Units = 1 } },
        spoil,
        static async (client, request) => await client.PutBudgetAsync(request, Options),
        faults);

    private static Task Policy(Action<V1.PolicySettings> spoil, params string[] faults) => Refused(
        new V1.PutPolicyRequest { Account = "acme", Policy = new V1.PolicySettings() },
        request => spoil(request.Policy),
        static async (client, request) => await client.PutPolicyAsync(request, Options),
        faults);

    private static Task Grant(Action<V1.AddGrantRequest> spoil, params string[] faults) => Refused(
        new V1.AddGrantRequest { Account = "acme", Id = "g", Amount = new V1.Decimal { Units = 1 } },
        spoil,
        static async (client, request) => await client.AddGrantAsync(request, Options),
        faults);

    private static Task Charge(Action<V1.ChargeRequest> spoil, params string[] faults)
    {
        var charge = GrpcTests.Charge(id: "");
        charge.Producer = "chat-1";
        charge.ProducerSequence = 1;
        return Refused(charge, spoil, static async (client, request) => await client.ChargeAsync(request, Options), faults);
    }

    private static async Task Refused<T>(T request, Action<T> spoil, Func<V1.Metering.MeteringClient, T, Task> call, string[] faults)
    {
        await using var gateway = await GatewayHost.Start();
        spoil(request);
        if (faults.Length == 0)
        {
            await call(gateway.Client, request);
        }
        else
        {
            Assert.Equal(faults, await GrpcTests.Faults(() => call(gateway.Client, request)));
        }
    }

    private static void Credits(V1.PlaceHoldRequest hold, V1.Decimal credits)
    {
        hold.Meter = "";
        hold.Quantity = null;
        hold.Credits = credits;
    }

    private static void Rollover(V1.AddGrantRequest grant, long minimum, long maximum)
    {
        grant.Recurrence = new V1.Recurrence { Every = V1.PeriodUnit.Month };
        grant.Rollover = new V1.Rollover { Minimum = new V1.Decimal { Units = minimum }, Maximum = new V1.Decimal { Units = maximum } };
    }

    private static V1.RateLimit Limit(string meter = "m", int perSeconds = 1, long? burst = null) => new()
    {
        Meter = meter,
        Quantity = new V1.Decimal { Units = 10 },
        PerSeconds = perSeconds,
        Burst = burst is { } units ? new V1.Decimal { Units = units } : null,
    };
}
