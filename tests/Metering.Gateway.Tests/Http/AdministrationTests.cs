using System.Net;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class AdministrationTests
{
    [Fact]
    public async Task An_account_is_put_with_all_its_settings_and_read_flat()
    {
        await using var gateway = await GatewayHost.Start();

        var put = await gateway.Put(
            "/v1/accounts/acme",
            """{"displayName":"Acme","rateCard":"gold","discountPercent":"12.5","creditLimit":10,"period":{"every":"week","anchor":"2026-01-05T00:00:00Z"},"metadata":{"crm":"47"}}""");
        var read = await gateway.Get("/v1/accounts/acme");

        Assert.Equal(
            """
            {"account":"acme","status":"frozen","displayName":"Acme","rateCard":"default","discountPercent":"0","creditLimit":"10",
            "period":{"every":"month","anchor":"2026-01-01T00:00:00Z"},"metadata":{"tier":"gold"},
            "balance":"99.928","available":"101.928","held":"8","overage":"0","sequence":43,"createdAt":"2026-01-31T12:00:00.5Z","durability":"journal",
            "grants":[{"id":"plan","amount":"100","remaining":"99.928","priority":100,"kind":"plan","status":"active",
            "effectiveAt":"2026-01-31T12:00:00.5Z","expiresAt":"2026-02-01T12:00:00.5Z","meters":["llm.*"],"addedAt":"2026-01-31T12:00:00.5Z",
            "recurrence":{"every":"week","count":2,"anchor":"2026-01-30T12:00:00.5Z"},"rollover":{"minimum":"1","maximum":"50"},
            "nextRefillAt":"2026-01-31T13:00:00.5Z"}],
            "holds":[{"hold":"h1","credits":"8","settled":"2","meter":"llm.tokens","dimensions":{"model":"gpt-4"},
            "placedAt":"2026-01-31T12:00:00.5Z","expiresAt":"2026-01-31T12:05:00.5Z"},
            {"hold":"h2","credits":"1","settled":"0","placedAt":"2026-01-31T12:00:00.5Z","expiresAt":"2026-01-31T12:06:00.5Z"}],"holdCount":3,
            "budgets":[{"id":"search","scope":{"meters":["llm.*"],"dimensions":{"team":"search"}},"window":"day","limit":"25","thresholds":[50,80,100],
            "action":"block","spent":"20.5","crossed":[50,80],
            "counters":[{"windowStart":"2026-01-31T00:00:00Z","spent":"20.5","held":"4","crossed":[50,80]}]},
            {"id":"keys","scope":{"meters":["llm.*"],"dimensions":{"key":"*"}},"window":"day","limit":"25","thresholds":[50,80,100],
            "action":"block","counters":[{"windowStart":"2026-01-31T00:00:00Z","spent":"20.5","held":"4","crossed":[50,80]}]}],
            "policy":{"allowedMeters":["llm.*"],"blockedMeters":["llm.images"],"requiredDimensions":["service"],"maximumCreditsPerCharge":"50",
            "rateLimits":[{"meter":"api.calls","quantity":"100","perSeconds":1,"burst":"200","left":"150.5"}],"frozen":true,"shadow":["rateLimits"],
            "shadowed":{"rateLimits":7}},
            "counters":[{"card":"default","meter":"llm.tokens","price":"rest","periodStart":"2026-01-01T12:00:00.5Z","quantity":"1200"}]}
            """.Replace("\n", "", StringComparison.Ordinal),
            read.Text);
        Assert.Equal(read.Text, put.Text);
        var settings = gateway.Grains.Account("acme").Settings!;
        Assert.Equal(("Acme", "gold", 12.5m, 10m), (settings.DisplayName, settings.RateCard, settings.DiscountPercent, settings.CreditLimit));
        Assert.Equal(new Period(PeriodUnit.Week, new DateTimeOffset(2026, 1, 5, 0, 0, 0, TimeSpan.Zero)), settings.Period);
        Assert.Equal("47", settings.Metadata["crm"]);
    }

    [Fact]
    public async Task An_empty_body_puts_the_defaults()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(HttpStatusCode.OK, (await gateway.Put("/v1/accounts/acme", "{}")).Status);

        var settings = gateway.Grains.Account("acme").Settings!;
        Assert.Equal(("", "default", 0m, 0m, Period.Default), (settings.DisplayName, settings.RateCard, settings.DiscountPercent, settings.CreditLimit, settings.Period));
    }

    [Fact]
    public async Task An_account_that_may_lose_the_last_interval_says_so()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnGet = () => Task.FromResult<Answer<AccountView>>(Samples.Account("acme") with { Durability = Durability.Periodic });

        Assert.Equal("periodic", (string?)(await gateway.Get("/v1/accounts/acme")).Json["durability"]);
    }

    [Fact]
    public async Task Accounts_are_listed_page_by_page()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Directory.OnList = () => Task.FromResult(new AccountPage(["a.1", "a.2"], More: true));

        var first = await gateway.Get("/v1/accounts?prefix=a.&limit=2");
        await gateway.Get($"/v1/accounts?prefix=a.&limit=2&cursor={(string?)first.Json["cursor"]}");

        Assert.Equal(("a.", "a.2", 2), gateway.Grains.Directory.Listed);
        Assert.StartsWith(
            """
            {"accounts":[{"account":"a.1","displayName":"Acme","balance":"99.928","available":"101.928"},
            {"account":"a.2","displayName":"Acme","balance":"99.928","available":"101.928"}],"cursor":"
            """.Replace("\n", "", StringComparison.Ordinal).TrimEnd(),
            first.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_page_has_no_cursor_and_an_account_that_cannot_answer_hides_no_other()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Directory.OnList = () => Task.FromResult(new AccountPage(["gone", "sick", "well"], More: false));
        gateway.Grains.Account("gone").OnGet = () => Task.FromResult<Answer<AccountView>>(new Refusal { Code = Code.AccountNotFound, Detail = "No." });
        gateway.Grains.Account("sick").OnGet = () => Task.FromResult<Answer<AccountView>>(new Refusal { Code = Code.Quarantined, Detail = "No." });

        var page = await gateway.Get("/v1/accounts");

        Assert.Equal(
            """{"accounts":[{"account":"sick","code":"quarantined"},{"account":"well","displayName":"Acme","balance":"99.928","available":"101.928"}]}""",
            page.Text);
        Assert.Equal(("", "", 50), gateway.Grains.Directory.Listed);
    }

    [Theory]
    [InlineData("limit=0", "limit out_of_range")]
    [InlineData("limit=101", "limit out_of_range")]
    [InlineData("limit=ten", "limit bad_format")]
    [InlineData("limit=1.5", "limit bad_format")]
    [InlineData("cursor=%21", "cursor bad_format")]
    [InlineData("cursor=IQ", "cursor bad_format")]
    [InlineData("prefix=a%2Fb", "prefix bad_format")]
    [InlineData("page=2", "page unknown_field")]
    [InlineData("limit=1&limit=2", "limit duplicate")]
    public async Task A_list_that_is_asked_for_wrongly_is_refused(string query, string fault)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal([fault], (await gateway.Get($"/v1/accounts?{query}")).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Theory]
    [InlineData("limit=1")]
    [InlineData("limit=100")]
    public async Task A_page_may_have_one_account_and_a_hundred(string query)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(HttpStatusCode.OK, (await gateway.Get($"/v1/accounts?{query}")).Status);
    }

    [Fact]
    public async Task A_grant_is_added_listed_and_voided()
    {
        await using var gateway = await GatewayHost.Start();

        var added = await gateway.Post(
            "/v1/accounts/acme/grants",
            """{"id":"plan","amount":"100","priority":5,"kind":"promotion","effectiveAt":"2026-01-01T00:00:00Z","expiresAt":"2027-01-01T00:00:00Z","meters":["llm.*","*","api.calls"]}""");
        var listed = await gateway.Get("/v1/accounts/acme/grants");
        var voided = await gateway.Send(HttpMethod.Delete, "/v1/accounts/acme/grants/plan", null);

        Assert.Equal(
            """{"id":"plan","outcome":"granted","credits":"100","balance":"100","available":"110","sequence":2,"replayed":false,"warnings":["llm.* fits no meter of the rate card default.","api.calls fits no meter of the rate card default."]}""",
            added.Text);
        Assert.Equal("plan", (string?)listed.Json["grants"]![0]!["id"]);
        Assert.Equal(HttpStatusCode.OK, voided.Status);
        Assert.Equal("plan", gateway.Grains.Account("acme").Voided);
        var grant = gateway.Grains.Account("acme").Grant!;
        Assert.Equal(("plan", 100m, 5, GrantKind.Promotion), (grant.Id, grant.Amount, grant.Priority, grant.Kind));
        Assert.Equal(["llm.*", "*", "api.calls"], grant.Meters);
    }

    [Fact]
    public async Task A_grant_may_refill_and_keep_a_part_of_the_rest()
    {
        await using var gateway = await GatewayHost.Start();
        async Task<GrantRequest> Sent(string body)
        {
            Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/accounts/acme/grants", body)).Status);
            return gateway.Grains.Account("acme").Grant!;
        }

        var whole = await Sent(
            """
            {"id":"plan","amount":"100","recurrence":{"every":"week","count":2,"anchor":"2026-01-05T00:00:00Z"},
             "rollover":{"minimum":"0.5","maximum":"50"}}
            """);
        var least = await Sent("""{"id":"plan","amount":"100","recurrence":{"every":"month"}}""");
        var keeping = await Sent("""{"id":"plan","amount":"100","recurrence":{"every":"month"},"rollover":{"minimum":"1"}}""");

        Assert.Equal(new Recurrence(PeriodUnit.Week, new DateTimeOffset(2026, 1, 5, 0, 0, 0, TimeSpan.Zero), 2), whole.Recurrence);
        Assert.Equal(new Rollover(0.5m, 50m), whole.Rollover);
        Assert.Equal(new Recurrence(PeriodUnit.Month, null, 1), least.Recurrence);
        Assert.Null(least.Rollover);
        Assert.Equal(new Rollover(1m, 999_999_999_999_999_999.999999999m), keeping.Rollover);
    }

    [Fact]
    public async Task A_rollover_without_a_maximum_is_read_without_one()
    {
        await using var gateway = await GatewayHost.Start();
        var account = Samples.Account("acme");
        var grant = account.Grants[0] with { Rollover = new Rollover(1m, 999_999_999_999_999_999.999999999m) };
        gateway.Grains.Account("acme").OnGet = () => Task.FromResult<Answer<AccountView>>(account with { Grants = [grant] });

        Assert.Equal("""{"minimum":"1"}""", (await gateway.Get("/v1/accounts/acme/grants")).Json["grants"]![0]!["rollover"]!.ToJsonString());
    }

    [Fact]
    public async Task An_account_is_closed_and_answers_how_it_stands()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnGet = () => Task.FromResult<Answer<AccountView>>(Samples.Account("acme") with { Status = AccountStatus.Closed });

        var closed = await gateway.Send(HttpMethod.Delete, "/v1/accounts/acme", null);

        Assert.Equal((HttpStatusCode.OK, "closed"), (closed.Status, (string?)closed.Json["status"]));
        Assert.True(gateway.Grains.Account("acme").Closed);
    }

    [Fact]
    public async Task A_grant_left_to_its_defaults_is_a_purchase_of_priority_100()
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"0.000000001"}""");

        var grant = gateway.Grains.Account("acme").Grant!;
        Assert.Equal((0.000000001m, 100, GrantKind.Purchase), (grant.Amount, grant.Priority, grant.Kind));
        Assert.Null(grant.EffectiveAt);
        Assert.Null(grant.ExpiresAt);
        Assert.Empty(grant.Meters);
    }

    [Fact]
    public async Task A_rate_card_is_published_with_all_it_can_say_and_read_back_the_same()
    {
        await using var gateway = await GatewayHost.Start();

        var published = await gateway.Put(
            "/v1/rate-cards/default",
            """
            {"creditDefinition":"1 credit = 1M calls","effectiveFrom":"2026-01-31T12:00:00.5Z","meters":[{"meter":"egress","unit":"byte","prices":[
              {"id":"gb","when":{"region":"eu"},"kind":"volume","tiers":[{"upTo":"100","unitPrice":"1"},{"unitPrice":"0.8","flatPrice":"3"}],
               "freeUnits":"1000","convert":{"divide":"1000000000","rounding":"half_up","decimals":0},"maximumPerPeriod":"500",
               "perCharge":{"minimum":"1.75","maximum":"12","flat":"0"}}]}]}
            """);
        var read = await gateway.Get("/v1/rate-cards/default?version=3");

        Assert.Equal("""{"id":"default","version":3,"effectiveFrom":"2026-01-31T12:00:00.5Z","contentHash":"ab12"}""", published.Text);
        Assert.Equal(
            """
            {"id":"default","version":3,"latestVersion":4,"effectiveFrom":"2026-01-31T12:00:00.5Z","publishedAt":"2026-01-31T11:59:00.5Z","contentHash":"ab12",
            "creditDefinition":"1 credit = 1M calls","meters":[{"meter":"egress","unit":"byte","prices":[
            {"id":"gb","when":{"region":"eu"},"kind":"volume","tiers":[{"upTo":"100","unitPrice":"1"},{"unitPrice":"0.8","flatPrice":"3"}],
            "freeUnits":"1000","convert":{"divide":"1000000000","rounding":"half_up","decimals":0},"maximumPerPeriod":"500",
            "perCharge":{"minimum":"1.75","maximum":"12","flat":"0"}}]}]}
            """.Replace("\n", "", StringComparison.Ordinal),
            read.Text);
        Assert.Equal(3, gateway.Grains.RateCard("default").VersionRead);
        Assert.Equivalent(Samples.RateCard("default").Card, gateway.Grains.RateCard("default").Draft, strict: true);
    }

    [Theory]
    [InlineData("version=0", "version out_of_range")]
    [InlineData("version=-1", "version out_of_range")]
    [InlineData("version=1e40", "version bad_format")]
    [InlineData("verison=1", "verison unknown_field")]
    public async Task A_version_that_cannot_be_is_refused(string query, string fault)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal([fault], (await gateway.Get($"/v1/rate-cards/default?{query}")).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Fact]
    public async Task Faults_of_a_draft_that_the_card_finds_keep_their_paths()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.RateCard("default").OnPublish = () =>
            Task.FromResult<Answer<PublishReply>>(Refusal.Invalid([new FieldFault("meters[0].prices[0].unitPrice", "required", "Must be given.")]));

        var reply = await gateway.Put(
            "/v1/rate-cards/default", """{"meters":[{"meter":"m","unit":"call","prices":[{"id":"p","kind":"per_unit"}]}]}""");

        Assert.Equal(["meters[0].prices[0].unitPrice required"], reply.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }
}
