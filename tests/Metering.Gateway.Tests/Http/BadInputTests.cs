using System.Net;
using System.Text;
using CsCheck;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

/// <summary>For every field of every body: what is not valid, by path. And for anything at all: never a failure of ours.</summary>
public sealed class BadInputTests
{
    public static TheoryData<string, string> Charges => new()
    {
        { """{}""", "id required, meter required, quantity required" },
        { """[]""", "$ wrong_type" },
        { """null""", "$ wrong_type" },
        { """{"id":"","meter":"m","quantity":1}""", "id required" },
        { """{"id":5,"meter":"m","quantity":1}""", "id wrong_type" },
        { """{"id":"a b","meter":"m","quantity":1}""", "id bad_format" },
        { """{"id":"\ud800","meter":"m","quantity":1}""", "id bad_format" },
        { """{"id":"a","id":"a","meter":"m","quantity":1}""", "id duplicate" },
        { """{"id":"a","\u0069d":"a","meter":"m","quantity":1}""", "id duplicate" },
        { """{"id":"a","meter":"","quantity":1}""", "meter required" },
        { """{"id":"a","meter":["m"],"quantity":1}""", "meter wrong_type" },
        { """{"id":"a","meter":"m/n","quantity":1}""", "meter bad_format" },
        { """{"id":"a","meter":"m","quantity":null}""", "quantity required" },
        { """{"id":"a","meter":"m","quantity":true}""", "quantity wrong_type" },
        { """{"id":"a","meter":"m","quantity":{}}""", "quantity wrong_type" },
        { """{"id":"a","meter":"m","quantity":"x"}""", "quantity bad_format" },
        { """{"id":"a","meter":"m","quantity":""}""", "quantity bad_format" },
        { """{"id":"a","meter":"m","quantity":"NaN"}""", "quantity bad_format" },
        { """{"id":"a","meter":"m","quantity":"Infinity"}""", "quantity bad_format" },
        { """{"id":"a","meter":"m","quantity":-1}""", "quantity out_of_range" },
        { """{"id":"a","meter":"m","quantity":"-0.000000001"}""", "quantity out_of_range" },
        { """{"id":"a","meter":"m","quantity":1e40}""", "quantity out_of_range" },
        { """{"id":"a","meter":"m","quantity":1000000000000000000}""", "quantity out_of_range" },
        { """{"id":"a","meter":"m","quantity":0.0000000001}""", "quantity too_precise" },
        { """{"id":"a","meter":"m","quantity":"1.1234567891"}""", "quantity too_precise" },
        { """{"id":"a","meter":"m","quantity":1,"dimensions":[]}""", "dimensions wrong_type" },
        { """{"id":"a","meter":"m","quantity":1,"dimensions":{"model":4}}""", "dimensions.model wrong_type" },
        { """{"id":"a","meter":"m","quantity":1,"dimensions":{"model":null}}""", "dimensions.model wrong_type" },
        { """{"id":"a","meter":"m","quantity":1,"dimensions":{"model":"a","model":"b"}}""", "dimensions.model duplicate" },
        { """{"id":"a","meter":"m","quantity":1,"dimensions":{"a b":"c"}}""", "dimensions.a b bad_format" },
        { """{"id":"a","meter":"m","quantity":1,"dimensions":{"":"c"}}""", "dimensions. required" },
        { """{"id":"a","meter":"m","quantity":1,"dimensions":{"\ud800":"c"}}""", "dimensions.\ufffd bad_format" },
        { """{"id":"a","meter":"m","quantity":1,"time":"yesterday"}""", "time bad_format" },
        { """{"id":"a","meter":"m","quantity":1,"time":"2026-01-31T12:00:00"}""", "time bad_format" },
        { """{"id":"a","meter":"m","quantity":1,"time":1769860800}""", "time wrong_type" },
        { """{"id":"a","meter":"m","quantity":1,"mode":"force"}""", "mode bad_format" },
        { """{"id":"a","meter":"m","quantity":1,"mode":"Enforce"}""", "mode bad_format" },
        { """{"id":"a","meter":"m","quantity":1,"mode":1}""", "mode wrong_type" },
        { """{"id":"a","meter":"m","quantity":1,"explain":"true"}""", "explain wrong_type" },
        { """{"id":"a","meter":"m","quantity":1,"holds":[{"x":[1,{}]}]}""", "holds unknown_field" },
        { """{"id":"a","producer":"p","producerSequence":1,"meter":"m","quantity":1}""", "id conflict" },
        { """{"producer":"p","meter":"m","quantity":1}""", "producerSequence required" },
        { """{"producerSequence":1,"meter":"m","quantity":1}""", "producer required" },
        { """{"id":"a","producerSequence":1,"meter":"m","quantity":1}""", "id conflict, producer required" },
        { """{"producer":"p q","producerSequence":0,"meter":"m","quantity":1}""", "producer bad_format, producerSequence out_of_range" },
        { """{"producer":5,"producerSequence":-1,"meter":"m","quantity":1}""", "producer wrong_type, producerSequence out_of_range" },
        { """{"producer":"p","producerSequence":1.5,"meter":"m","quantity":1}""", "producerSequence bad_format" },
        { """{"producer":"p","producerSequence":"one","meter":"m","quantity":1}""", "producerSequence bad_format" },
        { """{"producer":"p","producerSequence":"+1","meter":"m","quantity":1}""", "producerSequence bad_format" },
        { """{"producer":"p","producerSequence":true,"meter":"m","quantity":1}""", "producerSequence wrong_type" },
        { """{"producer":"p","producerSequence":4611686018427387905,"meter":"m","quantity":1}""", "producerSequence out_of_range" },
        { """{"producer":"p","producerSequence":9223372036854775808,"meter":"m","quantity":1}""", "producerSequence out_of_range" },
        { """{"producer":"p","producerSequence":1e30,"meter":"m","quantity":1}""", "producerSequence out_of_range" },
        { """{"id":"a","meter":"m","quantity":1,"firstSentMillisecondsAgo":-1}""", "firstSentMillisecondsAgo out_of_range" },
        { """{"id":"a","meter":"m","quantity":1,"firstSentMillisecondsAgo":31536000001}""", "firstSentMillisecondsAgo out_of_range" },
        { """{"id":"a","meter":"m","quantity":1,"firstSentMillisecondsAgo":1.5}""", "firstSentMillisecondsAgo bad_format" },
        { """{"id":"a","meter":"m","quantity":1,"account":"acme"}""", "account unknown_field" },
        { """{"id":"a","meter":"m","quantity":1,"rateCard":{}}""", "rateCard unknown_field" },
        { """{"id":"a","meter":"m","quantity":1,"Quantity":1}""", "Quantity unknown_field" },
        { """{"id":"a","meter":"m","quantity":1,"\ud800":1}""", "\ufffd unknown_field" },
        { """{"id":"a","meter":"m","lines":[{"meter":"m","quantity":1}]}""", "lines conflict" },
        { """{"id":"a","lines":[]}""", "lines required" },
        { """{"id":"a","lines":{}}""", "lines wrong_type" },
        { """{"id":"a","lines":[5,{"meter":"m"},{"meter":"m","quantity":"x","extra":1}]}""",
            "lines[0] wrong_type, lines[1].quantity required, lines[2].quantity bad_format, lines[2].extra unknown_field" },
        { """{"id":"a b","meter":5,"quantity":"x","mode":7,"zzz":0}""",
            "meter wrong_type, quantity bad_format, mode wrong_type, zzz unknown_field, id bad_format" },
    };

    public static TheoryData<string, string> Grants => new()
    {
        { """{}""", "amount required, id required" },
        { """7""", "$ wrong_type" },
        { """{"id":"a b","amount":1}""", "id bad_format" },
        { """{"id":"g","amount":"0"}""", "amount out_of_range" },
        { """{"id":"g","amount":"-1"}""", "amount out_of_range" },
        { """{"id":"g","amount":"1e18"}""", "amount out_of_range" },
        { """{"id":"g","amount":"1e-10"}""", "amount too_precise" },
        { """{"id":"g","amount":[]}""", "amount wrong_type" },
        { """{"id":"g","amount":1,"priority":-1}""", "priority out_of_range" },
        { """{"id":"g","amount":1,"priority":1000001}""", "priority out_of_range" },
        { """{"id":"g","amount":1,"priority":1e30}""", "priority out_of_range" },
        { """{"id":"g","amount":1,"priority":1.5}""", "priority bad_format" },
        { """{"id":"g","amount":1,"priority":"5"}""", "priority wrong_type" },
        { """{"id":"g","amount":1,"kind":"gift"}""", "kind bad_format" },
        { """{"id":"g","amount":1,"effectiveAt":"soon"}""", "effectiveAt bad_format" },
        { """{"id":"g","amount":1,"expiresAt":false}""", "expiresAt wrong_type" },
        { """{"id":"g","amount":1,"effectiveAt":"2026-01-01T00:00:00Z","expiresAt":"2026-01-01T00:00:00Z"}""", "expiresAt out_of_range" },
        { """{"id":"g","amount":1,"meters":"llm"}""", "meters wrong_type" },
        { """{"id":"g","amount":1,"meters":["a*b","",5,"ok*"]}""", "meters[2] wrong_type, meters[0] bad_format, meters[1] bad_format" },
        { """{"id":"g","amount":1,"recurrence":"month"}""", "recurrence wrong_type" },
        { """{"id":"g","amount":1,"recurrence":{}}""", "recurrence.every required" },
        { """{"id":"g","amount":1,"recurrence":{"every":"quarter","count":0,"anchor":"x","times":3}}""",
            "recurrence.every bad_format, recurrence.count out_of_range, recurrence.anchor bad_format, recurrence.times unknown_field" },
        { """{"id":"g","amount":1,"recurrence":{"every":"month","count":"2"}}""", "recurrence.count wrong_type" },
        { """{"id":"g","amount":1,"rollover":{}}""", "rollover conflict" },
        { """{"id":"g","amount":1,"recurrence":{"every":"month"},"rollover":5}""", "rollover wrong_type" },
        { """{"id":"g","amount":1,"recurrence":{"every":"month"},"rollover":{"minimum":"-1","maximum":"1e-10","most":1}}""",
            "rollover.minimum out_of_range, rollover.maximum too_precise, rollover.most unknown_field" },
        { """{"id":"g","amount":1,"recurrence":{"every":"month"},"rollover":{"minimum":"5","maximum":"4.999999999"}}""", "rollover.maximum out_of_range" },
    };

    public static TheoryData<string, string> Accounts => new()
    {
        { """ "acme" """, "$ wrong_type" },
        { """{"displayName":5}""", "displayName wrong_type" },
        { """{"rateCard":"a b"}""", "rateCard bad_format" },
        { """{"rateCard":""}""", "rateCard required" },
        { """{"discountPercent":"100.000000001"}""", "discountPercent out_of_range" },
        { """{"discountPercent":-1}""", "discountPercent out_of_range" },
        { """{"discountPercent":"0.0000000001"}""", "discountPercent too_precise" },
        { """{"creditLimit":"-0.01"}""", "creditLimit out_of_range" },
        { """{"creditLimit":"lots"}""", "creditLimit bad_format" },
        { """{"period":"month"}""", "period wrong_type" },
        { """{"period":{}}""", "period.every required" },
        { """{"period":{"every":"decade"}}""", "period.every bad_format" },
        { """{"period":{"every":"month","anchor":"x"}}""", "period.anchor bad_format" },
        { """{"period":{"every":"month","count":2}}""", "period.count unknown_field" },
        { """{"metadata":[]}""", "metadata wrong_type" },
        { """{"metadata":{"k":1}}""", "metadata.k wrong_type" },
        { """{"metadata":{"":"v"}}""", "metadata. required" },
        { """{"balance":"1000"}""", "balance unknown_field" },
    };

    public static TheoryData<string, string> Cards => new()
    {
        { """{}""", "meters required" },
        { """{"meters":{}}""", "meters wrong_type" },
        { """{"meters":[1]}""", "meters[0] wrong_type" },
        { """{"creditDefinition":1,"effectiveFrom":"x","meters":[{}]}""",
            "creditDefinition wrong_type, effectiveFrom bad_format, meters[0].meter required, meters[0].unit required, meters[0].prices required" },
        { """{"version":2,"meters":[{"meter":"m","unit":"u","prices":[{}]}]}""",
            "version unknown_field, meters[0].prices[0].kind required, meters[0].prices[0].id required" },
        { """{"meters":[{"meter":"m","unit":"u","prices":[{"id":"p","kind":"per_unit","unitPrice":"-1","packageSize":"x","packagePrice":[],"freeUnits":"1e20","maximumPerPeriod":"1e-10"}]}]}""",
            "meters[0].prices[0].packageSize bad_format, meters[0].prices[0].packagePrice wrong_type, meters[0].prices[0].freeUnits out_of_range, meters[0].prices[0].maximumPerPeriod too_precise, meters[0].prices[0].unitPrice out_of_range" },
        { """{"meters":[{"meter":"m","unit":"u","prices":[{"id":"p","kind":"volume","when":{"a":1},"tiers":[{"upTo":"x","unitPrice":-1},5]}]}]}""",
            "meters[0].prices[0].when.a wrong_type, meters[0].prices[0].tiers[0].upTo bad_format, meters[0].prices[0].tiers[1] wrong_type, meters[0].prices[0].tiers[0].unitPrice out_of_range" },
        { """{"meters":[{"meter":"m","unit":"u","prices":[{"id":"p","kind":"per_unit","convert":{"divide":"x","rounding":"floor","decimals":10},"perCharge":{"minimum":"x","most":1}}]}]}""",
            "meters[0].prices[0].convert.divide bad_format, meters[0].prices[0].convert.rounding bad_format, meters[0].prices[0].perCharge.minimum bad_format, meters[0].prices[0].perCharge.most unknown_field, meters[0].prices[0].convert.decimals out_of_range" },
        { """{"meters":[{"meter":"m","unit":"u","prices":[{"id":"p","kind":"per_unit","convert":5,"perCharge":[]}]}]}""",
            "meters[0].prices[0].convert wrong_type, meters[0].prices[0].perCharge wrong_type" },
    };

    [Theory]
    [MemberData(nameof(Charges))]
    public Task A_charge_that_is_not_valid_is_told_every_fault(string body, string faults) => Refused("/v1/accounts/acme/charges", HttpMethod.Post, body, faults);

    [Theory]
    [MemberData(nameof(Grants))]
    public Task A_grant_that_is_not_valid_is_told_every_fault(string body, string faults) => Refused("/v1/accounts/acme/grants", HttpMethod.Post, body, faults);

    [Theory]
    [MemberData(nameof(Accounts))]
    public Task Settings_that_are_not_valid_are_told_every_fault(string body, string faults) => Refused("/v1/accounts/acme", HttpMethod.Put, body, faults);

    [Theory]
    [MemberData(nameof(Cards))]
    public Task A_draft_that_is_not_well_formed_is_told_every_fault(string body, string faults) => Refused("/v1/rate-cards/default", HttpMethod.Put, body, faults);

    [Theory]
    [InlineData("GET", "/v1/accounts/a%20b", "account bad_format")]
    [InlineData("GET", "/v1/accounts/a%20b/grants", "account bad_format")]
    [InlineData("GET", "/v1/accounts/a%20b/charges/c%20d", "account bad_format, id bad_format")]
    [InlineData("DELETE", "/v1/accounts/a%20b/grants/c%01d", "account bad_format, grant bad_format")]
    [InlineData("GET", "/v1/rate-cards/a%20b", "card bad_format")]
    [InlineData("DELETE", "/v1/accounts/a%20b", "account bad_format")]
    [InlineData("DELETE", "/v1/accounts/a%20b/budgets/b%20c", "account bad_format, budget bad_format")]
    [InlineData("GET", "/v1/accounts/a%20b/watch", "account bad_format")]
    public async Task A_name_in_an_address_obeys_the_rule_of_names(string method, string path, string faults)
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Send(new HttpMethod(method), path, null);

        Assert.Equal(faults, string.Join(", ", reply.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors));
    }

    [Fact]
    public async Task Faults_of_the_address_and_of_the_body_are_told_together()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post("/v1/accounts/a%20b/charges", """{"id":"c","meter":"m"}""");

        Assert.Equal(["account bad_format", "quantity required"], reply.Errors);
    }

    [Fact]
    public async Task Limits_are_kept_exactly()
    {
        await using var gateway = await GatewayHost.Start();
        string Dimensions(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"\"d{i}\":\"v\""));
        string Lines(int count) => string.Join(',', Enumerable.Repeat("""{"meter":"m","quantity":1}""", count));
        async Task<string> Faults(string body) => string.Join(", ", (await gateway.Post("/v1/accounts/acme/charges", body)) is { Status: HttpStatusCode.OK } ? [] : (await gateway.Post("/v1/accounts/acme/charges", body)).Errors);

        Assert.Equal("", await Faults($$"""{"id":"{{new string('a', 128)}}","meter":"m","quantity":1}"""));
        Assert.Equal("id too_long", await Faults($$"""{"id":"{{new string('a', 129)}}","meter":"m","quantity":1}"""));
        Assert.Equal("", await Faults($$$"""{"id":"a","meter":"m","quantity":1,"dimensions":{ {{{Dimensions(16)}}} }}"""));
        Assert.Equal("dimensions too_many", await Faults($$$"""{"id":"a","meter":"m","quantity":1,"dimensions":{ {{{Dimensions(17)}}} }}"""));
        Assert.Equal("dimensions too_many", await Faults($$$"""{"id":"a","meter":"m","quantity":1,"dimensions":{ {{{Dimensions(500)}}} }}"""));
        Assert.Equal("", await Faults($$$"""{"id":"a","meter":"m","quantity":1,"dimensions":{"{{{new string('d', 64)}}}":"{{{new string('v', 256)}}}"}}"""));
        Assert.Equal(
            $"dimensions.{new string('d', 64)} too_long",
            await Faults($$$"""{"id":"a","meter":"m","quantity":1,"dimensions":{"{{{new string('d', 65)}}}":"v"}}"""));
        Assert.Equal("dimensions.d too_long", await Faults($$$"""{"id":"a","meter":"m","quantity":1,"dimensions":{"d":"{{{new string('v', 257)}}}"}}"""));
        Assert.Equal("", await Faults($$"""{"id":"a","lines":[{{Lines(32)}}]}"""));
        Assert.Equal("lines too_many", await Faults($$"""{"id":"a","lines":[{{Lines(33)}}]}"""));
        Assert.Equal("lines too_many", await Faults($$"""{"id":"a","lines":[{{Lines(900)}}]}"""));
        Assert.Equal("", await Faults("""{"id":"a","meter":"m","quantity":"999999999999999999.999999999"}"""));
        Assert.Equal("", await Faults("""{"id":"a","meter":"m","quantity":0}"""));
    }

    [Fact]
    public async Task Limits_of_settings_grants_and_cards_are_kept_exactly()
    {
        await using var gateway = await GatewayHost.Start();
        string Pairs(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"\"k{i}\":\"v\""));
        string Meters(int count) => string.Join(',', Enumerable.Repeat("\"m\"", count));
        string Prices(int count) => string.Join(',', Enumerable.Repeat("""{"id":"p","kind":"per_unit"}""", count));
        string Card(string prices) => $$"""{"meters":[{"meter":"m","unit":"u","prices":[{{prices}}]}]}""";
        async Task<string> Faults(HttpMethod method, string path, string body)
        {
            var reply = await gateway.Send(method, path, Encoding.UTF8.GetBytes(body));
            return reply.Status == HttpStatusCode.OK ? "" : string.Join(", ", reply.Errors);
        }

        Task<string> Account(string body) => Faults(HttpMethod.Put, "/v1/accounts/acme", body);
        Task<string> Grant(string body) => Faults(HttpMethod.Post, "/v1/accounts/acme/grants", body);
        Task<string> Draft(string body) => Faults(HttpMethod.Put, "/v1/rate-cards/default", body);

        Assert.Equal("", await Account($$"""{"displayName":"{{new string('a', 256)}}"}"""));
        Assert.Equal("displayName too_long", await Account($$"""{"displayName":"{{new string('a', 257)}}"}"""));
        Assert.Equal("", await Account("""{"discountPercent":"100"}"""));
        Assert.Equal("", await Account($$$"""{"metadata":{ {{{Pairs(50)}}} }}"""));
        Assert.Equal("metadata too_many", await Account($$$"""{"metadata":{ {{{Pairs(51)}}} }}"""));
        Assert.Equal("", await Account($$$"""{"metadata":{"{{{new string('k', 64)}}}":"{{{new string('v', 512)}}}"}}"""));
        Assert.Equal($"metadata.{new string('k', 64)} too_long", await Account($$$"""{"metadata":{"{{{new string('k', 65)}}}":""}}"""));
        Assert.Equal("metadata.k too_long", await Account($$$"""{"metadata":{"k":"{{{new string('v', 513)}}}"}}"""));
        Assert.Equal("", await Grant("""{"id":"g","amount":1,"priority":0}"""));
        Assert.Equal("", await Grant("""{"id":"g","amount":1,"priority":1000000}"""));
        Assert.Equal("", await Grant($$"""{"id":"g","amount":1,"meters":[{{Meters(100)}}]}"""));
        Assert.Equal("meters too_many", await Grant($$"""{"id":"g","amount":1,"meters":[{{Meters(101)}}]}"""));
        Assert.Equal("", await Grant($$"""{"id":"g","amount":1,"meters":["{{new string('m', 127)}}*"]}"""));
        Assert.Equal("meters[0] too_long", await Grant($$"""{"id":"g","amount":1,"meters":["{{new string('m', 128)}}*"]}"""));
        Assert.Equal("", await Draft(Card(Prices(100))));
        Assert.Equal("meters[0].prices too_many", await Draft(Card(Prices(101))));
        Assert.Equal("", await Draft(Card($$"""{"id":"p","kind":"volume","tiers":[{{string.Join(',', Enumerable.Repeat("{}", 100))}}]}""")));
        Assert.Equal(
            "meters[0].prices[0].tiers too_many",
            await Draft(Card($$"""{"id":"p","kind":"volume","tiers":[{{string.Join(',', Enumerable.Repeat("{}", 101))}}]}""")));
        Assert.Equal("meters[0].unit too_long", await Draft($$"""{"meters":[{"meter":"m","unit":"{{new string('u', 65)}}","prices":[{{Prices(1)}}]}]}"""));
        Assert.Equal(
            "creditDefinition too_long",
            await Draft($$"""{"creditDefinition":"{{new string('c', 1025)}}","meters":[{"meter":"m","unit":"u","prices":[{{Prices(1)}}]}]}"""));
        Assert.Equal(
            "meters too_many",
            await Draft($$"""{"meters":[{{string.Join(',', Enumerable.Repeat($$"""{"meter":"m","unit":"u","prices":[{{Prices(1)}}]}""", 1001))}}]}"""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"id\":\"a\",}")]
    [InlineData("{\"id\":\"a\"} x")]
    [InlineData("{\"id\":\"a\"}{}")]
    [InlineData("{'id':'a'}")]
    [InlineData("{\"id\":NaN}")]
    [InlineData("{\"id\":01}")]
    [InlineData("/* c */ {}")]
    [InlineData("{\"id\":\"a\nb\"}")]
    public async Task What_is_not_json_is_refused_as_a_whole(string body)
    {
        await using var gateway = await GatewayHost.Start();

        foreach (var path in new[] { "/v1/accounts/acme/charges", "/v1/charges", "/v1/accounts/acme/quotes", "/v1/accounts/acme/grants" })
        {
            Assert.Empty((await gateway.Post(path, body)).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
        }

        (await gateway.Post("/v1/events", body, "application/cloudevents+json")).IsProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await gateway.Post("/v1/events", body, "application/cloudevents-batch+json")).IsProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task What_is_not_utf8_or_nests_without_end_is_refused_as_a_whole()
    {
        await using var gateway = await GatewayHost.Start();
        byte[][] bodies =
        [
            [.. "{\"id\":\""u8, 0xff, .. "\"}"u8],
            [0xef, 0xbb, 0xbf, .. "{}"u8],
            Encoding.UTF8.GetBytes(new string('[', 100_000)),
            [0],
        ];

        foreach (var body in bodies)
        {
            (await gateway.Send(HttpMethod.Post, "/v1/accounts/acme/charges", body)).IsProblem(HttpStatusCode.BadRequest, "invalid_request");
        }
    }

    [Fact]
    public async Task A_thousand_faults_are_told_and_no_more()
    {
        await using var gateway = await GatewayHost.Start();
        var unknown = string.Join(',', Enumerable.Range(0, 3_000).Select(i => $"\"x{i}\":0"));

        var reply = await gateway.Post("/v1/accounts/acme/charges", $$"""{{{unknown}}}""");

        Assert.Equal(1_000, reply.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors.Count);
    }

    [Fact]
    public async Task Nothing_that_is_sent_makes_the_gateway_fail()
    {
        await using var gateway = await GatewayHost.Start();
        (string Path, string Type, string Body)[] seeds =
        [
            ("/v1/accounts/acme/charges", "application/json", """{"id":"req-1","lines":[{"meter":"m","quantity":"1200.5","dimensions":{"a":"b"}}],"time":"2026-01-31T12:00:00.5+01:00","mode":"upTo"}"""),
            ("/v1/charges", "application/json", """{"charges":[{"account":"a","id":"i","meter":"m","quantity":1e-3},{"account":"b","id":"\u00e9","meter":"m","quantity":-0.1}]}"""),
            ("/v1/accounts/acme/quotes", "application/json", """{"id":"q","meter":"m","quantity":1,"rateCard":{"meters":[{"meter":"m","unit":"u","prices":[{"id":"p","kind":"volume","tiers":[{"upTo":1}]}]}]}}"""),
            ("/v1/events", "application/cloudevents+json", """{"specversion":"1.0","id":"e","source":"/s","type":"m","subject":"acme","time":"2026-01-31T12:00:00Z","team":"x","data":{"quantity":"1","dimensions":{"a":"b"}}}"""),
            ("/v1/events", "application/cloudevents-batch+json", """[{"specversion":"1.0","id":"e","source":"s","type":"m","subject":"acme","n":5,"data":{"quantity":1}},{"specversion":"1.0"}]"""),
        ];
        var mutation = Gen.Select(Gen.Int[0, seeds.Length - 1], Gen.Select(Gen.Int[0, 1_000], Gen.Byte, Gen.Int[0, 2]).List[1, 4]);

        await mutation.SampleAsync(
            async it =>
            {
                var (path, type, text) = seeds[it.Item1];
                var body = Encoding.UTF8.GetBytes(text).ToList();
                foreach (var (place, value, how) in it.Item2)
                {
                    var at = place % body.Count;
                    if (how == 0)
                    {
                        body[at] = value;
                    }
                    else if (how == 1)
                    {
                        body.Insert(at, value);
                    }
                    else if (body.Count > 1)
                    {
                        body.RemoveAt(at);
                    }
                }

                var reply = await gateway.Send(HttpMethod.Post, path, [.. body], type);
                Assert.True(
                    reply.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest,
                    $"{path} answered {reply.Status} to {Encoding.UTF8.GetString([.. body])}: {reply.Text}");
            },
            iter: 2_000,
            threads: 4);
    }

    private static async Task Refused(string path, HttpMethod method, string body, string faults)
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Send(method, path, Encoding.UTF8.GetBytes(body));

        // Their order says nothing.
        Assert.Equal(faults.Split(", ").Order(StringComparer.Ordinal), reply.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors.Order(StringComparer.Ordinal));
    }
}
