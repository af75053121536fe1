using System.Net;
using System.Text;
using CsCheck;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

/// <summary>Holds, settles, reversals, budgets and policies: for every field what is not valid, by path, and the boundary between.</summary>
public sealed class ModelBadInputTests
{
    private const string HoldPath = "POST /v1/accounts/acme/holds";
    private const string SettlePath = "POST /v1/accounts/acme/holds/h1/settle";
    private const string ReversePath = "POST /v1/accounts/acme/charges/c1/reversals";
    private const string BudgetPath = "PUT /v1/accounts/acme/budgets/b1";
    private const string PolicyPath = "PUT /v1/accounts/acme/policy";

    public static TheoryData<string, string, string> Refused => new()
    {
        { HoldPath, "[]", "$ wrong_type" },
        { HoldPath, "{}", "id required, meter required, quantity required" },
        { HoldPath, """{"id":"a b","meter":"m/n","quantity":"x"}""", "id bad_format, meter bad_format, quantity bad_format" },
        { HoldPath, """{"id":"h","meter":5,"quantity":true}""", "meter wrong_type, quantity wrong_type" },
        { HoldPath, """{"id":"h","meter":"m","quantity":0}""", "quantity out_of_range" },
        { HoldPath, """{"id":"h","meter":"m","quantity":-1}""", "quantity out_of_range" },
        { HoldPath, """{"id":"h","meter":"m","quantity":"1e-10"}""", "quantity too_precise" },
        { HoldPath, """{"id":"h","quantity":1}""", "meter required" },
        { HoldPath, """{"id":"h","meter":"m"}""", "quantity required" },
        { HoldPath, """{"id":"h","credits":0}""", "credits out_of_range" },
        { HoldPath, """{"id":"h","credits":"x"}""", "credits bad_format" },
        { HoldPath, """{"id":"h","credits":[]}""", "credits wrong_type" },
        { HoldPath, """{"id":"h","credits":1,"meter":"m","quantity":1}""", "credits conflict" },
        { HoldPath, """{"id":"h","credits":1,"quantity":1}""", "credits conflict" },
        { HoldPath, """{"id":"h","credits":1,"dimensions":{"a":"b"}}""", "credits conflict" },
        { HoldPath, """{"id":"h","meter":"m","quantity":1,"dimensions":{"a b":"c","d":1}}""", "dimensions.a b bad_format, dimensions.d wrong_type" },
        { HoldPath, """{"id":"h","credits":1,"ttlSeconds":0}""", "ttlSeconds out_of_range" },
        { HoldPath, """{"id":"h","credits":1,"ttlSeconds":-2147483648}""", "ttlSeconds out_of_range" },
        { HoldPath, """{"id":"h","credits":1,"ttlSeconds":86401}""", "ttlSeconds out_of_range" },
        { HoldPath, """{"id":"h","credits":1,"ttlSeconds":1.5}""", "ttlSeconds bad_format" },
        { HoldPath, """{"id":"h","credits":1,"ttlSeconds":"60"}""", "ttlSeconds wrong_type" },
        { HoldPath, """{"id":"h","credits":1,"mode":"record"}""", "mode bad_format" },
        { HoldPath, """{"id":"h","credits":1,"hold":"h","expiresAt":"x"}""", "hold unknown_field, expiresAt unknown_field" },

        { SettlePath, "5", "$ wrong_type" },
        { SettlePath, "{}", "id required, quantity required" },
        { SettlePath, """{"id":"s","quantity":1,"credits":1}""", "credits conflict" },
        { SettlePath, """{"id":"s","quantity":-1}""", "quantity out_of_range" },
        { SettlePath, """{"id":"s","quantity":"x"}""", "quantity bad_format" },
        { SettlePath, """{"id":"s","credits":"-0.1"}""", "credits out_of_range" },
        { SettlePath, """{"id":"s","credits":{}}""", "credits wrong_type" },
        { SettlePath, """{"id":"s","quantity":1,"final":"yes","explain":1}""", "final wrong_type, explain wrong_type" },
        { SettlePath, """{"id":"s","quantity":1,"mode":"upTo"}""", "mode bad_format" },
        { SettlePath, """{"id":"s","quantity":1,"hold":"h2"}""", "hold unknown_field" },
        { "POST /v1/accounts/acme/holds/h%20x/settle", """{"id":"s"}""", "hold bad_format, quantity required" },
        { "POST /v1/accounts/acme/holds/h1/release", "{}", "id required" },
        { "POST /v1/accounts/acme/holds/h%20x/release", """{"id":5,"quantity":1}""", "hold bad_format, id wrong_type, quantity unknown_field" },

        { ReversePath, "{}", "id required" },
        { ReversePath, """{"id":"r","quantity":0}""", "quantity out_of_range" },
        { ReversePath, """{"id":"r","quantity":"1e18"}""", "quantity out_of_range" },
        { ReversePath, """{"id":"r","credits":1}""", "credits unknown_field" },
        { "POST /v1/accounts/acme/charges/c%20x/reversals", """{"id":"r r"}""", "charge bad_format, id bad_format" },

        { BudgetPath, "null", "$ wrong_type" },
        { BudgetPath, "{}", "window required, limit required" },
        { BudgetPath, """{"window":"year","limit":0,"action":"stop"}""", "window bad_format, limit out_of_range, action bad_format" },
        { BudgetPath, """{"window":1,"limit":"x","action":true,"id":"b"}""", "window wrong_type, limit bad_format, action wrong_type, id unknown_field" },
        { BudgetPath, """{"window":"day","limit":1,"scope":"llm"}""", "scope wrong_type" },
        { BudgetPath, """{"window":"day","limit":1,"scope":{"meters":["*a",5,"b"],"dimensions":{"team":5,"a b":"*"},"all":1}}""",
            "scope.meters[0] bad_format, scope.meters[1] wrong_type, scope.dimensions.team wrong_type, scope.dimensions.a b bad_format, scope.all unknown_field" },
        { BudgetPath, """{"window":"day","limit":1,"thresholds":50}""", "thresholds wrong_type" },
        { BudgetPath, """{"window":"day","limit":1,"thresholds":["50",50.5,0,1001,1e20]}""",
            "thresholds[0] wrong_type, thresholds[1] bad_format, thresholds[2] out_of_range, thresholds[3] out_of_range, thresholds[4] out_of_range" },
        { BudgetPath, """{"window":"day","limit":1,"thresholds":[50,50,49]}""", "thresholds[1] not_rising, thresholds[2] not_rising" },
        { "PUT /v1/accounts/acme/budgets/b%20x", """{"window":"day","limit":1}""", "budget bad_format" },

        { PolicyPath, "[]", "$ wrong_type" },
        { PolicyPath, """{"allowedMeters":"m","blockedMeters":["a*b"],"requiredDimensions":["a b",""],"maximumCreditsPerCharge":0}""",
            "allowedMeters wrong_type, blockedMeters[0] bad_format, requiredDimensions[0] bad_format, requiredDimensions[1] required, maximumCreditsPerCharge out_of_range" },
        { PolicyPath, """{"requiredDimensions":["team","team"]}""", "requiredDimensions[1] duplicate" },
        { PolicyPath, """{"rateLimits":{}}""", "rateLimits wrong_type" },
        { PolicyPath, """{"rateLimits":[5,{}]}""",
            "rateLimits[0] wrong_type, rateLimits[1].meter required, rateLimits[1].quantity required, rateLimits[1].perSeconds required" },
        { PolicyPath, """{"rateLimits":[{"meter":"a*b","quantity":0,"perSeconds":0,"burst":"x","per":1}]}""",
            "rateLimits[0].meter bad_format, rateLimits[0].quantity out_of_range, rateLimits[0].perSeconds out_of_range, rateLimits[0].burst bad_format, rateLimits[0].per unknown_field" },
        { PolicyPath, """{"rateLimits":[{"meter":"m","quantity":"5","perSeconds":1,"burst":"4.999999999"}]}""", "rateLimits[0].burst out_of_range" },
        { PolicyPath, """{"rateLimits":[{"meter":"m","quantity":1,"perSeconds":1},{"meter":"m","quantity":2,"perSeconds":1}]}""", "rateLimits[1].meter duplicate" },
        { PolicyPath, """{"frozen":"no","shadow":["rates",5,"frozen"]}""", "frozen wrong_type, shadow[0] bad_format, shadow[1] wrong_type" },
        { PolicyPath, """{"shadow":["frozen","rateLimits","frozen"]}""", "shadow[2] duplicate" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_not_valid_is_told_every_fault(string target, string body, string faults)
    {
        await using var gateway = await GatewayHost.Start();

        var told = (await Send(gateway, target, body)).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors;

        // Their order says nothing.
        Assert.Equal(faults.Split(", ").Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Limits_are_kept_exactly()
    {
        await using var gateway = await GatewayHost.Start();
        string Many(int count, Func<int, string> each) => string.Join(',', Enumerable.Range(1, count).Select(each));
        string Limits(int count) => $$"""{"rateLimits":[{{Many(count, i => $$"""{"meter":"m{{i}}","quantity":1,"perSeconds":1}""")}}]}""";
        string Thresholds(int count) => $$"""{"window":"day","limit":1,"thresholds":[{{Many(count, i => $"{i}")}}]}""";
        string Dimensions(int count) => $$"""{"requiredDimensions":[{{Many(count, i => $"\"d{i}\"")}}]}""";
        string Patterns(int count) => $$"""{"allowedMeters":[{{Many(count, i => $"\"m{i}\"")}}]}""";
        string Scope(int count) => $$$"""{"window":"day","limit":1,"scope":{"meters":[{{{Many(count, i => $"\"m{i}\"")}}}]}}""";
        string Producer(int length) => $$"""{"producer":"{{new string('p', length)}}","producerSequence":1,"meter":"m","quantity":1}""";
        string Every(int count) => $$$"""{"id":"g","amount":1,"recurrence":{"every":"hour","count":{{{count}}}}}""";
        (string Target, string Good, string Bad, string Fault)[] boundaries =
        [
            (HoldPath, """{"id":"h","credits":1,"ttlSeconds":1}""", """{"id":"h","credits":1,"ttlSeconds":0}""", "ttlSeconds out_of_range"),
            (HoldPath, """{"id":"h","credits":1,"ttlSeconds":86400}""", """{"id":"h","credits":1,"ttlSeconds":86401}""", "ttlSeconds out_of_range"),
            (BudgetPath, Thresholds(20), Thresholds(21), "thresholds too_many"),
            (BudgetPath, Thresholds(20), Thresholds(5_000), "thresholds too_many"),
            (BudgetPath, """{"window":"day","limit":1,"thresholds":[1,1000]}""", """{"window":"day","limit":1,"thresholds":[1,1001]}""", "thresholds[1] out_of_range"),
            (BudgetPath, Scope(100), Scope(101), "scope.meters too_many"),
            (PolicyPath, Patterns(100), Patterns(101), "allowedMeters too_many"),
            (PolicyPath, Limits(100), Limits(101), "rateLimits too_many"),
            (PolicyPath, Dimensions(16), Dimensions(17), "requiredDimensions too_many"),
            (PolicyPath,
                """{"rateLimits":[{"meter":"m","quantity":5,"perSeconds":86400,"burst":5}]}""",
                """{"rateLimits":[{"meter":"m","quantity":5,"perSeconds":86401,"burst":5}]}""",
                "rateLimits[0].perSeconds out_of_range"),
            ("POST /v1/accounts/acme/charges", Producer(100), Producer(101), "producer too_long"),
            ("POST /v1/accounts/acme/grants", Every(1_000), Every(1_001), "recurrence.count out_of_range"),
            ("POST /v1/accounts/acme/grants",
                """{"id":"g","amount":1,"recurrence":{"every":"day"},"rollover":{"minimum":5,"maximum":5}}""",
                """{"id":"g","amount":1,"recurrence":{"every":"day"},"rollover":{"minimum":5.1,"maximum":5}}""",
                "rollover.maximum out_of_range"),
        ];

        foreach (var (target, good, bad, fault) in boundaries)
        {
            var taken = await Send(gateway, target, good);
            Assert.True(taken.Status == HttpStatusCode.OK, $"{target} {good}: {taken.Text}");
            Assert.Equal([fault], (await Send(gateway, target, bad)).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
        }
    }

    [Fact]
    public async Task Nothing_that_is_sent_makes_the_gateway_fail()
    {
        await using var gateway = await GatewayHost.Start();
        (string Target, string Body)[] seeds =
        [
            (HoldPath, """{"id":"h1","meter":"llm.tokens","quantity":"100","dimensions":{"model":"gpt-4"},"credits":null,"ttlSeconds":120,"mode":"upTo"}"""),
            (SettlePath, """{"id":"s1","quantity":"80","credits":null,"final":false,"mode":"enforce","explain":true}"""),
            (ReversePath, """{"id":"r1","quantity":"600"}"""),
            (BudgetPath, """{"scope":{"meters":["llm.*"],"dimensions":{"team":"search","key":"*"}},"window":"day","limit":"25","thresholds":[50,80],"action":"block"}"""),
            (PolicyPath, """{"allowedMeters":["llm.*"],"maximumCreditsPerCharge":"50","rateLimits":[{"meter":"a","quantity":"1","perSeconds":1,"burst":"2"}],"shadow":["rateLimits"]}"""),
            ("POST /v1/accounts/acme/grants", """{"id":"g","amount":1,"recurrence":{"every":"month","count":2,"anchor":"2026-01-31T12:00:00Z"},"rollover":{"minimum":"0","maximum":50}}"""),
            ("POST /v1/accounts/acme/charges", """{"producer":"p","producerSequence":"4611686018427387904","meter":"m","quantity":1}"""),
        ];
        var mutation = Gen.Select(Gen.Int[0, seeds.Length - 1], Gen.Select(Gen.Int[0, 1_000], Gen.Byte, Gen.Int[0, 2]).List[1, 4]);

        await mutation.SampleAsync(
            async it =>
            {
                var (target, text) = seeds[it.Item1];
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

                var (method, path) = Split(target);
                var reply = await gateway.Send(method, path, [.. body]);
                Assert.True(
                    reply.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest,
                    $"{target} answered {reply.Status} to {Encoding.UTF8.GetString([.. body])}: {reply.Text}");
            },
            iter: 2_000,
            threads: 4);
    }

    private static Task<Reply> Send(GatewayHost gateway, string target, string body)
    {
        var (method, path) = Split(target);
        return gateway.Send(method, path, Encoding.UTF8.GetBytes(body));
    }

    private static (HttpMethod Method, string Path) Split(string target)
    {
        var parts = target.Split(' ');
        return (new HttpMethod(parts[0]), parts[1]);
    }
}
