using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Wire;
using GrpcHealth = Grpc.Health.V1.Health;

namespace Metering.Gateway.Tests.Grpc;

public sealed class GrpcTests
{
    /// <summary>Only what passes by itself has a status that clients retry by themselves.</summary>
    public static TheoryData<string, StatusCode> StatusOfCode => new()
    {
        { "invalid_request", StatusCode.InvalidArgument }, { "unauthenticated", StatusCode.Unauthenticated }, { "forbidden", StatusCode.PermissionDenied },
        { "account_not_found", StatusCode.NotFound }, { "grant_not_found", StatusCode.NotFound }, { "charge_not_found", StatusCode.NotFound },
        { "hold_not_found", StatusCode.NotFound }, { "budget_not_found", StatusCode.NotFound }, { "rate_card_not_found", StatusCode.NotFound },
        { "id_reused", StatusCode.AlreadyExists }, { "account_closed", StatusCode.FailedPrecondition }, { "hold_closed", StatusCode.FailedPrecondition },
        { "hold_expired", StatusCode.FailedPrecondition }, { "holds_open", StatusCode.FailedPrecondition }, { "account_frozen", StatusCode.PermissionDenied },
        { "meter_not_allowed", StatusCode.PermissionDenied }, { "charge_too_large", StatusCode.PermissionDenied },
        { "dimension_required", StatusCode.FailedPrecondition }, { "unknown_meter", StatusCode.FailedPrecondition }, { "no_price", StatusCode.FailedPrecondition },
        { "too_old", StatusCode.OutOfRange }, { "in_future", StatusCode.OutOfRange }, { "out_of_range", StatusCode.OutOfRange },
        { "exceeds_charge", StatusCode.FailedPrecondition }, { "rate_limited", StatusCode.ResourceExhausted },
        { "budget_exceeded", StatusCode.FailedPrecondition }, { "insufficient_credits", StatusCode.FailedPrecondition },
        { "overloaded", StatusCode.ResourceExhausted }, { "unavailable", StatusCode.Unavailable }, { "quarantined", StatusCode.DataLoss }, { "key_not_found", StatusCode.NotFound },
        { "detail_not_kept", StatusCode.FailedPrecondition }, { "last_admin_key", StatusCode.FailedPrecondition },
    };

    private static CallOptions Options => new(cancellationToken: TestContext.Current.CancellationToken);

    [Theory]
    [MemberData(nameof(StatusOfCode))]
    public async Task Every_code_has_its_status_and_travels_in_the_trailers(string name, StatusCode status)
    {
        await using var gateway = await GatewayHost.Start();
        var code = System.Enum.GetValues<Contracts.Code>().Single(code => WireNames.Of(code) == name);
        gateway.Grains.Account("acme").OnCharge = _ => Task.FromResult<Answer<ChargeReply>>(new Refusal
        {
            Code = code,
            Detail = "Because.",
            Account = "acme",
            Required = 0.072m,
            Available = 0.01m,
            RetryAfter = TimeSpan.FromSeconds(2),
        });

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Client.ChargeAsync(Charge(), Options));

        Assert.Equal(status, refused.StatusCode);
        Assert.Equal(name, refused.Trailers.GetValue("metering-code"));
        var details = refused.GetRpcStatus()!;
        Assert.Equal((name, "metering.v1"), (details.GetDetail<ErrorInfo>()!.Reason, details.GetDetail<ErrorInfo>()!.Domain));
        var refusal = details.GetDetail<V1.Refusal>()!;
        Assert.Equal((name, "Because.", "acme", 72_000_000), (refusal.Code, refusal.Detail, refusal.Account, refusal.Required.Nanos));
        Assert.Equal(name is "rate_limited" or "overloaded" or "unavailable", refusal.Retryable);
        Assert.Equal(2, details.GetDetail<RetryInfo>()!.RetryDelay.Seconds);
    }

    [Fact]
    public async Task What_a_rate_limit_can_never_let_through_names_no_wait()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => Task.FromResult<Answer<ChargeReply>>(new Refusal { Code = Contracts.Code.RateLimited, Detail = "Too large.", IsLasting = true });

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Client.ChargeAsync(Charge(), Options));

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.False(refused.GetRpcStatus()!.GetDetail<V1.Refusal>()!.Retryable);
        Assert.Null(refused.GetRpcStatus()!.GetDetail<RetryInfo>());
    }

    [Fact]
    public void Every_code_is_in_the_table_above() =>
        Assert.Equal(System.Enum.GetValues<Contracts.Code>().Select(WireNames.Of), StatusOfCode.Select(row => row.Data.Item1));

    [Fact]
    public async Task A_charge_reaches_its_account_and_its_reply_the_caller()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = charge => Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id) with
        {
            Credits = -0.5m,
            Uncovered = 1.000000001m,
            Violations = [Contracts.Code.BudgetExceeded],
            Explanation = Samples.Explanation,
            Burned = [new GrantBurn("plan", 0.072m)],
        });
        var request = Charge();
        request.Time = Timestamp.FromDateTimeOffset(Samples.At);
        request.Mode = V1.ChargeMode.Record;
        request.Explain = true;
        request.Lines[0].Quantity = new V1.Decimal { Units = 1200, Nanos = 500_000_000 };
        request.Lines[0].Dimensions["model"] = "gpt-4";

        var reply = await gateway.Client.ChargeAsync(request, Options);

        var charge = Assert.Single(gateway.Grains.Account("acme").Charges);
        Assert.Equal((ChargeMode.Record, true, (DateTimeOffset?)Samples.At, 1200.5m), (charge.Mode, charge.Explain, charge.Time, charge.Lines[0].Quantity));
        Assert.Equal("gpt-4", charge.Lines[0].Dimensions["model"]);
        Assert.Equal((0L, -500_000_000), (reply.Credits.Units, reply.Credits.Nanos));
        Assert.Equal((1L, 1), (reply.Uncovered.Units, reply.Uncovered.Nanos));
        Assert.Equal((99L, 928_000_000), (reply.Balance.Units, reply.Balance.Nanos));
        Assert.Equal(["budget_exceeded"], reply.Violations);
        Assert.Equal("discount", reply.Explanation[0].Adjustments[0].Kind);
        Assert.Equal("plan", reply.Burned[0].Grant);
    }

    [Fact]
    public async Task Every_operation_answers()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Directory.OnList = () => Task.FromResult(new AccountPage(["acme"], More: true));
        var client = gateway.Client;

        var account = await client.PutAccountAsync(
            new V1.PutAccountRequest { Account = "acme", Settings = new V1.AccountSettings { DisplayName = "Acme", Period = new V1.Period { Every = V1.PeriodUnit.Week } } }, Options);
        Assert.Equal(("acme", V1.Durability.Journal, V1.GrantKind.Plan), (account.Account_, account.Durability, account.Grants[0].Kind));
        Assert.Equal(("default", PeriodUnit.Week), (gateway.Grains.Account("acme").Settings!.RateCard, gateway.Grains.Account("acme").Settings!.Period.Every));
        Assert.Equal(account, await client.GetAccountAsync(new V1.GetAccountRequest { Account = "acme" }, Options));

        var page = await client.ListAccountsAsync(new V1.ListAccountsRequest { Prefix = "a" }, Options);
        Assert.Equal(("acme", "Acme", true), (page.Accounts[0].Account, page.Accounts[0].DisplayName, page.Cursor.Length > 0));

        var grant = await client.AddGrantAsync(new V1.AddGrantRequest { Account = "acme", Id = "g", Amount = new V1.Decimal { Units = 5 } }, Options);
        Assert.Equal(("granted", 100), (grant.Outcome, gateway.Grains.Account("acme").Grant!.Priority));
        await client.VoidGrantAsync(new V1.VoidGrantRequest { Account = "acme", Grant = "g" }, Options);
        Assert.Equal("g", gateway.Grains.Account("acme").Voided);
        Assert.Equal("plan", (await client.ListGrantsAsync(new V1.ListGrantsRequest { Account = "acme" }, Options)).Grants[0].Id);

        var charge = await client.GetChargeAsync(new V1.GetChargeRequest { Account = "acme", Id = "req-1" }, Options);
        Assert.Equal((V1.ChargeMode.UpTo, "gpt-4"), (charge.Mode, charge.Lines[0].Dimensions["model"]));

        var card = await client.GetRateCardAsync(new V1.GetRateCardRequest { Card = "default", Version = 3 }, Options);
        Assert.Equal(3, gateway.Grains.RateCard("default").VersionRead);
        var published = await client.PublishRateCardAsync(new V1.PublishRateCardRequest { Card = "default", Draft = card.Card }, Options);
        Assert.Equal(("ab12", 3), (published.ContentHash, published.Version));
        Assert.Equivalent(Samples.RateCard("default").Card, gateway.Grains.RateCard("default").Draft, strict: true);

        var quote = await client.QuoteAsync(new V1.QuoteRequest { Charge = Charge(), RateCard = card.Card }, Options);
        Assert.Equal(72_000_000, quote.Credits.Nanos);
        Assert.NotNull(gateway.Grains.Account("acme").Quoted!.Value.Draft);
    }

    [Fact]
    public async Task A_batch_answers_each_charge_where_it_stood()
    {
        await using var gateway = await GatewayHost.Start();
        var request = new V1.ChargeManyRequest { Charges = { Charge("a"), new V1.ChargeRequest { Account = "b" }, Charge("b") } };

        var reply = await gateway.Client.ChargeManyAsync(request, Options);

        Assert.Equal("req-1", reply.Results[0].Reply.Id);
        Assert.Equal(["id required", "lines required"], reply.Results[1].Refusal.Errors.Select(error => $"{error.Path} {error.Code}"));
        Assert.Equal("req-1", reply.Results[2].Reply.Id);
    }

    [Fact]
    public async Task A_batch_may_have_ten_thousand_charges_and_not_one_more()
    {
        await using var gateway = await GatewayHost.Start();
        var request = new V1.ChargeManyRequest();
        request.Charges.Add(Enumerable.Repeat(Charge(), 10_000));

        Assert.Equal(10_000, (await gateway.Client.ChargeManyAsync(request, Options)).Results.Count);
        request.Charges.Add(Charge());
        Assert.Equal(["charges too_many"], await Faults(async () => await gateway.Client.ChargeManyAsync(request, Options)));
    }

    [Fact]
    public async Task A_message_may_be_as_large_as_the_limit_and_not_larger()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxBodyBytes = 100_000);
        var request = new V1.ChargeManyRequest { Charges = { Charge() } };
        request.Charges[0].Lines[0].Dimensions["d"] = new string('v', 90_000);
        request.Charges[0].Lines[0].Dimensions["d"] += new string('v', 100_000 - request.CalculateSize());
        Assert.Equal(100_000, request.CalculateSize());

        var reply = await gateway.Client.ChargeManyAsync(request, Options);
        request.Charges[0].Id += "x";
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Client.ChargeManyAsync(request, Options));

        Assert.Equal("lines[0].dimensions.d", Assert.Single(reply.Results[0].Refusal.Errors).Path);
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    [Fact]
    public async Task Whatever_a_grain_fails_with_is_unavailable()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => throw new InvalidCastException();

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Client.ChargeAsync(Charge(), Options));

        Assert.Equal((StatusCode.Unavailable, "unavailable"), (refused.StatusCode, refused.Trailers.GetValue("metering-code")));
    }

    [Fact]
    public async Task Health_is_told_to_who_asks_for_all_and_for_the_service()
    {
        await using var gateway = await GatewayHost.Start();
        var health = new GrpcHealth.HealthClient(gateway.Channel);

        foreach (var service in new[] { "", "metering.v1.Metering" })
        {
            var reply = await health.CheckAsync(new HealthCheckRequest { Service = service }, Options);
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, reply.Status);
        }
    }

    [Fact]
    public async Task Health_is_not_serving_while_the_silo_does_not_answer()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Directory.OnList = () => throw new TimeoutException();

        var reply = await new GrpcHealth.HealthClient(gateway.Channel).CheckAsync(new HealthCheckRequest(), Options);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, reply.Status);
    }

    [Fact]
    public async Task What_is_not_there_is_unimplemented()
    {
        await using var gateway = await GatewayHost.Start();
        var marshaller = Marshallers.Create<string>(_ => [], _ => "");
        foreach (var service in new[] { "metering.v1.Metering", "metering.v2.Metering" })
        {
            var method = new Method<string, string>(MethodType.Unary, service, "Nothing", marshaller, marshaller);

            var refused = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, Options, ""));

            Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Reflection_tells_which_services_there_are()
    {
        await using var gateway = await GatewayHost.Start();
        using var call = new ServerReflection.ServerReflectionClient(gateway.Channel).ServerReflectionInfo(Options);
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, TestContext.Current.CancellationToken);

        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));

        Assert.Contains("metering.v1.Metering", call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name));
    }

    internal static V1.ChargeRequest Charge(string account = "acme", string id = "req-1") => new()
    {
        Account = account,
        Id = id,
        Lines = { new V1.ChargeLine { Meter = "m", Quantity = new V1.Decimal { Units = 1 } } },
    };

    internal static async Task<IReadOnlyList<string>> Faults(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        return [.. refused.GetRpcStatus()!.GetDetail<V1.Refusal>()!.Errors.Select(error => $"{error.Path} {error.Code}")];
    }
}
