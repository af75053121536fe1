using System.Net;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class StatementTests
{
    private const string Card = """{"meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"0.01"}]}]}""";

    [Fact]
    public async Task A_statement_adds_up_from_the_opening_to_the_closing_balance()
    {
        await using var server = await StartAsync();
        var statement = (await server.Get($"/v1/accounts/acme/statements/{DateTimeOffset.UtcNow:yyyy-MM}")).Json;
        Assert.Equal(("0", "6.5", true), ((string?)statement["openingBalance"], (string?)statement["closingBalance"], (bool?)statement["running"]));
        Assert.Equal(["plan 10", "gift 5", "gift -5"], statement["grants"]!.AsArray().Select(static grant => $"{grant!["id"]} {grant["credits"]}"));
        Assert.Equal("""[{"meter":"calls","quantity":"350","credits":"3.5","lines":2}]""", statement["usage"]!.ToJsonString());

        // The month before has nothing, and the one after begins where this one stands.
        Assert.Equal(("0", "0"), Balances((await server.Get($"/v1/accounts/acme/statements/{DateTimeOffset.UtcNow.AddMonths(-2):yyyy-MM}")).Json));
        Assert.Equal(("6.5", "6.5"), Balances((await server.Get($"/v1/accounts/acme/statements/{DateTimeOffset.UtcNow.AddMonths(2):yyyy-MM}")).Json));

        static (string? Opening, string? Closing) Balances(System.Text.Json.Nodes.JsonNode month) => ((string?)month["openingBalance"], (string?)month["closingBalance"]);
    }

    [Fact]
    public async Task As_a_page_it_says_the_same_and_no_text_of_callers_is_taken_for_markup()
    {
        await using var server = await StartAsync();
        var page = await server.Send(HttpMethod.Get, $"/v1/accounts/acme/statements/{DateTimeOffset.UtcNow:yyyy-MM}", null, null, ("Accept", "text/html"));
        Assert.Equal((HttpStatusCode.OK, "text/html; charset=utf-8"), (page.Status, page.ContentType));
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page.Text, StringComparison.Ordinal);
        Assert.Contains("""<tr class="sum"><td>Closing balance</td><td class="number">6.5</td></tr>""", page.Text, StringComparison.Ordinal);
        Assert.Contains("""<tr><td>calls</td><td class="number">350</td><td class="number">2</td><td class="number">3.5</td></tr>""", page.Text, StringComparison.Ordinal);

        // The amounts of a column have as many places each, so that their points stand under one another.
        Assert.Contains("""<tr><td>Opening balance</td><td class="number">0.0</td></tr>""", page.Text, StringComparison.Ordinal);
        Assert.Contains("""<tr><td>Grants</td><td class="number">10.0</td></tr>""", page.Text, StringComparison.Ordinal);
        Assert.Contains("""<td>plan</td><td class="number">10</td></tr>""", page.Text, StringComparison.Ordinal);
        Assert.StartsWith("default-src 'none'", string.Concat(page.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-13", "", "month bad_format")]
    [InlineData("2026", "", "month bad_format")]
    [InlineData("9999-12", "", "month bad_format")]
    [InlineData("2026-01", "?format=pdf", "format bad_format")]
    [InlineData("2026-01", "?colour=red", "colour unknown_field")]
    public async Task What_is_not_understood_is_refused(string month, string query, string fault)
    {
        await using var gateway = await GatewayHost.Start();
        Assert.Equal([fault], (await gateway.Get($"/v1/accounts/acme/statements/{month}{query}")).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Fact]
    public async Task An_account_that_is_not_there_has_no_statement()
    {
        await using var server = await StartAsync();
        (await server.Get("/v1/accounts/nobody/statements/2026-01")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
    }

    private static async Task<WholeHost> StartAsync()
    {
        var server = await WholeHost.Start("--Metering:Ledger=Folder");
        await server.Put("/v1/rate-cards/plain", Card);
        await server.Put("/v1/accounts/acme", """{"rateCard":"plain","displayName":"<script>alert(1)</script>"}""");
        await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"10"}""");
        await server.Post("/v1/accounts/acme/grants", """{"id":"gift","amount":"5","priority":1000}""");
        await server.Post("/v1/accounts/acme/charges", """{"id":"c1","meter":"calls","quantity":"250"}""");
        await server.Post("/v1/accounts/acme/charges", """{"id":"c2","meter":"calls","quantity":"100"}""");
        await server.Send(HttpMethod.Delete, "/v1/accounts/acme/grants/gift", null, null);
        return server;
    }
}
