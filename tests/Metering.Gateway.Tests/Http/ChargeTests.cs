using System.Net;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class ChargeTests
{
    private const string Path = "/v1/accounts/acme/charges";

    [Fact]
    public async Task A_charge_of_one_meter_reaches_its_account_and_is_answered_as_documented()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post(
            Path, """{"id":"req-1","meter":"llm.tokens","quantity":"1200.50","dimensions":{"model":"gpt-4"},"time":"2026-01-31T12:00:00+01:00","mode":"upTo","explain":true}""");

        Assert.Equal(
            """{"id":"req-1","outcome":"charged","credits":"0.072","balance":"99.928","available":"99.928","sequence":43,"replayed":false}""",
            reply.Text);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("application/json", reply.ContentType);
        var charge = Assert.Single(gateway.Grains.Account("acme").Charges);
        var line = Assert.Single(charge.Lines);
        Assert.Equal(("req-1", "llm.tokens", 1200.5m), (charge.Id, line.Meter, line.Quantity));
        Assert.Equal("gpt-4", line.Dimensions["model"]);
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 11, 0, 0, TimeSpan.Zero), charge.Time);
        Assert.Equal(TimeSpan.Zero, charge.Time!.Value.Offset);
        Assert.Equal((ChargeMode.UpTo, true), (charge.Mode, charge.Explain));
    }

    [Fact]
    public async Task What_is_left_out_takes_its_default_and_null_is_left_out()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post(
            Path, """{"id":"req-1","meter":"m","quantity":13,"dimensions":null,"time":null,"mode":null,"explain":null,"lines":null}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var charge = Assert.Single(gateway.Grains.Account("acme").Charges);
        Assert.Equal((ChargeMode.Enforce, false, (DateTimeOffset?)null), (charge.Mode, charge.Explain, charge.Time));
        Assert.Empty(charge.Lines[0].Dimensions);
    }

    [Theory]
    [InlineData("13")]
    [InlineData("13.0")]
    [InlineData("\"13\"")]
    [InlineData("\"13.000\"")]
    [InlineData("1.3e1")]
    [InlineData("\"1\\u0033\"")]
    public async Task Thirteen_is_thirteen_however_it_is_written(string quantity)
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.Post(Path, $$"""{"id":"req-1","meter":"m","quantity":{{quantity}}}""");

        Assert.Equal(13m, Assert.Single(gateway.Grains.Account("acme").Charges).Lines[0].Quantity);
    }

    [Fact]
    public async Task Field_names_may_be_escaped()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post(Path, """{"\u0069d":"req-1","meter":"m","quantity":1,"time":"2026-01-31T12:00:00\u002B00:00"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
    }

    [Fact]
    public async Task A_charge_of_many_lines_keeps_their_order()
    {
        await using var gateway = await GatewayHost.Start();
        var lines = string.Join(',', Enumerable.Range(0, 32).Select(i => $$"""{"meter":"m{{i}}","quantity":"{{i}}"}"""));

        var reply = await gateway.Post(Path, $$"""{"id":"req-1","lines":[{{lines}}]}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(
            Enumerable.Range(0, 32).Select(i => ($"m{i}", (decimal)i)),
            Assert.Single(gateway.Grains.Account("acme").Charges).Lines.Select(line => (line.Meter, line.Quantity)));
    }

    [Fact]
    public async Task An_explained_charge_shows_every_part_and_leaves_out_what_is_nothing()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = charge => Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id) with
        {
            Uncovered = 0.50m,
            Replayed = true,
            Violations = [Code.AccountFrozen, Code.InsufficientCredits],
            Explanation = Samples.Explanation,
            Burned = [new GrantBurn("plan", 0.0720m)],
        });

        var reply = await gateway.Post(Path, """{"id":"req-1","meter":"m","quantity":1,"explain":true}""");

        Assert.Equal(
            """
            {"id":"req-1","outcome":"charged","credits":"0.072","uncovered":"0.5","balance":"99.928","available":"99.928","sequence":43,"replayed":true,
            "violations":["account_frozen","insufficient_credits"],
            "explanation":[{"meter":"llm.tokens","card":"default","version":3,"price":"rest","quantityBefore":"10.5","quantity":"1200",
            "tiers":[{"tier":1,"quantity":"1200","unitPrice":"0.00006","credits":"0.072"},{"tier":2,"quantity":"1","unitPrice":"0.5","flatPrice":"3","credits":"3.5"}],
            "adjustments":[{"kind":"discount","credits":"-0.001"}],"credits":"3.571"}],
            "burned":[{"grant":"plan","credits":"0.072"}]}
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text);
    }

    [Fact]
    public async Task A_charge_is_read_back_by_its_id()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Get("/v1/accounts/acme/charges/req-1");

        Assert.Equal("req-1", gateway.Grains.Account("acme").ChargeRead);
        Assert.StartsWith(
            """
            {"id":"req-1","outcome":"charged","at":"2026-01-31T12:00:00.5Z","time":"2026-01-31T11:00:00.5Z","mode":"upTo",
            "lines":[{"meter":"llm.tokens","quantity":"1200","dimensions":{"model":"gpt-4"}}],"credits":"0.072","uncovered":"0.5",
            "balance":"99.928","available":"99.928","sequence":43,"violations":["insufficient_credits"],"explanation":[
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quote_prices_by_the_draft_in_its_body()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post(
            "/v1/accounts/acme/quotes",
            """{"id":"q","meter":"m","quantity":1,"rateCard":{"meters":[{"meter":"m","unit":"call","prices":[{"id":"p","kind":"per_unit","unitPrice":"2"}]}]}}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("0.072", (string?)reply.Json["credits"]);
        Assert.Null(reply.Json["id"]);
        Assert.Equal(2m, gateway.Grains.Account("acme").Quoted!.Value.Draft!.Meters[0].Prices[0].UnitPrice);
    }

    [Fact]
    public async Task A_quote_without_a_draft_prices_by_the_accounts_card()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/accounts/acme/quotes", """{"id":"q","meter":"m","quantity":1}""")).Status);

        Assert.Null(gateway.Grains.Account("acme").Quoted!.Value.Draft);
    }

    [Fact]
    public async Task Faults_that_a_grain_finds_in_a_draft_have_the_drafts_field_before_them()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnQuote = () =>
            Task.FromResult<Answer<QuoteReply>>(Refusal.Invalid([new FieldFault("meters[0].prices[0].tiers[1].upTo", "not_rising", "It must rise.")]));

        var reply = await gateway.Post(
            "/v1/accounts/acme/quotes",
            """{"id":"q","meter":"m","quantity":1,"rateCard":{"meters":[{"meter":"m","unit":"call","prices":[{"id":"p","kind":"volume"}]}]}}""");

        Assert.Equal(["rateCard.meters[0].prices[0].tiers[1].upTo not_rising"], reply.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }
}
