using System.Net;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class GovernanceTests
{
    [Fact]
    public async Task A_budget_is_put_with_all_it_can_say_and_answered_as_documented()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Put(
            "/v1/accounts/acme/budgets/search",
            """{"scope":{"meters":["egress"],"dimensions":{"team":"search","key":"*"}},"window":"day","limit":25,"thresholds":[50,80,100],"action":"block"}""");

        Assert.Equal(
            """
            {"id":"search","scope":{"meters":["llm.*"],"dimensions":{"team":"search"}},"window":"day","limit":"25","thresholds":[50,80,100],
            "action":"block","spent":"20.5","crossed":[50,80],
            "counters":[{"windowStart":"2026-01-31T00:00:00Z","spent":"20.5","held":"4","crossed":[50,80]}]}
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text);
        var budget = gateway.Grains.Account("acme").Budget!;
        Assert.Equal(("search", BudgetWindow.Day, 25m, BudgetAction.Block), (budget.Id, budget.Window, budget.Limit, budget.Action));
        Assert.Equal(["egress"], budget.Meters);
        Assert.Equal(("search", "*"), (budget.Dimensions["team"], budget.Dimensions["key"]));
        Assert.Equal([50, 80, 100], budget.Thresholds);
    }

    [Fact]
    public async Task A_budget_left_to_its_defaults_counts_everything_and_only_tells()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(HttpStatusCode.OK, (await gateway.Put("/v1/accounts/acme/budgets/all", """{"window":"total","limit":"0.000000001"}""")).Status);

        var budget = gateway.Grains.Account("acme").Budget!;
        Assert.Equal((BudgetWindow.Total, BudgetAction.Alert, 0.000000001m), (budget.Window, budget.Action, budget.Limit));
        Assert.Empty(budget.Meters);
        Assert.Empty(budget.Dimensions);
        Assert.Empty(budget.Thresholds);
    }

    [Fact]
    public async Task A_budget_that_counts_each_value_apart_has_no_one_answer_to_what_was_spent()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnBudget = () => Task.FromResult<Answer<BudgetView>>(new BudgetView
        {
            Budget = new BudgetRequest { Id = "keys", Dimensions = new Dictionary<string, string> { ["key"] = "*" }, Window = BudgetWindow.Total, Limit = 5m },
            Counters =
            [
                new BudgetCounterView(new Dictionary<string, string> { ["key"] = "k1" }, null, 4m, 0m, []),
                new BudgetCounterView(new Dictionary<string, string>(), null, 1m, 0m, []),
            ],
        });

        var reply = await gateway.Send(HttpMethod.Delete, "/v1/accounts/acme/budgets/keys", null);

        Assert.Equal(
            """
            {"id":"keys","scope":{"dimensions":{"key":"*"}},"window":"total","limit":"5","thresholds":[],"action":"alert",
            "counters":[{"values":{"key":"k1"},"spent":"4","held":"0","crossed":[]},{"spent":"1","held":"0","crossed":[]}]}
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text);
        Assert.Equal("keys", gateway.Grains.Account("acme").BudgetDeleted);
    }

    [Fact]
    public async Task A_budget_that_has_counted_nothing_yet_has_spent_nothing()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnBudget = () => Task.FromResult<Answer<BudgetView>>(Samples.Budget with { Counters = [] });

        var reply = await gateway.Put("/v1/accounts/acme/budgets/search", """{"window":"day","limit":"25"}""");

        Assert.Equal(("0", "[]", "[]"), ((string?)reply.Json["spent"], reply.Json["crossed"]!.ToJsonString(), reply.Json["counters"]!.ToJsonString()));
    }

    [Fact]
    public async Task A_policy_is_put_with_all_it_can_say_and_answered_as_documented()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Put(
            "/v1/accounts/acme/policy",
            """
            {"allowedMeters":["egress","e*"],"blockedMeters":["egress"],"requiredDimensions":["service"],"maximumCreditsPerCharge":"50",
             "rateLimits":[{"meter":"egress","quantity":"100","perSeconds":1,"burst":"200"},{"meter":"*","quantity":"7","perSeconds":60}],
             "frozen":true,"shadow":["rateLimits","frozen"]}
            """);

        Assert.Equal(
            """
            {"allowedMeters":["llm.*"],"blockedMeters":["llm.images"],"requiredDimensions":["service"],"maximumCreditsPerCharge":"50",
            "rateLimits":[{"meter":"api.calls","quantity":"100","perSeconds":1,"burst":"200","left":"150.5"}],"frozen":true,"shadow":["rateLimits"],
            "shadowed":{"rateLimits":7}}
            """.Replace("\n", "", StringComparison.Ordinal),
            reply.Text);
        var policy = gateway.Grains.Account("acme").Policy!;
        Assert.Equal(["egress", "e*"], policy.AllowedMeters);
        Assert.Equal(["egress"], policy.BlockedMeters);
        Assert.Equal(["service"], policy.RequiredDimensions);
        Assert.Equal([new RateLimit("egress", 100m, 1, 200m), new RateLimit("*", 7m, 60, 7m)], policy.RateLimits);
        Assert.Equal((50m, true), (policy.MaximumCreditsPerCharge, policy.Frozen));
        Assert.Equal([PolicyRule.RateLimits, PolicyRule.Frozen], policy.Shadow);
    }

    [Fact]
    public async Task An_empty_policy_allows_everything()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(HttpStatusCode.OK, (await gateway.Put("/v1/accounts/acme/policy", "{}")).Status);

        Assert.Equivalent(new PolicyRequest(), gateway.Grains.Account("acme").Policy, strict: true);
    }

    [Fact]
    public async Task Every_rule_may_be_in_the_shadow()
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Put(
            "/v1/accounts/acme/policy",
            """{"shadow":["allowedMeters","blockedMeters","requiredDimensions","maximumCreditsPerCharge","rateLimits","frozen"]}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(Enum.GetValues<PolicyRule>(), gateway.Grains.Account("acme").Policy!.Shadow);
    }

    /// <summary>The fake rate card has one meter, egress.</summary>
    [Theory]
    [InlineData("\"egress\"", null)]
    [InlineData("\"egr*\"", null)]
    [InlineData("\"egress*\"", null)]
    [InlineData("\"*\"", null)]
    [InlineData("\"egres\"", """["egres fits no meter of the rate card default."]""")]
    [InlineData("\"egress.x*\",\"egress\",\"egress.x*\"", """["egress.x* fits no meter of the rate card default."]""")]
    public async Task A_pattern_that_fits_no_meter_is_taken_and_told(string patterns, string? warnings)
    {
        await using var gateway = await GatewayHost.Start();
        Reply[] replies =
        [
            await gateway.Put("/v1/accounts/acme/budgets/b", $$"""{"scope":{"meters":[{{patterns}}]},"window":"day","limit":"25"}"""),
            await gateway.Put("/v1/accounts/acme/policy", $$"""{"blockedMeters":[{{patterns}}]}"""),
            await gateway.Post("/v1/accounts/acme/grants", $$"""{"id":"g","amount":1,"meters":[{{patterns}}]}"""),
        ];

        Assert.All(replies, reply =>
        {
            Assert.Equal(HttpStatusCode.OK, reply.Status);
            Assert.Equal(warnings, reply.Json["warnings"]?.ToJsonString());
        });
    }

    [Fact]
    public async Task A_card_that_cannot_be_read_keeps_no_budget_from_being_answered()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.RateCard("default").OnGet = () => throw new TimeoutException();

        var reply = await gateway.Put("/v1/accounts/acme/budgets/b", """{"scope":{"meters":["none"]},"window":"day","limit":"25"}""");

        Assert.Equal((HttpStatusCode.OK, null), (reply.Status, reply.Json["warnings"]));
    }

    [Fact]
    public async Task What_was_refused_is_not_also_warned_about()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnBudget = () => Task.FromResult<Answer<BudgetView>>(new Refusal { Code = Code.AccountClosed, Detail = "Closed." });

        var reply = await gateway.Put("/v1/accounts/acme/budgets/b", """{"scope":{"meters":["none"]},"window":"day","limit":"25"}""");

        Assert.Null(reply.IsProblem(HttpStatusCode.Conflict, "account_closed").Json["warnings"]);
    }
}
