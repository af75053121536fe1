using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

/// <summary>The whole credit model over HTTP, in front of the real grains. 100 tokens cost 1 credit, a call 0.5.</summary>
public sealed class WholeModelTests
{
    private const string Acme = "/v1/accounts/acme";
    private const string Card =
        """
        {"meters":[{"meter":"llm.tokens","unit":"token","prices":[{"id":"tokens","kind":"per_unit","unitPrice":"0.01"}]},
                   {"meter":"api.calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"0.5"}]}]}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Credits_are_held_settled_in_parts_and_released()
    {
        await using var server = await Start(credits: 10);

        // 600 tokens are 6 credits.
        var held = await server.Post($"{Acme}/holds", """{"id":"h1","meter":"llm.tokens","quantity":"600","ttlSeconds":3600}""");
        Assert.Equal(("h1", "held", "6", "10", "4"), (Text(held, "hold"), Text(held, "outcome"), Text(held, "credits"), Text(held, "balance"), Text(held, "available")));
        Assert.Equal(true, (bool?)(await server.Post($"{Acme}/holds", """{"id":"h1","meter":"llm.tokens","quantity":600,"ttlSeconds":3600}""")).Json["replayed"]);
        (await server.Post($"{Acme}/holds", """{"id":"h1","meter":"llm.tokens","quantity":601}""")).IsProblem(HttpStatusCode.Conflict, "id_reused");
        (await server.Post($"{Acme}/holds", """{"id":"h2","credits":"4.000000001"}""")).IsProblem(HttpStatusCode.PaymentRequired, "insufficient_credits");
        var upTo = await server.Post($"{Acme}/holds", """{"id":"h2","credits":"5","mode":"upTo"}""");
        Assert.Equal(("4", "0"), (Text(upTo, "credits"), Text(upTo, "available")));

        var account = (await server.Get(Acme)).Json;
        Assert.Equal(("open", "10", "2"), ((string?)account["status"], (string?)account["held"], account["holdCount"]!.ToJsonString()));
        Assert.Equal(("h2", "4"), ((string?)account["holds"]![0]!["hold"], (string?)account["holds"]![0]!["credits"]));
        Assert.Equal(("h1", "llm.tokens"), ((string?)account["holds"]![1]!["hold"], (string?)account["holds"]![1]!["meter"]));
        (await server.Send(HttpMethod.Delete, Acme, null)).IsProblem(HttpStatusCode.Conflict, "holds_open");

        var part = await server.Post($"{Acme}/holds/h1/settle", """{"id":"s1","quantity":"200","final":false}""");
        Assert.Equal(("settled", "2", "0", "8", "0"), (Text(part, "outcome"), Text(part, "credits"), Text(part, "released"), Text(part, "balance"), Text(part, "available")));
        var final = await server.Post($"{Acme}/holds/h1/settle", """{"id":"s2","quantity":"100","explain":true}""");
        Assert.Equal(("1", "3", "7", "3"), (Text(final, "credits"), Text(final, "released"), Text(final, "balance"), Text(final, "available")));
        Assert.Equal(("tokens", "plan"), ((string?)final.Json["explanation"]![0]!["price"], (string?)final.Json["burned"]![0]!["grant"]));
        Assert.Equal("h1", (string?)(await server.Get($"{Acme}/charges/s2")).Json["hold"]);
        (await server.Post($"{Acme}/holds/h1/settle", """{"id":"s3","quantity":"1"}""")).IsProblem(HttpStatusCode.Conflict, "hold_closed");
        (await server.Post($"{Acme}/holds/none/settle", """{"id":"s3","quantity":"1"}""")).IsProblem(HttpStatusCode.NotFound, "hold_not_found");

        var released = await server.Post($"{Acme}/holds/h2/release", """{"id":"s4"}""");
        Assert.Equal(("released", "0", "4", "7"), (Text(released, "outcome"), Text(released, "credits"), Text(released, "released"), Text(released, "available")));
    }

    [Fact]
    public async Task A_charge_is_given_back_in_parts_and_never_more_than_it_took()
    {
        await using var server = await Start(credits: 10);
        await server.Post($"{Acme}/charges", """{"id":"c1","meter":"llm.tokens","quantity":"300"}""");

        var part = await server.Post($"{Acme}/charges/c1/reversals", """{"id":"r1","quantity":"100"}""");
        Assert.Equal(("reversed", "c1", "1", "8"), (Text(part, "outcome"), Text(part, "charge"), Text(part, "credits"), Text(part, "balance")));
        Assert.Equal("""[{"grant":"plan","credits":"1"}]""", part.Json["returned"]!.ToJsonString());
        (await server.Post($"{Acme}/charges/c1/reversals", """{"id":"r2","quantity":"200.000000001"}""")).IsProblem(HttpStatusCode.UnprocessableEntity, "exceeds_charge");
        Assert.Equal("2", Text(await server.Post($"{Acme}/charges/c1/reversals", """{"id":"r2"}"""), "credits"));
        Assert.Equal("3", Text(await server.Get($"{Acme}/charges/c1"), "reversed"));
        (await server.Post($"{Acme}/charges/none/reversals", """{"id":"r3"}""")).IsProblem(HttpStatusCode.NotFound, "charge_not_found");
    }

    [Fact]
    public async Task Budgets_tell_when_they_are_crossed_and_block_what_goes_above()
    {
        await using var server = await Start(credits: 100);
        var all = await server.Put($"{Acme}/budgets/all", """{"window":"total","limit":"10","thresholds":[50,100],"action":"block"}""");
        Assert.Equal(("all", "0", "[]"), (Text(all, "id"), Text(all, "spent"), all.Json["crossed"]!.ToJsonString()));
        var keys = await server.Put($"{Acme}/budgets/keys", """{"scope":{"meters":["llm.*","sms.*"],"dimensions":{"key":"*"}},"window":"day","limit":"4","thresholds":[100]}""");
        Assert.Equal("""["sms.* fits no meter of the rate card plain."]""", keys.Json["warnings"]!.ToJsonString());

        var crossing = await server.Post($"{Acme}/charges", """{"id":"c1","meter":"llm.tokens","quantity":"500","dimensions":{"key":"k1"}}""");
        Assert.Equal(
            ["all 50", "keys 100"],
            crossing.Json["crossed"]!.AsArray().Select(crossed => $"{crossed!["budget"]} {crossed["threshold"]}").Order(StringComparer.Ordinal));
        (await server.Post($"{Acme}/charges", """{"id":"c2","meter":"llm.tokens","quantity":"500.0000001"}""")).IsProblem(HttpStatusCode.PaymentRequired, "budget_exceeded");
        var recorded = await server.Post($"{Acme}/charges", """{"id":"c3","meter":"api.calls","quantity":"11","mode":"record"}""");
        Assert.Equal("""["budget_exceeded"]""", recorded.Json["violations"]!.ToJsonString());

        var budgets = (await server.Get(Acme)).Json["budgets"]!.AsArray().ToDictionary(budget => (string)budget!["id"]!, budget => budget!);
        Assert.Equal(("10.5", "[50,100]"), ((string?)budgets["all"]["spent"], budgets["all"]["crossed"]!.ToJsonString()));
        Assert.Null(budgets["keys"]["spent"]);
        Assert.Equal(("k1", "5"), ((string?)budgets["keys"]["counters"]![0]!["values"]!["key"], (string?)budgets["keys"]["counters"]![0]!["spent"]));
        Assert.Equal("10.5", Text(await server.Send(HttpMethod.Delete, $"{Acme}/budgets/all", null), "spent"));
        (await server.Send(HttpMethod.Delete, $"{Acme}/budgets/all", null)).IsProblem(HttpStatusCode.NotFound, "budget_not_found");
    }

    [Fact]
    public async Task A_policy_governs_and_its_shadows_only_count()
    {
        await using var server = await Start(credits: 100);
        var policy = await server.Put(
            $"{Acme}/policy",
            """
            {"allowedMeters":["llm.*"],"requiredDimensions":["team"],"maximumCreditsPerCharge":"5","shadow":["requiredDimensions"],
             "rateLimits":[{"meter":"llm.tokens","quantity":"600","perSeconds":86400}]}
            """);
        Assert.Equal(("600", "600"), ((string?)policy.Json["rateLimits"]![0]!["burst"], (string?)policy.Json["rateLimits"]![0]!["left"]));

        (await server.Post($"{Acme}/charges", """{"id":"c1","meter":"api.calls","quantity":"1"}""")).IsProblem(HttpStatusCode.Forbidden, "meter_not_allowed");
        (await server.Post($"{Acme}/charges", """{"id":"c1","meter":"llm.tokens","quantity":"501"}""")).IsProblem(HttpStatusCode.Forbidden, "charge_too_large");
        Assert.Equal(HttpStatusCode.OK, (await server.Post($"{Acme}/charges", """{"id":"c1","meter":"llm.tokens","quantity":"500"}""")).Status);
        var fast = (await server.Post($"{Acme}/charges", """{"id":"c2","meter":"llm.tokens","quantity":"200"}""")).IsProblem(HttpStatusCode.TooManyRequests, "rate_limited");
        Assert.True(fast.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.True((bool?)fast.Json["retryable"]);

        Assert.Equal("1", (await server.Get(Acme)).Json["policy"]!["shadowed"]!["requiredDimensions"]!.ToJsonString());
        await server.Put($"{Acme}/policy", """{"frozen":true}""");
        Assert.Equal("frozen", Text(await server.Get(Acme), "status"));
        (await server.Post($"{Acme}/charges", """{"id":"c3","meter":"llm.tokens","quantity":"1"}""")).IsProblem(HttpStatusCode.Forbidden, "account_frozen");
    }

    [Fact]
    public async Task A_charge_or_a_hold_larger_than_the_burst_is_not_worth_a_retry()
    {
        await using var server = await Start(credits: 100);
        await server.Put($"{Acme}/policy", """{"rateLimits":[{"meter":"llm.tokens","quantity":"10","perSeconds":1,"burst":"20"}]}""");

        foreach (var path in new[] { "charges", "holds" })
        {
            var larger = (await server.Post($"{Acme}/{path}", """{"id":"r1","meter":"llm.tokens","quantity":"21"}""")).IsProblem(HttpStatusCode.TooManyRequests, "rate_limited");
            Assert.False((bool?)larger.Json["retryable"]);
            Assert.Contains("burst", (string?)larger.Json["detail"]);
            Assert.Null(larger.Headers.RetryAfter);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.Post($"{Acme}/charges", """{"id":"r1","meter":"llm.tokens","quantity":"20"}""")).Status);
    }

    [Fact]
    public async Task A_closed_account_is_read_and_nothing_else()
    {
        await using var server = await Start(credits: 10);

        Assert.Equal("closed", Text(await server.Send(HttpMethod.Delete, Acme, null), "status"));
        Assert.Equal("closed", Text(await server.Send(HttpMethod.Delete, Acme, null), "status"));
        Assert.Equal("closed", Text(await server.Get(Acme), "status"));
        (await server.Post($"{Acme}/charges", """{"id":"c1","meter":"api.calls","quantity":"1"}""")).IsProblem(HttpStatusCode.Conflict, "account_closed");
        (await server.Send(HttpMethod.Delete, "/v1/accounts/none", null)).IsProblem(HttpStatusCode.NotFound, "account_not_found");
    }

    [Fact]
    public async Task A_producer_counts_and_a_grant_refills()
    {
        await using var server = await Start(credits: 10);
        var charge = """{"producer":"p","producerSequence":7,"meter":"api.calls","quantity":"2"}""";

        Assert.Equal(("p:7", "1"), (Text(await server.Post($"{Acme}/charges", charge), "id"), Text(await server.Get($"{Acme}/charges/p:7"), "credits")));
        Assert.Equal(true, (bool?)(await server.Post($"{Acme}/charges", charge)).Json["replayed"]);

        await server.Post(
            $"{Acme}/grants",
            """{"id":"monthly","amount":"5","effectiveAt":"2026-01-01T00:00:00Z","recurrence":{"every":"month","count":2},"rollover":{"maximum":"3"}}""");
        var grant = (await server.Get($"{Acme}/grants")).Json["grants"]!.AsArray().Single(each => (string?)each!["id"] == "monthly")!;
        Assert.Equal("""{"minimum":"0","maximum":"3"}""", grant["rollover"]!.ToJsonString());
        Assert.Equal(("month", "2"), ((string?)grant["recurrence"]!["every"], grant["recurrence"]!["count"]!.ToJsonString()));

        // Every second month from January: the first of an odd month.
        var next = (DateTimeOffset)grant["nextRefillAt"]!;
        Assert.Equal((1, 1, TimeSpan.Zero), (next.Day, next.Month % 2, next.TimeOfDay));
        var counter = (await server.Get(Acme)).Json["counters"]!.AsArray().Single()!;
        Assert.Equal(("plain", "api.calls", "calls", "2"), ((string?)counter["card"], (string?)counter["meter"], (string?)counter["price"], (string?)counter["quantity"]));
    }

    [Fact]
    public async Task A_watcher_hears_what_happens_and_goes_on_where_it_was()
    {
        await using var server = await Start(credits: 10);
        using (var response = await Open(server, null))
        {
            await using var events = await Events(response);
            Assert.Equal("account 10", await Next(events));
            await server.Post($"{Acme}/charges", """{"id":"c1","meter":"api.calls","quantity":"2"}""");
            Assert.Equal("charged 9", await Next(events));
            await server.Post($"{Acme}/holds", """{"id":"h1","credits":"4"}""");
            Assert.Equal("held 9", await Next(events));
        }

        var after = (await server.Get(Acme)).Json["sequence"]!.ToJsonString();
        await server.Post($"{Acme}/holds/h1/settle", """{"id":"s1","credits":"3"}""");
        await server.Send(HttpMethod.Delete, $"{Acme}/grants/plan", null);
        using var again = await Open(server, after);
        await using var more = await Events(again);
        Assert.Equal(["settled 6", "grant_voided 0"], [await Next(more), await Next(more)]);
    }

    [Fact]
    public async Task Whatever_the_rules_let_through_the_account_answers()
    {
        await using var server = await Start(credits: 10);
        const string Most = "999999999999999999.999999999";
        (HttpMethod Method, string Path, string Body)[] extremes =
        [
            (HttpMethod.Put, $"{Acme}/budgets/most", $$"""{"window":"total","limit":"{{Most}}","thresholds":[1000]}"""),
            (HttpMethod.Put, $"{Acme}/budgets/least", """{"window":"hour","limit":"0.000000001","thresholds":[1]}"""),
            (HttpMethod.Put, $"{Acme}/policy", $$"""{"rateLimits":[{"meter":"*","quantity":"0.000000001","perSeconds":86400,"burst":"{{Most}}"}]}"""),
            (HttpMethod.Post, $"{Acme}/charges", """{"id":"x1","meter":"llm.tokens","quantity":"1"}"""),
            (HttpMethod.Get, Acme, ""),
            (HttpMethod.Post, $"{Acme}/charges", """{"id":"x7","meter":"llm.tokens","quantity":"900000000000000000","mode":"record"}"""),
            (HttpMethod.Post, $"{Acme}/charges", """{"id":"x8","meter":"llm.tokens","quantity":"1"}"""),
            (HttpMethod.Get, Acme, ""),
            (HttpMethod.Put, $"{Acme}/policy", $$"""{"rateLimits":[{"meter":"*","quantity":"{{Most}}","perSeconds":1}],"maximumCreditsPerCharge":"{{Most}}"}"""),
            (HttpMethod.Post, $"{Acme}/charges", """{"id":"x2","meter":"llm.tokens","quantity":"1"}"""),
            (HttpMethod.Post, $"{Acme}/charges", $$"""{"id":"x3","meter":"llm.tokens","quantity":"{{Most}}","mode":"record"}"""),
            (HttpMethod.Post, $"{Acme}/charges/x3/reversals", """{"id":"x4","quantity":"0.000000001"}"""),
            (HttpMethod.Post, $"{Acme}/holds", $$"""{"id":"x5","credits":"{{Most}}","mode":"upTo","ttlSeconds":86400}"""),
            (HttpMethod.Post, $"{Acme}/holds/x5/settle", $$"""{"id":"x6","credits":"{{Most}}"}"""),
            (HttpMethod.Post, $"{Acme}/charges", """{"producer":"p","producerSequence":4611686018427387904,"meter":"llm.tokens","quantity":"1","mode":"record"}"""),
            (HttpMethod.Post, $"{Acme}/charges", """{"producer":"p","producerSequence":1,"meter":"llm.tokens","quantity":"1","mode":"record"}"""),
            (HttpMethod.Post, $"{Acme}/grants", $$$"""{"id":"g1","amount":"{{{Most}}}","recurrence":{"every":"year","count":1000,"anchor":"9999-12-31T23:59:59Z"},"rollover":{"minimum":"{{{Most}}}"}}"""),
            (HttpMethod.Post, $"{Acme}/grants", """{"id":"g2","amount":"1","effectiveAt":"0001-01-01T00:00:00Z","recurrence":{"every":"hour","anchor":"0001-01-01T00:00:00Z"}}"""),
            (HttpMethod.Post, $"{Acme}/grants", """{"id":"g3","amount":"1","effectiveAt":"9999-12-31T23:59:59Z","recurrence":{"every":"year"}}"""),
            (HttpMethod.Get, Acme, ""),
        ];

        foreach (var (method, path, body) in extremes)
        {
            var reply = await server.Send(method, path, body.Length == 0 ? null : System.Text.Encoding.UTF8.GetBytes(body));
            Assert.True((int)reply.Status < 500, $"{method} {path} {body}: {reply.Text}");
        }
    }

    private static async Task<WholeHost> Start(int credits)
    {
        var server = await WholeHost.Start();
        await server.Put("/v1/rate-cards/plain", Card);
        await server.Put(Acme, """{"rateCard":"plain"}""");
        Assert.Equal(HttpStatusCode.OK, (await server.Post($"{Acme}/grants", $$"""{"id":"plan","amount":"{{credits}}"}""")).Status);
        return server;
    }

    private static string? Text(Reply reply, string field) => (string?)reply.Json[field];

    private static async Task<HttpResponseMessage> Open(WholeHost server, string? after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Acme}/watch");
        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", after);
        }

        return await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    private static async Task<IAsyncEnumerator<SseItem<string>>> Events(HttpResponseMessage response) =>
        SseParser.Create(await response.Content.ReadAsStreamAsync(Cancellation)).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);

    private static async Task<string> Next(IAsyncEnumerator<SseItem<string>> events)
    {
        Assert.True(await events.MoveNextAsync(), "Another event was expected; the stream ended.");
        return $"{events.Current.EventType} {JsonNode.Parse(events.Current.Data)!["balance"]}";
    }
}
