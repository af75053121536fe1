using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Tests.Security;

namespace Metering.Gateway.Tests.Http;

/// <summary>The reference tells what the server does: its examples are sent, and its shapes are held against replies.</summary>
public sealed class OpenApiTests
{
    private static readonly string[] Methods = ["get", "put", "post", "delete"];

    [Fact]
    public async Task Every_example_of_a_request_is_accepted()
    {
        await using var gateway = await TestKeys.StartAsAdmin();
        var sent = 0;
        foreach (var (path, method, operation) in await Operations(gateway))
        {
            foreach (var (contentType, content) in operation["requestBody"]?["content"]?.AsObject() ?? [])
            {
                (string, string)[] headers = path == "/v1/events" && contentType == "application/json"
                    ? [("ce-specversion", "1.0"), ("ce-id", "e"), ("ce-source", "s"), ("ce-type", "m"), ("ce-subject", "acme")]
                    : [];
                var reply = await gateway.Send(
                    new HttpMethod(method.ToUpperInvariant()), AddressOf(path), Encoding.UTF8.GetBytes(content!["example"]!.ToJsonString()), contentType, headers);

                Assert.True(reply.Status == HttpStatusCode.OK, $"{method} {path} ({contentType}): {reply.Text}");
                sent++;
            }
        }

        Assert.Equal(19, sent);
    }

    [Fact]
    public async Task Every_operation_is_there_under_its_address_with_an_example_of_its_reply()
    {
        await using var gateway = await GatewayHost.Start();

        var operations = await Operations(gateway);

        Assert.Equal(
            [
                "delete /v1/accounts/{account}", "delete /v1/accounts/{account}/budgets/{budget}", "delete /v1/accounts/{account}/grants/{grant}",
                "delete /v1/keys/{key}",
                "get /healthz/live", "get /healthz/ready", "get /v1/accounts", "get /v1/accounts/{account}", "get /v1/accounts/{account}/charges/{id}",
                "get /v1/accounts/{account}/grants", "get /v1/accounts/{account}/ledger", "get /v1/accounts/{account}/ledger/verify", "get /v1/accounts/{account}/statements/{month}", "get /v1/accounts/{account}/usage", "get /v1/accounts/{account}/watch", "get /v1/audit", "get /v1/audit/verify", "get /v1/keys", "get /v1/keys/{key}", "get /v1/rate-cards/{card}", "get /v1/usage", "post /v1/accounts/{account}/charges",
                "post /v1/accounts/{account}/charges/{charge}/reversals", "post /v1/accounts/{account}/grants", "post /v1/accounts/{account}/holds",
                "post /v1/accounts/{account}/holds/{hold}/release", "post /v1/accounts/{account}/holds/{hold}/settle",
                "post /v1/accounts/{account}/quotes", "post /v1/accounts/{account}/tokens", "post /v1/charges", "post /v1/events", "post /v1/keys",
                "post /v1/keys/{key}/rotate", "post /v1/rate-cards/{card}/simulate", "put /v1/accounts/{account}",
                "put /v1/accounts/{account}/budgets/{budget}", "put /v1/accounts/{account}/policy", "put /v1/rate-cards/{card}",
            ],
            operations.Select(operation => $"{operation.Method} {operation.Path}").Order(StringComparer.Ordinal));
        Assert.All(operations, operation =>
        {
            Assert.NotNull(operation.Node["operationId"]);
            Assert.NotNull(operation.Node["summary"]);
            Assert.NotNull(operation.Node["responses"]!["200"]!["content"]![ReplyType(operation.Path)]!["example"]);
            Assert.NotNull(operation.Node["responses"]!["400"]!["content"]!["application/problem+json"]!["schema"]);
        });
    }

    [Fact]
    public async Task Replies_have_the_fields_of_their_shapes_and_no_others()
    {
        await using var gateway = await TestKeys.StartAsAdmin();
        gateway.Grains.Keys.Ring = new KeyRing { Keys = [Samples.Key] };
        gateway.Grains.Directory.OnList = () => Task.FromResult(new AccountPage(["acme"], More: true));
        gateway.Grains.Account("acme").OnCharge = charge => Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id) with
        {
            Uncovered = 1m,
            Violations = [Code.AccountFrozen],
            Explanation = Samples.Explanation,
            Burned = [new GrantBurn("plan", 1m)],
            Crossed = [new CrossedThreshold("search", 50)],
        });
        gateway.Grains.Account("acme").OnGetCharge = () => Task.FromResult<Answer<ChargeView>>(Samples.ChargeView with
        {
            Hold = "h1",
            Reversed = 0.01m,
            Crossed = [new CrossedThreshold("search", 50)],
        });
        gateway.Grains.Account("acme").OnSettle = settle => Task.FromResult<Answer<SettleReply>>(Samples.Settled(settle.Id, settle.Hold) with
        {
            Violations = [Code.BudgetExceeded],
            Explanation = Samples.Explanation,
            Burned = [new GrantBurn("plan", 1m)],
            Crossed = [new CrossedThreshold("search", 50)],
        });
        var document = await Document(gateway);
        var compared = 0;
        foreach (var (path, method, operation) in await Operations(gateway))
        {
            var replyType = ReplyType(path);
            var content = operation["responses"]!["200"]!["content"]![replyType]!;
            Conforms(document, content["schema"]!, content["example"]!, $"example of {method} {path}");
            if (replyType != "application/json")
            {
                continue;
            }

            var request = operation["requestBody"]?["content"]?.AsObject().First();
            var reply = await gateway.Send(
                new HttpMethod(method.ToUpperInvariant()),
                AddressOf(path),
                request is { } body ? Encoding.UTF8.GetBytes(body.Value!["example"]!.ToJsonString()) : null,
                request?.Key);
            Conforms(document, content["schema"]!, reply.Json, $"{method} {path}");
            compared++;
        }

        var problem = await gateway.Post("/v1/charges", "{}");
        Conforms(document, document["components"]!["schemas"]!["Problem"]!, problem.Json, "problem");
        Assert.Equal(37, compared);
    }

    [Fact]
    public async Task Shapes_of_requests_know_exactly_the_fields_that_are_read()
    {
        await using var gateway = await GatewayHost.Start();
        var schemas = (await Document(gateway))["components"]!["schemas"]!;
        string FieldsOf(string schema)
        {
            Assert.False((bool?)schemas[schema]!["additionalProperties"]);
            return string.Join(' ', schemas[schema]!["properties"]!.AsObject().Select(property => property.Key).Order(StringComparer.Ordinal));
        }

        Assert.Equal("dimensions explain firstSentMillisecondsAgo id lines meter mode producer producerSequence quantity time", FieldsOf("Charge"));
        Assert.Equal("account dimensions explain firstSentMillisecondsAgo id lines meter mode producer producerSequence quantity time", FieldsOf("BatchCharge"));
        Assert.Equal("dimensions explain firstSentMillisecondsAgo id lines meter mode producer producerSequence quantity rateCard time", FieldsOf("QuoteRequest"));
        Assert.Equal("dimensions meter quantity", FieldsOf("ChargeLine"));
        Assert.Equal("amount effectiveAt expiresAt id kind meters priority recurrence rollover", FieldsOf("GrantRequest"));
        Assert.Equal("anchor count every", FieldsOf("Recurrence"));
        Assert.Equal("maximum minimum", FieldsOf("Rollover"));
        Assert.Equal("credits dimensions id meter mode quantity ttlSeconds", FieldsOf("HoldRequest"));
        Assert.Equal("credits explain final id mode quantity", FieldsOf("SettleRequest"));
        Assert.Equal("id", FieldsOf("ReleaseRequest"));
        Assert.Equal("id quantity", FieldsOf("ReversalRequest"));
        Assert.Equal("action limit scope thresholds window", FieldsOf("BudgetRequest"));
        Assert.Equal("dimensions meters", FieldsOf("BudgetScope"));
        Assert.Equal("allowedMeters blockedMeters frozen maximumCreditsPerCharge rateLimits requiredDimensions shadow", FieldsOf("PolicyRequest"));
        Assert.Equal("burst meter perSeconds quantity", FieldsOf("RateLimitRequest"));
        Assert.Equal("creditLimit discountPercent displayName metadata period rateCard", FieldsOf("AccountSettings"));
        Assert.Equal("convert freeUnits id kind maximumPerPeriod packagePrice packageSize perCharge tiers unitPrice when", FieldsOf("Price"));
        Assert.Equal("account draft from to", FieldsOf("SimulationRequest"));
        Assert.Equal("decimal", (string?)schemas["GrantRequest"]!["properties"]!["amount"]!["format"]);
        Assert.Equal("[\"enforce\",\"upTo\",\"record\"]", schemas["ChargeMode"]!["enum"]!.ToJsonString());
        Assert.Contains("half_up", schemas["ConversionRounding"]!["enum"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_reference_page_needs_nothing_from_elsewhere()
    {
        await using var gateway = await GatewayHost.Start();

        var page = await gateway.Get("/docs/");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.StartsWith("text/html", page.ContentType, StringComparison.Ordinal);
        Assert.DoesNotContain("cdn.", page.Text, StringComparison.Ordinal);
        Assert.Contains("\"url\":\"openapi/v1.json\"", page.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/docs/scalar.js")).Status);
    }

    private static string ReplyType(string path) =>
        path.EndsWith("/watch", StringComparison.Ordinal) ? "text/event-stream" : "application/json";

    private static string AddressOf(string path) => path
        .Replace("{hold}", "h1", StringComparison.Ordinal).Replace("{budget}", "search", StringComparison.Ordinal)
        .Replace("{charge}", "req-1", StringComparison.Ordinal).Replace("{key}", "K7dQ2mZx0PbT", StringComparison.Ordinal)
        .Replace("{account}", "acme", StringComparison.Ordinal).Replace("{grant}", "plan", StringComparison.Ordinal)
        .Replace("{id}", "req-1", StringComparison.Ordinal).Replace("{card}", "default", StringComparison.Ordinal).Replace("{month}", "2026-01", StringComparison.Ordinal)
        + (path.EndsWith("/usage", StringComparison.Ordinal) ? "?from=2026-01-31T12:00:00Z&to=2026-01-31T13:00:00Z&groupBy=meter" : "");

    private static async Task<JsonNode> Document(GatewayHost gateway) => (await gateway.Get("/openapi/v1.json")).Json;

    private static async Task<List<(string Path, string Method, JsonNode Node)>> Operations(GatewayHost gateway) =>
        [.. (await Document(gateway))["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()
            .Where(item => Methods.Contains(item.Key)).Select(item => (path.Key, item.Key, item.Value!)))];

    /// <summary>Every field is in the shape, every required one is there, and every value is one of its enumeration.</summary>
    private static void Conforms(JsonNode document, JsonNode schema, JsonNode value, string where)
    {
        schema = Resolve(document, schema);
        if (value is JsonArray array)
        {
            foreach (var item in array)
            {
                Conforms(document, schema["items"]!, item!, $"{where}[]");
            }
        }
        else if (value is JsonObject fields && schema["properties"] is JsonObject properties)
        {
            foreach (var required in schema["required"]?.AsArray() ?? [])
            {
                Assert.True(fields.ContainsKey((string)required!), $"{where}: {required} is missing in {value.ToJsonString()}");
            }

            foreach (var (name, field) in fields)
            {
                Assert.True(properties.ContainsKey(name), $"{where}: {name} is not in the shape");
                Conforms(document, properties[name]!, field!, $"{where}.{name}");
            }
        }
        else if (schema["enum"] is JsonArray names)
        {
            Assert.Contains((string?)value, names.Select(name => (string?)name));
        }
    }

    private static JsonNode Resolve(JsonNode document, JsonNode schema)
    {
        schema = schema["oneOf"]?.AsArray().First(choice => choice!["$ref"] is not null) ?? schema;
        return (string?)schema["$ref"] is { } reference
            ? document["components"]!["schemas"]![reference["#/components/schemas/".Length..]]!
            : schema;
    }
}
