using System.Net;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class HoldTests
{
    private const string Path = "/v1/accounts/acme/holds";

    [Fact]
    public async Task A_hold_for_a_quantity_reaches_its_account_and_is_answered_as_documented()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post(
            Path, """{"id":"h1","meter":"llm.tokens","quantity":"100.5","dimensions":{"model":"gpt-4"},"ttlSeconds":120,"mode":"upTo"}""");

        Assert.Equal(
            """
            {"hold":"h1","outcome":"held","credits":"8","expiresAt":"2026-01-31T12:05:00.5Z","balance":"99.928","available":"91.928",
            "sequence":44,"replayed":false}
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text);
        var hold = gateway.Grains.Account("acme").Hold!;
        Assert.Equal(("h1", "llm.tokens", 100.5m, null), (hold.Id, hold.Meter, hold.Quantity, hold.Credits));
        Assert.Equal((TimeSpan.FromMinutes(2), ChargeMode.UpTo, "gpt-4"), (hold.TimeToLive, hold.Mode, hold.Dimensions["model"]));
    }

    [Fact]
    public async Task A_hold_of_credits_lasts_five_minutes_and_is_enforced_unless_said_otherwise()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(HttpStatusCode.OK, (await gateway.Post(Path, """{"id":"h1","credits":"0.000000001"}""")).Status);

        var hold = gateway.Grains.Account("acme").Hold!;
        Assert.Equal((null, null, 0.000000001m), (hold.Meter, hold.Quantity, hold.Credits));
        Assert.Equal((TimeSpan.FromMinutes(5), ChargeMode.Enforce), (hold.TimeToLive, hold.Mode));
        Assert.Empty(hold.Dimensions);
    }

    [Fact]
    public async Task A_settle_carries_the_hold_of_its_address_and_is_final_and_recorded_unless_said_otherwise()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post($"{Path}/h1/settle", """{"id":"s1","quantity":"80"}""");

        Assert.Equal(
            """
            {"id":"s1","hold":"h1","outcome":"settled","credits":"5","released":"3","balance":"94.928","available":"94.928",
            "sequence":45,"replayed":false}
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text);
        var settle = gateway.Grains.Account("acme").Settled!;
        Assert.Equal(("s1", "h1", 80m, null), (settle.Id, settle.Hold, settle.Quantity, settle.Credits));
        Assert.Equal((true, ChargeMode.Record, false), (settle.Final, settle.Mode, settle.Explain));
    }

    [Fact]
    public async Task A_partial_settle_of_credits_is_explained_when_asked()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnSettle = settle => Task.FromResult<Answer<SettleReply>>(Samples.Settled(settle.Id, settle.Hold) with
        {
            Replayed = true,
            Violations = [Code.BudgetExceeded],
            Crossed = [new CrossedThreshold("search", 80), new CrossedThreshold("search", 100)],
            Explanation = [],
            Burned = [new GrantBurn("plan", 5m)],
        });

        var reply = await gateway.Post($"{Path}/h1/settle", """{"id":"s1","credits":0,"final":false,"mode":"enforce","explain":true}""");

        Assert.EndsWith(
            """
            "replayed":true,"violations":["budget_exceeded"],
            "crossed":[{"budget":"search","threshold":80},{"budget":"search","threshold":100}],"explanation":[],"burned":[{"grant":"plan","credits":"5"}]}
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text,
            StringComparison.Ordinal);
        var settle = gateway.Grains.Account("acme").Settled!;
        Assert.Equal((null, 0m), (settle.Quantity, settle.Credits));
        Assert.Equal((false, ChargeMode.Enforce, true), (settle.Final, settle.Mode, settle.Explain));
    }

    [Fact]
    public async Task A_release_says_that_it_released()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post($"{Path}/h1/release", """{"id":"s1"}""");

        Assert.Equal(("released", "h1"), ((string?)reply.Json["outcome"], (string?)reply.Json["hold"]));
        Assert.Equal(new ReleaseRequest("s1", "h1"), gateway.Grains.Account("acme").Released);
    }

    [Fact]
    public async Task A_reversal_gives_back_the_charge_of_its_address()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post("/v1/accounts/acme/charges/req-1/reversals", """{"id":"r1","quantity":"600"}""");

        Assert.Equal(
            """
            {"id":"r1","charge":"req-1","outcome":"reversed","credits":"0.072","balance":"100","available":"110","sequence":46,"replayed":false,
            "returned":[{"grant":"plan","credits":"0.072"}]}
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text);
        Assert.Equal(new ReversalRequest { Id = "r1", Charge = "req-1", Quantity = 600m }, gateway.Grains.Account("acme").Reversal);
        await gateway.Post("/v1/accounts/acme/charges/producer-1:17/reversals", """{"id":"r2"}""");
        Assert.Equal(new ReversalRequest { Id = "r2", Charge = "producer-1:17" }, gateway.Grains.Account("acme").Reversal);
    }

    [Theory]
    [InlineData("hold_not_found", 404)]
    [InlineData("hold_closed", 409)]
    [InlineData("hold_expired", 409)]
    public async Task A_settle_that_cannot_be_says_why(string code, int status)
    {
        await using var gateway = await GatewayHost.Start();
        var refused = Enum.GetValues<Code>().Single(value => Metering.Gateway.Wire.WireNames.Of(value) == code);
        gateway.Grains.Account("acme").OnSettle = _ => Task.FromResult<Answer<SettleReply>>(new Refusal { Code = refused, Detail = "Because." });

        (await gateway.Post($"{Path}/h1/settle", """{"id":"s1","quantity":"80"}""")).IsProblem((HttpStatusCode)status, code);
    }

    [Theory]
    [InlineData("4611686018427387904")]
    [InlineData("\"4611686018427387904\"")]
    [InlineData("\"46116860184273879\\u00304\"")]
    public async Task A_producer_numbers_its_charges_up_to_two_to_the_62(string sequence)
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post("/v1/accounts/acme/charges", $$"""{"producer":"p.1","producerSequence":{{sequence}},"meter":"m","quantity":1}""");

        Assert.Equal("p.1:4611686018427387904", (string?)reply.Json["id"]);
        var charge = Assert.Single(gateway.Grains.Account("acme").Charges);
        Assert.Equal(("p.1:4611686018427387904", "p.1", 1L << 62), (charge.Id, charge.Producer, charge.ProducerSequence));
    }

    [Fact]
    public async Task Charges_of_a_batch_may_be_numbered_too_and_tell_what_they_crossed()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = charge =>
            Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id) with { Crossed = [new CrossedThreshold("search", 50)] });

        var reply = await gateway.Post(
            "/v1/charges", """{"charges":[{"account":"acme","producer":"p","producerSequence":1.0,"meter":"m","quantity":1},{"account":"acme","producer":"p","meter":"m","quantity":1}]}""");

        Assert.Equal("p:1", (string?)reply.Json["results"]![0]!["id"]);
        Assert.Equal("""[{"budget":"search","threshold":50}]""", reply.Json["results"]![0]!["crossed"]!.ToJsonString());
        Assert.Equal(["producerSequence required"], Reply.FaultsOf(reply.Json["results"]![1]!));
    }

    [Fact]
    public async Task A_charge_read_back_tells_its_hold_and_what_was_given_back()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnGetCharge = () => Task.FromResult<Answer<ChargeView>>(Samples.ChargeView with
        {
            Hold = "h1",
            Reversed = 0.0360m,
            Crossed = [new CrossedThreshold("search", 50)],
        });

        var charge = (await gateway.Get("/v1/accounts/acme/charges/s1")).Json;

        Assert.Equal(("h1", "0.036", "search"), ((string?)charge["hold"], (string?)charge["reversed"], (string?)charge["crossed"]![0]!["budget"]));
    }
}
