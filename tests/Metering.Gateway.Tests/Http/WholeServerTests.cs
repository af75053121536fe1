using System.Net;
using Metering.Client;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

/// <summary>Both edges in front of the real grains: what is put in by one is read by the other.</summary>
public sealed class WholeServerTests
{
    private const string Card =
        """{"creditDefinition":"1 credit = 100 calls","meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"0.01"}]}]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_account_lives_through_its_whole_day()
    {
        await using var server = await WholeHost.Start();
        Assert.Equal("""{"status":"ready"}""", (await server.Get("/healthz/ready")).Text);

        var published = await server.Put("/v1/rate-cards/plain", Card);
        Assert.Equal((1, "plain"), ((int?)published.Json["version"], (string?)published.Json["id"]));
        Assert.Equal("0.01", (string?)(await server.Get("/v1/rate-cards/plain")).Json["meters"]![0]!["prices"]![0]!["unitPrice"]);
        (await server.Get("/v1/rate-cards/none")).IsProblem(HttpStatusCode.NotFound, "rate_card_not_found");
        (await server.Get("/v1/rate-cards/plain?version=2")).IsProblem(HttpStatusCode.NotFound, "rate_card_not_found");

        (await server.Get("/v1/accounts/acme")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
        var account = await server.Put("/v1/accounts/acme", """{"displayName":"Acme","rateCard":"plain"}""");
        Assert.Equal(("acme", "plain", "0", "journal"), ((string?)account.Json["account"], (string?)account.Json["rateCard"], (string?)account.Json["balance"], (string?)account.Json["durability"]));

        const string Grant = """{"id":"plan","amount":"10","kind":"plan"}""";
        var granted = await server.Post("/v1/accounts/acme/grants", Grant);
        Assert.Equal(("granted", "10", false), ((string?)granted.Json["outcome"], (string?)granted.Json["balance"], (bool?)granted.Json["replayed"]));
        Assert.Equal(true, (bool?)(await server.Post("/v1/accounts/acme/grants", Grant)).Json["replayed"]);
        (await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"11","kind":"plan"}""")).IsProblem(HttpStatusCode.Conflict, "id_reused");

        // 250 calls at 0.01 are 2.5 credits of 10.
        var charged = await server.Post("/v1/accounts/acme/charges", """{"id":"req-1","meter":"calls","quantity":"250","explain":true}""");
        Assert.Equal(("charged", "2.5", "7.5"), ((string?)charged.Json["outcome"], (string?)charged.Json["credits"], (string?)charged.Json["balance"]));
        Assert.Equal(("2.5", "plan"), ((string?)charged.Json["explanation"]![0]!["tiers"]![0]!["credits"], (string?)charged.Json["burned"]![0]!["grant"]));
        var again = await server.Post("/v1/accounts/acme/charges", """{"id":"req-1","lines":[{"meter":"calls","quantity":250.0}]}""");
        Assert.Equal((true, "2.5", (long?)charged.Json["sequence"]), ((bool?)again.Json["replayed"], (string?)again.Json["credits"], (long?)again.Json["sequence"]));
        Assert.Equal("250", (string?)(await server.Get("/v1/accounts/acme/charges/req-1")).Json["lines"]![0]!["quantity"]);
        (await server.Get("/v1/accounts/acme/charges/none")).IsProblem(HttpStatusCode.NotFound, "charge_not_found");

        // 751 calls would be 7.51 credits; 7.5 are left.
        var refused = (await server.Post("/v1/accounts/acme/charges", """{"id":"req-2","meter":"calls","quantity":751}""")).IsProblem(HttpStatusCode.PaymentRequired, "insufficient_credits");
        Assert.Equal(("acme", "7.51", "7.5"), ((string?)refused.Json["account"], (string?)refused.Json["required"], (string?)refused.Json["available"]));
        (await server.Post("/v1/accounts/acme/charges", """{"id":"req-2","meter":"nothing","quantity":1}""")).IsProblem(HttpStatusCode.UnprocessableEntity, "unknown_meter");

        var quoted = await server.Post(
            "/v1/accounts/acme/quotes",
            """{"id":"q","meter":"calls","quantity":"10","rateCard":{"meters":[{"meter":"calls","unit":"call","prices":[{"id":"x","kind":"per_unit","unitPrice":"0.5"}]}]}}""");
        Assert.Equal(("5", "2.5"), ((string?)quoted.Json["credits"], (string?)quoted.Json["balance"]));
        Assert.Equal(
            ["rateCard.meters[0].prices[0].unitPrice required"],
            (await server.Post(
                "/v1/accounts/acme/quotes",
                """{"id":"q","meter":"calls","quantity":"10","rateCard":{"meters":[{"meter":"calls","unit":"call","prices":[{"id":"x","kind":"per_unit"}]}]}}""")).Errors);

        var listed = await server.Get("/v1/accounts?prefix=ac");
        Assert.Equal("""{"accounts":[{"account":"acme","displayName":"Acme","balance":"7.5","available":"7.5"}]}""", listed.Text);
        var voided = await server.Send(HttpMethod.Delete, "/v1/accounts/acme/grants/plan", null);
        Assert.Equal(("voided", "7.5", "0"), ((string?)voided.Json["outcome"], (string?)voided.Json["credits"], (string?)voided.Json["balance"]));
        Assert.Equal("voided", (string?)(await server.Get("/v1/accounts/acme/grants")).Json["grants"]![0]!["status"]);
    }

    [Fact]
    public async Task Batches_and_events_charge_as_single_charges_do()
    {
        await using var server = await WholeHost.Start();
        await server.Put("/v1/rate-cards/plain", Card);
        await server.Put("/v1/accounts/acme", """{"rateCard":"plain","creditLimit":"1"}""");

        var batch = await server.Post(
            "/v1/charges",
            """
            {"charges":[{"account":"acme","id":"a","meter":"calls","quantity":100},{"account":"none","id":"a","meter":"calls","quantity":1},
                        {"account":"acme","id":"a","meter":"calls","quantity":100},{"account":"acme","id":"b","meter":"calls","quantity":1}]}
            """);
        var results = batch.Json["results"]!;
        Assert.Equal(("charged", false), ((string?)results[0]!["outcome"], (bool?)results[0]!["replayed"]));
        Assert.Equal("account_not_found", (string?)results[1]!["code"]);
        Assert.Equal(("1", true), ((string?)results[2]!["credits"], (bool?)results[2]!["replayed"]));
        Assert.Equal("insufficient_credits", (string?)results[3]!["code"]);

        var happened = await server.Post(
            "/v1/events", """{"specversion":"1.0","id":"1","source":"edge","type":"calls","subject":"acme","data":{"quantity":50}}""", "application/cloudevents+json");
        Assert.Equal(("edge:1", "0.5", "-1.5"), ((string?)happened.Json["id"], (string?)happened.Json["credits"], (string?)happened.Json["balance"]));
        Assert.Equal("""["insufficient_credits"]""", happened.Json["violations"]!.ToJsonString());
    }

    [Fact]
    public async Task The_client_and_http_see_the_same_account()
    {
        await using var server = await WholeHost.Start();
        using var client = new MeteringClient(server.GrpcAddress);
        await client.PublishRateCardAsync(
            "plain", new RateCard { Meters = [new Meter("calls", "call", [new Price { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = 0.01m }])] }, Cancellation);
        await client.PutAccountAsync("acme", new AccountSettings { RateCard = "plain" }, Cancellation);
        await client.AddGrantAsync("acme", new Grant { Id = "plan", Amount = 1m }, Cancellation);

        var charged = await client.ChargeAsync("acme", Charge.Of("req-1", "calls", 100m), Cancellation);
        var replayed = await server.Post("/v1/accounts/acme/charges", """{"id":"req-1","meter":"calls","quantity":"100"}""");
        var refused = await client.ChargeAsync("acme", Charge.Of("req-2", "calls", 1m), Cancellation);

        Assert.Equal((1m, 0m), (charged.Reply!.Credits, charged.Reply.Balance));
        Assert.Equal((true, charged.Reply.Sequence), ((bool)replayed.Json["replayed"]!, (long)replayed.Json["sequence"]!));
        Assert.Equal(("insufficient_credits", 0.01m, 0m), (refused.Refusal!.Code, refused.Refusal.Required, refused.Refusal.Available));
    }
}
