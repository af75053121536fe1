using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Security;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Security;

/// <summary>Callers who may reach some accounts, charge some meters, or call so often only.</summary>
public sealed class LimitedCallerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_charges_what_its_caller_may_and_refuses_the_rest_in_its_place()
    {
        var keys = new TestKeys();
        var key = keys.Add(Role.Charge, static key => key with { Accounts = ["team-*"], Meters = ["llm.*"] });
        await using var gateway = await keys.Start();
        As(gateway, key);

        var batch = await gateway.Post(
            "/v1/charges",
            """
            {"charges":[{"account":"team-a","id":"1","meter":"llm.tokens","quantity":1},{"account":"acme","id":"2","meter":"llm.tokens","quantity":1},
                        {"account":"team-a","id":"3","meter":"api.calls","quantity":1},{"account":"team-b","id":"4","lines":[{"meter":"llm.a","quantity":1},{"meter":"x","quantity":1}]}]}
            """);

        Assert.Equal(["charged", "forbidden", "forbidden", "forbidden"], batch.Json["results"]!.AsArray().Select(static result => (string?)(result!["outcome"] ?? result["code"])));
        Assert.Equal(["1"], gateway.Grains.Account("team-a").Charges.Select(static charge => charge.Id));
        Assert.Empty(gateway.Grains.Account("acme").Charges);
        var headers = new Metadata { { "authorization", $"Bearer {key}" } };
        using var stream = gateway.Client.ChargeStream(headers, cancellationToken: Cancellation);
        var sent = new V1.ChargeBatch { Correlation = 7 };
        sent.Charges.Add(new V1.ChargeRequest { Account = "acme", Id = "5", Lines = { new V1.ChargeLine { Meter = "llm.tokens", Quantity = new V1.Decimal { Units = 1 } } } });
        await stream.RequestStream.WriteAsync(sent, Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal("forbidden", stream.ResponseStream.Current.Results.Single().Refusal.Code);
        await stream.RequestStream.CompleteAsync();
    }

    [Theory]
    [InlineData("charges", """{"id":"1","meter":"api.calls","quantity":1}""")]
    [InlineData("quotes", """{"id":"1","meter":"api.calls","quantity":1}""")]
    [InlineData("holds", """{"id":"1","meter":"api.calls","quantity":1}""")]
    [InlineData("holds", """{"id":"1","credits":1}""")]
    [InlineData("charges/req-1/reversals", """{"id":"1"}""")]
    [InlineData("holds/h1/settle", """{"id":"1","credits":1}""")]
    [InlineData("holds/h1/release", """{"id":"1"}""")]
    public async Task Other_meters_cannot_be_charged_in_any_way(string path, string body)
    {
        var keys = new TestKeys();
        var other = keys.Add(Role.Charge, static key => key with { Meters = ["other"] });
        var fitting = keys.Add(Role.Charge, static key => key with { Meters = ["api.*", "llm.*"] });
        await using var gateway = await keys.Start();
        gateway.Grains.Account("acme").OnGet = static () => Task.FromResult<Answer<AccountView>>(Samples.Account("acme") with
        {
            Holds = [new HoldView { Hold = "h1", Credits = 1m, Settled = 0m, Meter = "llm.tokens", PlacedAt = Samples.At, ExpiresAt = Samples.At }],
        });

        As(gateway, other);
        (await gateway.Post($"/v1/accounts/acme/{path}", body)).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        Assert.Empty(gateway.Grains.Account("acme").Charges);
        As(gateway, fitting);
        Assert.Equal(body.Contains("\"credits\":1}", StringComparison.Ordinal) && path == "holds" ? HttpStatusCode.Forbidden : HttpStatusCode.OK, (await gateway.Post($"/v1/accounts/acme/{path}", body)).Status);
    }

    [Theory]
    [InlineData("/v1/accounts/acme/usage?from=2026-01-31T00:00:00Z&to=2026-02-01T00:00:00Z&groupBy=meter")]
    [InlineData("/v1/usage?from=2026-01-31T00:00:00Z&to=2026-02-01T00:00:00Z&groupBy=meter")]
    [InlineData("/v1/accounts/acme/ledger?limit=1")]
    [InlineData("/v1/accounts/acme/ledger?format=csv")]
    [InlineData("/v1/accounts/acme/ledger?format=parquet")]
    public async Task Usage_and_ledger_of_other_meters_cannot_be_read(string address)
    {
        var keys = new TestKeys();
        var (limited, all) = (keys.Add(Role.Charge, static key => key with { Meters = ["llm.*"] }), keys.Add(Role.Charge));
        await using var gateway = await keys.Start();

        As(gateway, limited);
        (await gateway.Get(address)).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await gateway.Get($"{address}&meter=api.calls")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await gateway.Get($"{address}&meter=")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await gateway.Get($"{address}&meter=llm.*")).IsProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get($"{address}&meter=llm.tokens")).Status);
        As(gateway, all);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get(address)).Status);
    }

    [Fact]
    public async Task Statements_and_what_other_meters_have_in_an_account_are_not_told_to_a_caller_of_some_meters()
    {
        var keys = new TestKeys();
        var (limited, all) = (keys.Add(Role.Charge, static key => key with { Meters = ["llm.*"] }), keys.Add(Role.Charge));
        await using var gateway = await keys.Start();
        gateway.Grains.Account("acme").OnGet = static () => Task.FromResult<Answer<AccountView>>(Samples.Account("acme") with
        {
            Holds = [.. new[] { "llm.tokens", "api.calls", null }.Select(static meter => new HoldView { Hold = $"h-{meter}", Credits = 1m, Settled = 0m, Meter = meter, PlacedAt = Samples.At, ExpiresAt = Samples.At })],
            Counters = [new UsageCounterView("default", "llm.tokens", "p", Samples.At, 1m), new UsageCounterView("default", "api.calls", "p", Samples.At, 1m)],
        });
        gateway.Grains.Account("acme").OnGetCharge = static () => Task.FromResult<Answer<ChargeView>>(Samples.ChargeView with
        {
            Lines = [new ChargeLine { Meter = "llm.tokens", Quantity = 1m }, new ChargeLine { Meter = "api.calls", Quantity = 1m }],
        });

        As(gateway, limited);
        (await gateway.Get("/v1/accounts/acme/statements/2026-01")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await gateway.Get("/v1/accounts/acme/charges/req-1")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(["h-", "h-llm.tokens", "llm.tokens"], await SeenAsync());
        As(gateway, all);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/v1/accounts/acme/statements/2026-01")).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/v1/accounts/acme/charges/req-1")).Status);
        Assert.Equal(["api.calls", "h-", "h-api.calls", "h-llm.tokens", "llm.tokens"], await SeenAsync());

        async Task<IEnumerable<string>> SeenAsync()
        {
            var account = (await gateway.Get("/v1/accounts/acme")).Json;
            return account["holds"]!.AsArray().Select(static hold => (string)hold!["hold"]!).Concat(account["counters"]!.AsArray().Select(static counter => (string)counter!["meter"]!)).Order(StringComparer.Ordinal);
        }
    }

    [Fact]
    public async Task A_list_has_the_accounts_its_caller_may_reach_and_tells_of_no_others()
    {
        await using var server = await WholeHost.Start();
        string[] accounts = ["a", "acme", "acme-1", "acme-2", "b", "team", "team-1", "team-2", "z"];
        foreach (var account in accounts)
        {
            await server.Put($"/v1/accounts/{account}", "{}");
        }

        var admin = (string)(await server.Post("/v1/keys", """{"name":"first","role":"admin"}""")).Json["key"]!;
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", admin);
        var key = (string)(await server.Post("/v1/keys", """{"name":"k","role":"read","accounts":["team-*","acme","team-1","b*"]}""")).Json["key"]!;
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        foreach (var limit in new[] { 1, 2, 3, 100 })
        {
            var (found, cursor) = (new List<string>(), "");
            do
            {
                var page = (await server.Get($"/v1/accounts?limit={limit}&cursor={cursor}")).Json;
                found.AddRange(page["accounts"]!.AsArray().Select(static each => (string)each!["account"]!));
                cursor = (string?)page["cursor"] ?? "";
            }
            while (cursor.Length > 0);
            Assert.Equal(["acme", "b", "team-1", "team-2"], found);
        }

        Assert.Equal(["team-1", "team-2"], await Listed(server, "te"));
        Assert.Equal(["team-2"], await Listed(server, "team-2"));
        Assert.Equal([], await Listed(server, "acme-"));
    }

    [Fact]
    public async Task A_key_that_is_used_too_often_is_told_when_to_come_again()
    {
        var keys = new TestKeys();
        var slow = keys.Add(Role.Charge, static key => key with { RequestsPerSecond = 2 });
        var few = keys.Add(Role.Charge, static key => key with { ChargesPerSecond = 1 });
        var free = keys.Add(Role.Charge);
        await using var gateway = await keys.Start();

        As(gateway, slow);
        var replies = new List<Reply>();
        for (var i = 0; i < 8; i++)
        {
            replies.Add(await gateway.Get("/v1/accounts/acme"));
        }

        var refused = replies.First(static reply => reply.Status != HttpStatusCode.OK).IsProblem(HttpStatusCode.TooManyRequests, "rate_limited");
        Assert.Equal("1", refused.Headers.RetryAfter?.ToString());
        Assert.Equal(true, (bool?)refused.Json["retryable"]);

        // A batch larger than the bucket passes, and what follows pays for it.
        As(gateway, few);
        const string Batch = """{"charges":[{"account":"acme","id":"1","meter":"m","quantity":1},{"account":"acme","id":"2","meter":"m","quantity":1},{"account":"acme","id":"3","meter":"m","quantity":1}]}""";
        Assert.DoesNotContain("rate_limited", (await gateway.Post("/v1/charges", Batch)).Text, StringComparison.Ordinal);
        Assert.Equal(3, (await gateway.Post("/v1/charges", Batch)).Json["results"]!.AsArray().Count(static result => (string?)result!["code"] == "rate_limited"));
        (await gateway.Post("/v1/accounts/acme/charges", """{"id":"4","meter":"m","quantity":1}""")).IsProblem(HttpStatusCode.TooManyRequests, "rate_limited");

        As(gateway, free);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/accounts/acme/charges", """{"id":"4","meter":"m","quantity":1}""")).Status);
    }

    [Fact]
    public async Task Keys_that_cannot_be_read_are_believed_for_so_long_and_no_longer()
    {
        var keys = new TestKeys();
        var key = keys.Add(Role.Read);
        await using var gateway = await keys.Start(static options => options.Access.MaxKeysAge = TimeSpan.FromSeconds(3));
        As(gateway, key);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/v1/accounts/acme")).Status);

        gateway.Grains.Keys.Fails = static () => new TimeoutException();
        await Until(async () => (await gateway.Get("/v1/accounts/acme")).Status == HttpStatusCode.ServiceUnavailable);
        (await gateway.Get("/v1/accounts/acme")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");

        // The key of the settings depends on nobody.
        As(gateway, TestKeys.AdminKey);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/v1/accounts/acme")).Status);

        As(gateway, key);
        gateway.Grains.Keys.Fails = static () => null;
        await Until(async () => (await gateway.Get("/v1/accounts/acme")).Status == HttpStatusCode.OK);
    }

    [Fact]
    public void Patterns_that_others_cover_are_left_out_and_the_rest_is_in_the_order_of_its_names()
    {
        var patterns = new NamePatterns(["team-*", "acme", "team-1*", "team-1", "b*", "acme"]);

        Assert.Equal(["acme", "b*", "team-*"], patterns.Patterns);
        Assert.True(patterns.Fits("team-") && patterns.Fits("acme") && patterns.Fits("b"));
        Assert.False(patterns.Fits("acme-1") || patterns.Fits("team") || patterns.Fits("") || patterns.Fits("TEAM-1"));
        Assert.True(NamePatterns.All.Fits("anything"));
        Assert.True(new NamePatterns(["*"]).Fits("anything"));
    }

    [Fact]
    public void A_key_with_a_letter_changed_is_none_of_ours()
    {
        var (id, text) = KeyText.New();

        Assert.True(KeyText.TryReadId(text, out var read));
        Assert.Equal(id, read);
        for (var i = 0; i < text.Length; i++)
        {
            Assert.False(KeyText.TryReadId(text[..i] + (text[i] == 'a' ? 'b' : 'a') + text[(i + 1)..], out _), $"Letter {i} may be changed.");
        }

        Assert.False(KeyText.TryReadId(text + "0", out _) || KeyText.TryReadId(text[..^1], out _) || KeyText.TryReadId("", out _));
    }

    private static void As(GatewayHost gateway, string key) => gateway.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);

    private static async Task<IEnumerable<string>> Listed(WholeHost server, string prefix) =>
        (await server.Get($"/v1/accounts?prefix={prefix}")).Json["accounts"]!.AsArray().Select(static each => (string)each!["account"]!);

    private static async Task Until(Func<Task<bool>> happens)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        timeout.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await happens())
        {
            await Task.Delay(50, timeout.Token);
        }
    }
}
