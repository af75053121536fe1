using System.Net;
using System.Text;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class BatchTests
{
    [Fact]
    public async Task Results_stand_where_their_charges_stood_and_each_account_gets_one_message()
    {
        await using var gateway = await GatewayHost.Start();
        var charges = Enumerable.Range(0, 300).Select(i => $$"""{"account":"a{{i % 7}}","id":"c{{i}}","meter":"m","quantity":{{i}}}""");

        var reply = await gateway.Post("/v1/charges", $$"""{"charges":[{{string.Join(',', charges)}}]}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"c{i}"), reply.Json["results"]!.AsArray().Select(result => (string)result!["id"]!));
        for (var account = 0; account < 7; account++)
        {
            var sent = gateway.Grains.Account($"a{account}");
            Assert.Single(sent.Batches);
            Assert.Equal(Enumerable.Range(0, 300).Where(i => i % 7 == account).Select(i => $"c{i}"), sent.Charges.Select(charge => charge.Id));
        }
    }

    [Fact]
    public async Task The_same_id_twice_in_a_batch_reaches_the_account_twice_in_order()
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.Post(
            "/v1/charges", """{"charges":[{"account":"a","id":"x","meter":"m","quantity":1},{"account":"b","id":"x","meter":"m","quantity":2},{"account":"a","id":"x","meter":"m","quantity":3}]}""");

        Assert.Equal([1m, 3m], gateway.Grains.Account("a").Charges.Select(charge => charge.Lines[0].Quantity));
    }

    [Fact]
    public async Task A_charge_that_is_not_valid_or_refused_is_a_problem_among_replies()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("poor").OnCharge = _ => Task.FromResult<Answer<ChargeReply>>(new Refusal
        {
            Code = Code.InsufficientCredits,
            Detail = "Too few.",
            Account = "poor",
            Required = 0.0720m,
            Available = 0.01m,
        });

        var reply = await gateway.Post(
            "/v1/charges",
            """
            {"charges":[{"account":"a b","id":"x","lines":[{"meter":"m","quantity":"x"}],"zzz":1},
                        {"account":"poor","id":"x","meter":"m","quantity":1},
                        {"account":"rich","id":"x","meter":"m","quantity":1}, 7, {"id":"x","meter":"m","quantity":1}]}
            """);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var results = reply.Json["results"]!.AsArray();
        Assert.Equal(["zzz unknown_field", "lines[0].quantity bad_format", "account bad_format"], Reply.FaultsOf(results[0]!).OrderByDescending(fault => fault.Length == 17).ThenByDescending(fault => fault.Length));
        Assert.Equal(400, (int?)results[0]!["status"]);
        Assert.Equal(
            """{"type":"urn:metering:problem:insufficient_credits","title":"Insufficient credits","status":402,"code":"insufficient_credits","detail":"Too few.","account":"poor","required":"0.072","available":"0.01","retryable":false}""",
            results[1]!.ToJsonString());
        Assert.Equal("charged", (string?)results[2]!["outcome"]);
        Assert.Equal(["$ wrong_type"], Reply.FaultsOf(results[3]!));
        Assert.Equal(["account required"], Reply.FaultsOf(results[4]!));
    }

    [Fact]
    public async Task An_account_that_does_not_answer_fails_its_own_charges_only()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("lost").OnCharge = _ => throw new TimeoutException();

        var reply = await gateway.Post(
            "/v1/charges", """{"charges":[{"account":"lost","id":"x","meter":"m","quantity":1},{"account":"well","id":"x","meter":"m","quantity":1}]}""");

        var results = reply.Json["results"]!.AsArray();
        Assert.Equal(("unavailable", true), ((string?)results[0]!["code"], (bool?)results[0]!["retryable"]));
        Assert.Equal("charged", (string?)results[1]!["outcome"]);
    }

    [Fact]
    public async Task A_batch_may_have_ten_thousand_charges_and_not_one_more()
    {
        await using var gateway = await GatewayHost.Start();
        static string Batch(int count)
        {
            var charges = Enumerable.Range(0, count).Select(i => $$"""{"account":"a{{i % 100}}","id":"c{{i}}","meter":"m","quantity":1}""");
            return $$"""{"charges":[{{string.Join(',', charges)}}]}""";
        }

        var most = await gateway.Post("/v1/charges", Batch(10_000));
        var more = await gateway.Post("/v1/charges", Batch(10_001));

        Assert.Equal(10_000, most.Json["results"]!.AsArray().Count);
        Assert.Equal(["charges too_many"], more.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
        Assert.Equal(100, gateway.Grains.Account("a0").Charges.Count);
    }

    [Theory]
    [InlineData("{}", "charges required")]
    [InlineData("""{"charges":5}""", "charges wrong_type")]
    [InlineData("""{"charges":[],"mode":"record"}""", "mode unknown_field")]
    [InlineData("""{"charges":[],"charges":[]}""", "charges duplicate")]
    [InlineData("[]", "$ wrong_type")]
    public async Task A_body_that_is_no_batch_is_refused_as_a_whole(string body, string fault)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal([fault], (await gateway.Post("/v1/charges", body)).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Fact]
    public async Task An_empty_batch_has_no_results()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal("""{"results":[]}""", (await gateway.Post("/v1/charges", """{"charges":[]}""")).Text);
    }

    [Fact]
    public async Task Only_so_many_accounts_of_a_batch_are_asked_at_once()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxAccountsInFlightPerBatch = 3);
        var inFlight = 0;
        var most = 0;
        for (var i = 0; i < 20; i++)
        {
            gateway.Grains.Account($"a{i}").OnCharge = async charge =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref inFlight));
                await Task.Yield();
                Interlocked.Decrement(ref inFlight);
                return Samples.Charged(charge.Id);
            };
        }

        var charges = Enumerable.Range(0, 20).Select(i => $$"""{"account":"a{{i}}","id":"c","meter":"m","quantity":1}""");
        var reply = await gateway.Send(HttpMethod.Post, "/v1/charges", Encoding.UTF8.GetBytes($$"""{"charges":[{{string.Join(',', charges)}}]}"""));

        Assert.Equal(20, reply.Json["results"]!.AsArray().Count);
        Assert.InRange(most, 1, 3);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); seen < value; seen = Volatile.Read(ref target))
        {
            Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}
