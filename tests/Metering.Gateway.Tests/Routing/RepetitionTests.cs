using System.Net;
using System.Reflection;
using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.Routing;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Routing;

/// <summary>What a caller need not know: that a silo was away for a moment.</summary>
public sealed class RepetitionTests
{
    private const string Path = "/v1/accounts/acme/charges";
    private const string Charge = """{"id":"req-1","meter":"m","quantity":1}""";

    private static readonly Refusal MovedAway = new() { Code = Code.Unavailable, Detail = "It moves.", RetryAfter = TimeSpan.FromMilliseconds(1) };

    /// <summary>How every operation is called, and whether it may be repeated.</summary>
    private static readonly Dictionary<string, (bool Repeated, Func<IServiceProvider, Task<Refusal?>> Call)> Operations = new()
    {
        [nameof(GrainRouter.Charge)] = (true, By(async router => (await router.Charge("acme", AnyCharge("c1"))).Refusal)),
        [nameof(GrainCharges.ChargeMany)] = (true, services => ChargeMany(services.GetRequiredService<GrainCharges>())),
        [nameof(GrainRouter.Quote)] = (true, By(async router => (await router.Quote("acme", AnyCharge("c1"), draft: null)).Refusal)),
        [nameof(GrainRouter.GetCharge)] = (true, By(async router => (await router.GetCharge("acme", "c1")).Refusal)),
        [nameof(GrainRouter.PutAccount)] = (true, By(async router => (await router.PutAccount("acme", new AccountRequest())).Refusal)),
        [nameof(GrainRouter.GetAccount)] = (true, By(async router => (await router.GetAccount("acme")).Refusal)),
        [nameof(GrainRouter.AddGrant)] = (true, By(async router => (await router.AddGrant("acme", new GrantRequest { Id = "g1", Amount = 1 })).Refusal)),
        [nameof(GrainRouter.VoidGrant)] = (true, By(async router => (await router.VoidGrant("acme", "g1")).Refusal)),
        [nameof(GrainRouter.PlaceHold)] = (true, By(async router => (await router.PlaceHold("acme", new HoldRequest { Id = "h1", Credits = 1 })).Refusal)),
        [nameof(GrainRouter.Settle)] = (true, By(async router => (await router.Settle("acme", new SettleRequest { Id = "s1", Hold = "h1", Credits = 1 })).Refusal)),
        [nameof(GrainRouter.Release)] = (true, By(async router => (await router.Release("acme", new ReleaseRequest("r1", "h1"))).Refusal)),
        [nameof(GrainRouter.Reverse)] = (true, By(async router => (await router.Reverse("acme", new ReversalRequest { Id = "r1", Charge = "c1" })).Refusal)),
        [nameof(GrainRouter.PutBudget)] = (true, By(async router => (await router.PutBudget("acme", new BudgetRequest { Id = "b1", Window = BudgetWindow.Day, Limit = 1 })).Refusal)),
        [nameof(GrainRouter.DeleteBudget)] = (false, By(async router => (await router.DeleteBudget("acme", "b1")).Refusal)),
        [nameof(GrainRouter.PutPolicy)] = (true, By(async router => (await router.PutPolicy("acme", new PolicyRequest())).Refusal)),
        [nameof(GrainRouter.Close)] = (true, By(async router => (await router.Close("acme")).Refusal)),
        [nameof(GrainRouter.Watch)] = (true, By(async router => (await router.Watch("acme", 0, TimeSpan.Zero)).Refusal)),
        [nameof(GrainRouter.Publish)] = (true, By(async router => (await router.Publish("default", new RateCardDraft { CreditDefinition = "1", Meters = [] })).Refusal)),
        [nameof(GrainRouter.GetRateCard)] = (true, By(async router => (await router.GetRateCard("default", version: null)).Refusal)),
        [nameof(GrainRouter.ReadLedger)] = (true, By(async router => (await router.ReadLedger("acme", new LedgerRequest { After = 0, Limit = 1 })).Refusal)),
        [nameof(GrainRouter.OpenLedgerFile)] = (true, By(async router => (await router.OpenLedgerFile("acme", new LedgerRequest { After = 0, Limit = 1 })).Refusal)),
        [nameof(GrainRouter.ReadLedgerFile)] = (true, By(async router => (await router.ReadLedgerFile("acme", Guid.Empty, offset: 0)).Refusal)),
        [nameof(GrainRouter.CloseLedgerFile)] = (true, By(async router => (await router.CloseLedgerFile("acme", Guid.Empty)).Refusal)),
        [nameof(GrainRouter.GetAccountAt)] = (true, By(async router => (await router.GetAccountAt("acme", DateTimeOffset.UnixEpoch)).Refusal)),
        [nameof(GrainRouter.GetAccountAfter)] = (true, By(async router => (await router.GetAccountAfter("acme", sequence: 1)).Refusal)),
        [nameof(GrainRouter.VerifyLedger)] = (true, By(async router => (await router.VerifyLedger("acme", from: null, to: null)).Refusal)),
        [nameof(GrainRouter.ReadUsage)] = (true, By(async router => (await router.ReadUsage("acme", new UsageRequest { From = DateTimeOffset.UnixEpoch, To = DateTimeOffset.UnixEpoch.AddDays(1), GroupBy = [] })).Refusal)),
        [nameof(GrainRouter.Simulate)] = (true, By(async router => (await router.Simulate("default", new SimulationBody("acme", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1), new RateCardDraft { Meters = [] }))).Refusal)),
        [nameof(GrainRouter.ListAccounts)] = (true, By(async router => (await router.ListAccounts("", "", 1)).Refusal)),
    };

    public static TheoryData<string> OperationNames => [.. Operations.Keys];

    [Theory]
    [MemberData(nameof(OperationNames))]
    public async Task Every_operation_is_sent_again_unless_its_second_answer_would_deny_the_first(string operation)
    {
        await using var gateway = await Start();
        var attempts = 0;
        gateway.Grains.FailWhile(() => Interlocked.Increment(ref attempts) == 1, new SiloUnavailableException());
        var (repeated, call) = Operations[operation];

        var refusal = await call(gateway.Services);

        Assert.Equal((repeated ? 2 : 1, repeated ? null : Code.Unavailable), (attempts, refusal?.Code));
    }

    [Fact]
    public void Every_operation_is_in_the_table_above() =>
        Assert.Equal(
            new[] { typeof(GrainRouter), typeof(GrainCharges) }.SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
                .Where(static method => method.ReturnType != typeof(Deadline) && method.Name is not (nameof(GrainCharges.TryChargeMany) or nameof(GrainCharges.Resolve)))
                .Select(static method => method.Name).Distinct().Order(),
            Operations.Keys.Order());

    [Fact]
    public async Task A_charge_that_hangs_with_its_silo_is_sent_again_as_it_was_and_says_that_it_was_sent_before()
    {
        await using var gateway = await Start();
        var attempts = 0;
        gateway.Grains.Account("acme").OnCharge = charge => Interlocked.Increment(ref attempts) == 1 ? Hang<ChargeReply>() : Done(charge);

        var reply = await gateway.Post(Path, Charge);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var sent = gateway.Grains.Account("acme").Charges.ToArray();
        Assert.Equal(2, sent.Length);
        Assert.Equal(TimeSpan.Zero, sent[0].FirstSentAgo);
        Assert.True(sent[1].FirstSentAgo > TimeSpan.Zero, "The account is to know that it may have been charged before.");
        Assert.Equal(sent[0], sent[1] with { FirstSentAgo = TimeSpan.Zero });
    }

    [Fact]
    public async Task A_charge_whose_account_moves_is_sent_again_until_it_has_arrived()
    {
        await using var gateway = await Start();
        var attempts = 0;
        gateway.Grains.Account("acme").OnCharge = charge => Interlocked.Increment(ref attempts) < 5 ? Refuse(MovedAway) : Done(charge);

        Assert.Equal(HttpStatusCode.OK, (await gateway.Post(Path, Charge)).Status);
        Assert.Equal(5, attempts);
    }

    [Fact]
    public async Task Of_a_batch_only_what_has_no_answer_is_sent_again_and_answers_stand_where_their_charges_stood()
    {
        await using var gateway = await Start();
        var refused = new HashSet<string> { "c1", "c3" };
        var account = gateway.Grains.Account("acme");
        account.OnCharge = charge => refused.Remove(charge.Id) ? Refuse(MovedAway) : charge.Id == "c2" ? Refuse(new Refusal { Code = Code.InsufficientCredits, Detail = "Too few." }) : Done(charge);

        var reply = await gateway.Post("/v1/charges", $$"""{"charges":[{{string.Join(',', Enumerable.Range(0, 5).Select(i => $$"""{"account":"acme","id":"c{{i}}","meter":"m","quantity":1}"""))}}]}""");

        Assert.Equal([5, 2], account.Batches);
        Assert.Equal(["c0", "c1", "c2", "c3", "c4", "c1", "c3"], account.Charges.Select(charge => charge.Id));
        Assert.Equal(["c1", "c3"], account.Charges.Where(charge => charge.FirstSentAgo > TimeSpan.Zero).Select(charge => charge.Id));
        Assert.Equal(["c0", "c1", "insufficient_credits", "c3", "c4"], reply.Json["results"]!.AsArray().Select(result => (string?)(result!["id"] ?? result["code"])));
    }

    [Fact]
    public async Task What_a_second_attempt_leaves_open_goes_a_third_time_and_keeps_its_place()
    {
        await using var gateway = await Start();
        var left = new Dictionary<string, int> { ["c1"] = 1, ["c2"] = 2, ["c4"] = 3 };
        var account = gateway.Grains.Account("acme");
        account.OnCharge = charge => left.TryGetValue(charge.Id, out var times) && (left[charge.Id] = times - 1) >= 0 ? Refuse(MovedAway) : Done(charge);

        var reply = await gateway.Post("/v1/charges", $$"""{"charges":[{{string.Join(',', Enumerable.Range(0, 5).Select(i => $$"""{"account":"acme","id":"c{{i}}","meter":"m","quantity":1}"""))}}]}""");

        Assert.Equal([5, 3, 2, 1], account.Batches);
        Assert.Equal(["c0", "c1", "c2", "c3", "c4"], reply.Json["results"]!.AsArray().Select(result => (string?)result!["id"]));
    }

    [Fact]
    public async Task A_batch_over_many_silent_accounts_takes_the_time_of_one_request()
    {
        await using var gateway = await Start(options =>
        {
            options.RequestTimeout = TimeSpan.FromMilliseconds(300);
            options.MaxAccountsInFlightPerBatch = 1;
        });
        for (var i = 0; i < 20; i++)
        {
            gateway.Grains.Account($"a{i}").OnCharge = _ => Hang<ChargeReply>();
        }

        var reply = await gateway.Post("/v1/charges", $$"""{"charges":[{{string.Join(',', Enumerable.Range(0, 20).Select(i => $$"""{"account":"a{{i}}","id":"c","meter":"m","quantity":1}"""))}}]}""");

        Assert.All(reply.Json["results"]!.AsArray(), result => Assert.Equal("unavailable", (string?)result!["code"]));
        Assert.NotEmpty(gateway.Grains.Account("a0").Batches);
        Assert.Empty(gateway.Grains.Account("a19").Batches);
    }

    [Fact]
    public async Task When_the_callers_time_is_over_it_is_unavailable_and_may_be_tried_again()
    {
        await using var gateway = await Start(options => options.RequestTimeout = TimeSpan.FromSeconds(2));
        gateway.Grains.Account("acme").OnCharge = _ => Hang<ChargeReply>();

        var problem = (await gateway.Post(Path, Charge)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");

        Assert.NotNull(problem.Headers.RetryAfter);
        Assert.True(gateway.Grains.Account("acme").Charges.Count > 1, "A call that hangs should be sent again while there is time.");
        Assert.Equal(0, gateway.Services.GetRequiredService<RetryBudget>().Retrying);
    }

    [Fact]
    public async Task Over_the_budget_a_call_is_unavailable_after_its_first_attempt_and_what_is_given_back_may_be_used_again()
    {
        await using var gateway = await Start(options => options.MaxConcurrentRetries = 1);
        var isBack = false;
        var again = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var attempts = 0;
        gateway.Grains.Account("acme").OnCharge = charge =>
        {
            if (Interlocked.Increment(ref attempts) == 2)
            {
                again.SetResult();
            }

            return Volatile.Read(ref isBack) ? Done(charge) : Refuse(MovedAway);
        };
        var failures = 1;
        gateway.Grains.Account("other").OnCharge = charge => Interlocked.Decrement(ref failures) >= 0 ? Refuse(MovedAway) : Done(charge);

        var first = gateway.Post(Path, Charge);
        await again.Task.WaitAsync(TestContext.Current.CancellationToken);
        var second = await gateway.Post("/v1/accounts/other/charges", Charge);
        Volatile.Write(ref isBack, true);

        second.IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.Single(gateway.Grains.Account("other").Charges);
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        Volatile.Write(ref failures, 1);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/accounts/other/charges", Charge)).Status);
    }

    public static TheoryData<Exception> LoadShed => [new GatewayTooBusyException(), new LimitExceededException("waiting", 2, 1, "acme")];

    [Theory]
    [MemberData(nameof(LoadShed), DisableDiscoveryEnumeration = true)]
    public async Task A_silo_that_sheds_load_is_overloaded_and_is_not_asked_again(Exception shed)
    {
        await using var gateway = await Start();
        var attempts = 0;
        gateway.Grains.FailWhile(() => Interlocked.Increment(ref attempts) > 0, shed);

        var single = await gateway.Post(Path, Charge);
        var batch = await gateway.Post("/v1/charges", """{"charges":[{"account":"acme","id":"c","meter":"m","quantity":1}]}""");

        Assert.NotNull(single.IsProblem(HttpStatusCode.TooManyRequests, "overloaded").Headers.RetryAfter);
        Assert.Equal("overloaded", (string?)batch.Json["results"]![0]!["code"]);
        Assert.Equal(2, attempts);
    }

    [Theory]
    [InlineData(Code.Overloaded)]
    [InlineData(Code.Quarantined)]
    [InlineData(Code.RateLimited)]
    [InlineData(Code.InsufficientCredits)]
    public async Task A_refusal_that_another_moment_does_not_change_is_given_at_once(Code code)
    {
        await using var gateway = await Start();
        gateway.Grains.Account("acme").OnCharge = _ => Refuse(new Refusal { Code = code, Detail = "No." });

        await gateway.Post(Path, Charge);

        Assert.Single(gateway.Grains.Account("acme").Charges);
    }

    [Fact]
    public async Task A_fault_of_ours_is_not_repeated()
    {
        await using var gateway = await Start();
        var attempts = 0;
        gateway.Grains.FailWhile(() => Interlocked.Increment(ref attempts) > 0, new InvalidCastException());

        (await gateway.Post(Path, Charge)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");

        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task In_one_process_with_its_silo_nothing_is_tried_again()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => Refuse(MovedAway);

        (await gateway.Post(Path, Charge)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");

        Assert.Single(gateway.Grains.Account("acme").Charges);
    }

    private static Task<GatewayHost> Start(Action<GatewayOptions>? configure = null) => GatewayHost.Start(options =>
    {
        options.SiloTimeout = TimeSpan.FromMilliseconds(100);
        options.RequestTimeout = TimeSpan.FromSeconds(30);
        options.MaxConcurrentRetries = 100;
        configure?.Invoke(options);
    });

    private static Func<IServiceProvider, Task<Refusal?>> By(Func<GrainRouter, Task<Refusal?>> call) => services => call(services.GetRequiredService<GrainRouter>());

    private static async Task<Refusal?> ChargeMany(GrainCharges charging) => (await charging.ChargeMany("acme", [AnyCharge("c1")], charging.Begin()))[0].Refusal;

    private static ChargeRequest AnyCharge(string id) => new() { Id = id, Lines = [new ChargeLine { Meter = "m", Quantity = 1 }] };

    private static Task<Answer<T>> Hang<T>()
        where T : class => new TaskCompletionSource<Answer<T>>().Task;

    private static Task<Answer<ChargeReply>> Refuse(Refusal refusal) => Task.FromResult<Answer<ChargeReply>>(refusal);

    private static Task<Answer<ChargeReply>> Done(ChargeRequest charge) => Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id));
}
