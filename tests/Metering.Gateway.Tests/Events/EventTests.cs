using System.Net;
using System.Text;
using Metering.Contracts;
using Metering.Gateway.Events;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Events;

public sealed class EventTests
{
    private const string Structured = "application/cloudevents+json";
    private const string Batched = "application/cloudevents-batch+json";

    private const string Event =
        """{"specversion":"1.0","id":"e1","source":"chat","type":"llm.tokens","subject":"acme","time":"2026-01-31T13:00:00+01:00","team":"search","data":{"quantity":"1200","dimensions":{"model":"gpt-4"}}}""";

    public static TheoryData<string, string> Faulty => new()
    {
        { """{}""", "specversion required, id required, source required, type required, subject required" },
        { """[]""", "$ wrong_type" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m"}""", "subject required" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":null}""", "subject required" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a b"}""", "subject bad_format" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m/n","subject":"a"}""", "type bad_format" },
        { """{"specversion":"1.0","id":5,"source":"s","type":"m","subject":"a"}""", "id wrong_type" },
        { """{"specversion":"1.0","id":"","source":"","type":"m","subject":"a"}""", "id required, source required" },
        { """{"specversion":"0.3","id":"e","source":"s","type":"m","subject":"a"}""", "specversion bad_format" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","time":"today"}""", "time bad_format" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","data_base64":"AA=="}""", "data_base64 bad_format" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","datacontenttype":"text/xml","data":"<a/>"}""", "datacontenttype bad_format" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","datacontenttype":"","data":{}}""", "datacontenttype bad_format" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","Team":"x"}""", "Team bad_format" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","team":{"x":1}}""", "team wrong_type" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","data":5}""", "data wrong_type" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","data":{"quantity":-1,"amount":1,"dimensions":{"a b":"c"}}}""",
            "data.quantity out_of_range, data.amount unknown_field, data.dimensions.a b bad_format" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","team":"x","data":{"dimensions":{"team":"y"}}}""", "team conflict" },
        { """{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","data":{"quantity":1,"quantity":1}}""", "" },
    };

    [Fact]
    public async Task An_event_is_a_charge_in_record_mode()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post("/v1/events", Event, Structured);

        Assert.Equal(
            """{"id":"chat:e1","outcome":"charged","credits":"0.072","balance":"99.928","available":"99.928","sequence":43,"replayed":false}""", reply.Text);
        AssertCharge(Assert.Single(gateway.Grains.Account("acme").Charges));
    }

    [Fact]
    public async Task An_event_in_binary_mode_is_the_same_charge()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Send(
            HttpMethod.Post,
            "/v1/events",
            """{"quantity":"1200","dimensions":{"model":"gpt-4"}}"""u8.ToArray(),
            "application/json; charset=utf-8",
            ("ce-specversion", "1.0"), ("ce-id", "e1"), ("ce-source", "chat"), ("ce-type", "llm.tokens"), ("ce-subject", "acme"),
            ("ce-time", "2026-01-31T13:00:00+01:00"), ("ce-team", "search"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        AssertCharge(Assert.Single(gateway.Grains.Account("acme").Charges));
    }

    [Fact]
    public async Task Events_in_a_batch_are_answered_each_on_its_own_in_order()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post(
            "/v1/events", $$"""[{{Event}},{"specversion":"1.0"},7,{"specversion":"1.0","id":"e2","source":"chat","type":"m","subject":"acme"}]""", Batched);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var results = reply.Json["results"]!.AsArray();
        Assert.Equal("chat:e1", (string?)results[0]!["id"]);
        Assert.Equal(["id required", "source required", "type required", "subject required"], Reply.FaultsOf(results[1]!));
        Assert.Equal(["$ wrong_type"], Reply.FaultsOf(results[2]!));
        Assert.Equal("chat:e2", (string?)results[3]!["id"]);
        var charges = gateway.Grains.Account("acme").Charges.ToArray();
        AssertCharge(charges[0]);
        Assert.Equal((1m, 0), (charges[1].Lines[0].Quantity, charges[1].Lines[0].Dimensions.Count));
    }

    [Theory]
    [MemberData(nameof(Faulty))]
    public async Task An_event_that_is_not_valid_is_told_every_fault_by_attribute(string body, string faults)
    {
        await using var gateway = await GatewayHost.Start();

        var problem = (await gateway.Post("/v1/events", body, Structured)).IsProblem(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal(
            faults.Split(", ", StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            problem.Errors.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("ce-subject", "", "subject required")]
    [InlineData("ce-time", "never", "time bad_format")]
    [InlineData("ce-specversion", "2.0", "specversion bad_format")]
    [InlineData("ce-type", "a/b", "type bad_format")]
    [InlineData("ce-type", "a%20b", "type bad_format")]
    public async Task A_header_that_is_not_valid_is_told_by_its_attribute(string header, string value, string fault)
    {
        await using var gateway = await GatewayHost.Start();
        var headers = new Dictionary<string, string>
        {
            ["ce-specversion"] = "1.0",
            ["ce-id"] = "e",
            ["ce-source"] = "s",
            ["ce-type"] = "m",
            ["ce-subject"] = "a",
            [header] = value,
        };

        var reply = await gateway.Send(
            HttpMethod.Post, "/v1/events", "{}"u8.ToArray(), "application/json", [.. headers.Select(pair => (pair.Key, pair.Value))]);

        Assert.Equal([fault], reply.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Fact]
    public async Task Json_without_attributes_learns_which_are_missing()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post("/v1/events", "{}");

        Assert.Equal(
            ["specversion required", "id required", "source required", "type required", "subject required"],
            reply.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/cloudevents+xml")]
    [InlineData("application/cloudevents+json; charset=utf-16")]
    [InlineData(null)]
    public async Task What_is_no_event_by_its_content_type_is_not_taken(string? contentType)
    {
        await using var gateway = await GatewayHost.Start();

        (await gateway.Post("/v1/events", Event, contentType)).IsProblem(HttpStatusCode.UnsupportedMediaType, "invalid_request");
    }

    [Fact]
    public async Task Binary_data_that_is_not_json_is_refused()
    {
        await using var gateway = await GatewayHost.Start();
        (string, string)[] headers = [("ce-specversion", "1.0"), ("ce-id", "e"), ("ce-source", "s"), ("ce-type", "m"), ("ce-subject", "a")];

        var xml = await gateway.Send(HttpMethod.Post, "/v1/events", "<a/>"u8.ToArray(), "text/xml", headers);
        var broken = await gateway.Send(HttpMethod.Post, "/v1/events", "{"u8.ToArray(), "application/json", headers);
        var none = await gateway.Send(HttpMethod.Post, "/v1/events", null, null, headers);

        Assert.Equal(["datacontenttype bad_format"], xml.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
        broken.IsProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(HttpStatusCode.OK, none.Status);
        Assert.Equal(1m, Assert.Single(gateway.Grains.Account("a").Charges).Lines[0].Quantity);
    }

    [Fact]
    public async Task Dimensions_of_data_and_extensions_count_together()
    {
        await using var gateway = await GatewayHost.Start();
        static string WithDimensions(int count) =>
            $$$"""{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"a","x":true,"y":5,"data":{"dimensions":{ {{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"d{i}\":\"v\""))}}} } } }""";

        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/events", WithDimensions(14), Structured)).Status);
        Assert.Equal(["data.dimensions too_many"], (await gateway.Post("/v1/events", WithDimensions(15), Structured)).Errors);
        var dimensions = Assert.Single(gateway.Grains.Account("a").Charges).Lines[0].Dimensions;
        Assert.Equal(("true", "5"), (dimensions["x"], dimensions["y"]));
    }

    [Fact]
    public async Task A_batch_may_have_ten_thousand_events_and_not_one_more()
    {
        await using var gateway = await GatewayHost.Start();
        static string Events(int count) => $"[{string.Join(',', Enumerable.Repeat(Event, count))}]";

        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/events", Events(10_000), Batched)).Status);
        Assert.Equal(["$ too_many"], (await gateway.Post("/v1/events", Events(10_001), Batched)).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
        Assert.Equal(["$ wrong_type"], (await gateway.Post("/v1/events", Event, Batched)).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Theory]
    [InlineData("chat", "e1", "chat:e1")]
    [InlineData("/my/source", "a b", "_2Fmy_2Fsource:a_20b")]
    [InlineData("a:b", "c", "a_3Ab:c")]
    [InlineData("a", "b:c", "a:b_3Ac")]
    [InlineData("a_b", "é", "a_5Fb:_C3_A9")]
    public void Source_and_id_make_one_id_from_which_both_can_be_told(string source, string id, string combined) =>
        Assert.Equal(combined, EventId.Combine(source, id));

    [Fact]
    public void What_is_too_long_becomes_a_digest_that_nobody_can_write_himself()
    {
        var fits = EventId.Combine(new string('s', 63), new string('i', 64));
        var over = EventId.Combine(new string('s', 64), new string('i', 64));
        var moved = EventId.Combine(new string('s', 63) + "i", new string('i', 64));

        Assert.Equal(128, fits.Length);
        Assert.Matches("^ce::[0-9a-f]{64}$", over);
        Assert.NotEqual(over, moved);
        Assert.NotEqual(over, EventId.Combine("ce", over[4..]));
        Assert.NotEqual(over, EventId.Combine("ce:", over[4..]));
    }

    [Fact]
    public async Task A_very_long_source_is_charged_under_its_digest()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Send(
            HttpMethod.Post, "/v1/events", Encoding.UTF8.GetBytes(Event.Replace("\"chat\"", $"\"{new string('x', 1_000)}\"", StringComparison.Ordinal)), Structured);

        Assert.StartsWith("ce::", (string?)reply.Json["id"], StringComparison.Ordinal);
    }

    private static void AssertCharge(ChargeRequest charge)
    {
        var line = Assert.Single(charge.Lines);
        Assert.Equal(("chat:e1", "llm.tokens", 1200m, ChargeMode.Record, false), (charge.Id, line.Meter, line.Quantity, charge.Mode, charge.Explain));
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), charge.Time);
        Assert.Equal(TimeSpan.Zero, charge.Time!.Value.Offset);
        Assert.Equal(
            new Dictionary<string, string> { ["model"] = "gpt-4", ["team"] = "search" }, line.Dimensions.ToDictionary(pair => pair.Key, pair => pair.Value));
    }
}
