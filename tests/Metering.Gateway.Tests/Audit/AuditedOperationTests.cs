using System.Net;
using System.Text;
using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Audit;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Security;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Tests.Security;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Audit;

/// <summary>Everything that changes something is called over both edges, and held against the list of what is audited.</summary>
public sealed class AuditedOperationTests
{
    /// <summary>How each audited method of gRPC is called.</summary>
    private static readonly Dictionary<string, Func<V1.Metering.MeteringClient, CallOptions, AsyncUnaryCall<object>>> Methods = new()
    {
        ["PutAccount"] = (client, options) => Of(client.PutAccountAsync(new V1.PutAccountRequest { Account = "acme" }, options)),
        ["CloseAccount"] = (client, options) => Of(client.CloseAccountAsync(new V1.CloseAccountRequest { Account = "acme" }, options)),
        ["AddGrant"] = (client, options) => Of(client.AddGrantAsync(new V1.AddGrantRequest { Account = "acme", Id = "plan", Amount = new V1.Decimal { Units = 1 } }, options)),
        ["VoidGrant"] = (client, options) => Of(client.VoidGrantAsync(new V1.VoidGrantRequest { Account = "acme", Grant = "plan" }, options)),
        ["PutBudget"] = (client, options) => Of(client.PutBudgetAsync(new V1.PutBudgetRequest { Account = "acme", Budget = "search", Limit = new V1.Decimal { Units = 1 }, Window = V1.BudgetWindow.Day }, options)),
        ["DeleteBudget"] = (client, options) => Of(client.DeleteBudgetAsync(new V1.DeleteBudgetRequest { Account = "acme", Budget = "search" }, options)),
        ["PutPolicy"] = (client, options) => Of(client.PutPolicyAsync(new V1.PutPolicyRequest { Account = "acme", Policy = new V1.PolicySettings() }, options)),
        ["ReverseCharge"] = (client, options) => Of(client.ReverseChargeAsync(new V1.ReverseChargeRequest { Account = "acme", Charge = "req-1", Id = "undo-1" }, options)),
        ["PublishRateCard"] = (client, options) => Of(client.PublishRateCardAsync(Card(), options)),
    };

    [Fact]
    public async Task Whatever_changes_something_is_audited_or_named_as_usage()
    {
        await using var gateway = await GatewayHost.Start();
        var names = gateway.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(AuditRules.NameOf).OfType<string>().ToList();

        Assert.True(names.Count > 30, $"Only {names.Count} endpoints were found that change something.");
        Assert.All(names, static name => Assert.True(AuditRules.Audited.ContainsKey(name) != AuditRules.Usage.Contains(name), $"{name} must be either audited or named as usage."));
        Assert.Empty(AuditRules.Audited.Keys.Concat(AuditRules.Usage).Except(names, StringComparer.OrdinalIgnoreCase));
        Assert.Equal(Enum.GetValues<AuditOperation>(), AuditRules.Audited.Values.Distinct().Order());
    }

    [Fact]
    public async Task Every_audited_route_writes_that_it_is_about_to_change_something_and_what_became_of_it_and_no_other_does()
    {
        await using var gateway = await TestKeys.StartAsAdmin();
        var called = 0;
        foreach (var route in gateway.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>())
        {
            if (route.Metadata.GetMetadata<Operation>() is not { Method: not "GET" } operation)
            {
                continue;
            }

            gateway.Grains.Audit.Begun.Clear();
            gateway.Grains.Audit.Ended.Clear();
            var path = route.RoutePattern.Parameters.Aggregate(operation.Route, static (path, parameter) => path.Replace($"{{{parameter.Name}}}", NameOf(parameter.Name), StringComparison.Ordinal));
            var request = operation.Requests is [var first, ..] ? first : null;
            var reply = await gateway.Send(new HttpMethod(operation.Method), path, request is null ? null : Encoding.UTF8.GetBytes(request.Example), request?.ContentType);

            Assert.True(reply.Status == HttpStatusCode.OK, $"{operation.Id} answers {reply.Text}");
            Check(gateway, operation.Id);
            called++;
        }

        Assert.True(called > 18, $"Only {called} operations were called.");
    }

    [Fact]
    public async Task Every_audited_method_does_so_too()
    {
        await using var gateway = await TestKeys.StartAsAdmin();
        Assert.Equal(
            V1.Metering.Descriptor.Methods.Select(static method => method.Name).Where(AuditRules.Audited.ContainsKey).Order(),
            Methods.Keys.Order());
        foreach (var (method, call) in Methods)
        {
            gateway.Grains.Audit.Begun.Clear();
            gateway.Grains.Audit.Ended.Clear();
            using var calling = call(gateway.Client, With(TestKeys.AdminKey));
            await calling;
            Check(gateway, method);
        }
    }

    [Fact]
    public async Task What_cannot_be_written_down_is_not_done()
    {
        await using var gateway = await TestKeys.StartAsAdmin();
        gateway.Grains.Audit.OnBegin = static _ => new Refusal { Code = Code.Overloaded, Detail = "Too many." };

        (await gateway.Put("/v1/accounts/acme", "{}")).IsProblem(HttpStatusCode.TooManyRequests, "overloaded");
        (await gateway.Post("/v1/accounts/acme/grants", """{"id":"g","amount":"1"}""")).IsProblem(HttpStatusCode.TooManyRequests, "overloaded");
        (await gateway.Put("/v1/rate-cards/default", """{"creditDefinition":"1","meters":[{"meter":"m","unit":"call","prices":[{"id":"p","kind":"per_unit","unitPrice":"1"}]}]}""")).IsProblem(HttpStatusCode.TooManyRequests, "overloaded");
        (await gateway.Post("/v1/accounts/acme/tokens", "{}")).IsProblem(HttpStatusCode.TooManyRequests, "overloaded");
        var method = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Client.PutPolicyAsync(
            new V1.PutPolicyRequest { Account = "acme", Policy = new V1.PolicySettings() }, With(TestKeys.AdminKey)));

        Assert.Equal(StatusCode.ResourceExhausted, method.StatusCode);
        var account = gateway.Grains.Account("acme");
        Assert.Equal((null, null, null), (account.Settings, account.Grant, account.Policy));
        Assert.Null(gateway.Grains.RateCard("default").Draft);
        Assert.Empty(gateway.Grains.Audit.Ended);
    }

    [Fact]
    public async Task What_was_done_and_could_not_be_told_is_not_acknowledged()
    {
        await using var gateway = await TestKeys.StartAsAdmin();
        gateway.Grains.Audit.OnEnd = static _ => new Refusal { Code = Code.Unavailable, Detail = "It cannot be written." };

        var problem = (await gateway.Put("/v1/accounts/acme", "{}")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");

        Assert.Contains("audit log", (string)problem.Json["detail"]!, StringComparison.Ordinal);
        Assert.NotNull(gateway.Grains.Account("acme").Settings);
    }

    [Fact]
    public async Task What_was_refused_says_why_and_of_what_was_not_answered_nobody_knows()
    {
        await using var gateway = await TestKeys.StartAsAdmin();
        gateway.Grains.Account("acme").OnGrant = static () => Task.FromResult<Answer<GrantReply>>(new Refusal { Code = Code.AccountClosed, Detail = "Closed." });
        gateway.Grains.Account("other").OnGrant = static () => throw new TimeoutException();

        await gateway.Post("/v1/accounts/acme/grants", """{"id":"g","amount":"1"}""");
        await gateway.Post("/v1/accounts/other/grants", """{"id":"g","amount":"1"}""");

        Assert.Equal([(AuditOutcome.Refused, Code.AccountClosed, null), (AuditOutcome.Unknown, Code.Unavailable, null)], gateway.Grains.Audit.Ended.Select(static result => (result.Outcome, result.Refusal!.Value, result.After)));
        Assert.All(gateway.Grains.Audit.Begun, static intent => Assert.Contains("\"amount\":\"1\"", intent.Requested, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Role.Charge, 0)]
    [InlineData(Role.Operator, 2)]
    public async Task A_reversal_is_usage_of_a_key_that_charges_and_a_correction_of_an_operator(Role role, int entries)
    {
        var keys = new TestKeys();
        var key = keys.Add(role, static key => key with { Name = "support" });
        await using var gateway = await keys.Start();

        await gateway.Client.ReverseChargeAsync(new V1.ReverseChargeRequest { Account = "acme", Charge = "req-1", Id = "undo-1" }, With(key));
        await gateway.Send(HttpMethod.Post, "/v1/accounts/acme/charges/req-1/reversals", """{"id":"undo-1"}"""u8.ToArray(), "application/json", ("Authorization", $"Bearer {key}"));

        Assert.NotNull(gateway.Grains.Account("acme").Reversal);
        Assert.Equal(entries, gateway.Grains.Audit.Begun.Count);
        Assert.All(gateway.Grains.Audit.Begun, intent => Assert.Equal(
            ($"key:{key.Split('_')[1]}", "support", "127.0.0.1", "accounts/acme/charges/req-1/reversals/undo-1"), (intent.Actor, intent.ActorName, intent.Address, intent.Resource)));
    }

    [Theory]
    [InlineData("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to conflict")]
    [InlineData("operation=grant.add,grant.steal", "operation bad_format")]
    [InlineData("limit=1001", "limit out_of_range")]
    [InlineData("cursor=YXVkaXQ6MA", "cursor bad_format")]
    [InlineData("format=xml", "format bad_format")]
    [InlineData("account=acme", "account unknown_field")]
    public async Task What_the_log_cannot_be_asked_is_refused_by_path(string query, string fault)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal([fault], (await gateway.Get($"/v1/audit?{query}")).Errors);
    }

    /// <summary>Of what the fake grains have.</summary>
    private static string NameOf(string parameter) => parameter switch
    {
        "account" => "acme",
        "grant" => "plan",
        "budget" => "search",
        _ => "one",
    };

    private static CallOptions With(string key) =>
        new(new Metadata { { "authorization", $"Bearer {key}" } }, cancellationToken: TestContext.Current.CancellationToken);

    private static void Check(GatewayHost gateway, string name)
    {
        var isAudited = AuditRules.Audited.TryGetValue(name, out var operation);
        Assert.True(gateway.Grains.Audit.Begun.Count == (isAudited ? 1 : 0), $"{name} began {gateway.Grains.Audit.Begun.Count} entries.");
        Assert.True(gateway.Grains.Audit.Ended.Count == (isAudited ? 1 : 0), $"{name} ended {gateway.Grains.Audit.Ended.Count} entries.");
        if (isAudited)
        {
            var (intent, result) = (gateway.Grains.Audit.Begun.Single(), gateway.Grains.Audit.Ended.Single());
            Assert.Equal((operation, intent.Id, AuditOutcome.Done), (intent.Operation, result.Intent, result.Outcome));
            Assert.Equal((Caller.BySetting, null, "127.0.0.1"), (intent.Actor, intent.ActorName, intent.Address));
            Assert.True(intent.Before is not null || result.After is not null, $"{name} says neither what was nor what is.");
        }
    }

    private static V1.PublishRateCardRequest Card() => new()
    {
        Card = "default",
        Draft = new V1.RateCardDraft
        {
            CreditDefinition = "1 credit = 1 call",
            Meters = { new V1.Meter { Meter_ = "m", Unit = "call", Prices = { new V1.Price { Id = "p", Kind = V1.PriceKind.PerUnit, UnitPrice = new V1.Decimal { Units = 1 } } } } },
        },
    };

    private static AsyncUnaryCall<object> Of<T>(AsyncUnaryCall<T> call)
        where T : class => new(Await(call), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);

    private static async Task<object> Await<T>(AsyncUnaryCall<T> call)
        where T : class => await call;
}
