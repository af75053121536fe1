using System.Net;
using Metering.Gateway.Tests.Hosting;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;

namespace Metering.Gateway.Tests.Http;

public sealed class UsageTests
{
    private const string Card =
        """
        {"meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"0.01"}]},
                   {"meter":"bytes","unit":"byte","prices":[{"id":"bytes","kind":"per_unit","unitPrice":"0.1"}]}]}
        """;

    private const string Range = "from=2020-01-01T00:00:00Z&to=2029-12-31T00:00:00Z";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Usage_is_told_by_account_meter_and_dimension_alike_before_and_after_it_is_archived()
    {
        await using var server = await StartAsync("01:00:00");
        await CheckAsync(server);
        await using var archiving = await StartAsync("00:00:00.100");
        await ArchivedAsync(archiving);
        await CheckAsync(archiving);
    }

    private static async Task CheckAsync(WholeHost server)
    {
        const string acme = "/v1/accounts/acme/usage";
        const string all = "/v1/usage";
        Assert.Equal(["  - 363 9.3 4"], await RowsAsync(server, acme, ""));
        Assert.Equal([" bytes - 63 6.3 2", " calls - 300 3 2"], await RowsAsync(server, acme, "&groupBy=meter"));
        Assert.Equal(["""  {"team":null} 163 7.3 3""", """  {"team":"search"} 200 2 1"""], await RowsAsync(server, acme, "&groupBy=team"));
        Assert.Equal(["""  {"team":"search"} 200 2 1"""], await RowsAsync(server, acme, "&groupBy=dimension.team&dimension.team=search"));
        Assert.Equal(["  - 63 6.3 2"], await RowsAsync(server, acme, "&meter=bytes&window=month"));
        Assert.Empty(await RowsAsync(server, acme, "&meter=none"));
        Assert.Equal(["acme  - 363 9.3 4", "beta  - 10 1 1"], await RowsAsync(server, all, "&groupBy=account"));
        Assert.Equal(["  - 373 10.3 5"], await RowsAsync(server, all, ""));
        Assert.Equal(["acme bytes - 63 6.3 2", "acme calls - 300 3 2"], await RowsAsync(server, all, "&groupBy=account,meter&top=2"));
        Assert.Equal(["acme calls - 300 3 2", "acme bytes - 63 6.3 2"], await RowsAsync(server, all, "&groupBy=account,meter&top=2&by=quantity"));
        Assert.Equal(["""  {"team":null} 163 7.3 3"""], await RowsAsync(server, all, "&groupBy=team&top=1&by=lines"));
        (await server.Get($"/v1/accounts/nobody/usage?{Range}")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
    }

    [Fact]
    public async Task What_the_account_adds_up_itself_and_what_the_ledger_adds_up_are_the_same()
    {
        await using var server = await StartAsync("00:00:00.100");
        foreach (var window in new[] { "", "&window=minute", "&window=hour", "&window=day" })
        {
            var (from, to) = window switch
            {
                "&window=minute" => (DateTimeOffset.UtcNow.AddMinutes(-30), DateTimeOffset.UtcNow.AddMinutes(10)),
                "&window=hour" => (DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddHours(2)),
                _ => (DateTimeOffset.UtcNow.AddDays(-20), DateTimeOffset.UtcNow.AddDays(2)),
            };
            from = window == "&window=minute" ? new(from.Ticks - (from.Ticks % TimeSpan.TicksPerMinute), TimeSpan.Zero) : new(from.Date, TimeSpan.Zero);
            to = window == "&window=minute" ? new(to.Ticks - (to.Ticks % TimeSpan.TicksPerMinute), TimeSpan.Zero) : new(to.Date, TimeSpan.Zero);
            var range = $"?from={from:yyyy-MM-ddTHH:mm:ssZ}&to={to:yyyy-MM-ddTHH:mm:ssZ}{window}";
            foreach (var groups in new[] { "", "&groupBy=meter", "&meter=bytes" })
            {
                var known = await server.Get($"/v1/accounts/acme/usage{range}{groups}");
                Assert.Equal("account", (string?)known.Json["source"]);

                // Across accounts only the ledger is asked; acme is one of them.
                var summed = await server.Get($"/v1/usage{range}&groupBy=account{(groups == "&groupBy=meter" ? ",meter" : "")}{groups.Replace("&groupBy=meter", "", StringComparison.Ordinal)}");
                Assert.Equal("segments", (string?)summed.Json["source"]);
                var ofAcme = summed.Json["rows"]!.AsArray().Where(static row => (string?)row!["account"] == "acme").Select(static row => row!.ToJsonString().Replace("\"account\":\"acme\",", "", StringComparison.Ordinal));
                Assert.Equal(ofAcme, known.Json["rows"]!.AsArray().Select(static row => row!.ToJsonString()));
            }
        }
    }

    [Theory]
    [InlineData("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "to conflict")]
    [InlineData("to=2026-01-02T00:00:00Z", "from required")]
    [InlineData("from=2026-01-02T00:00:00Z", "to required")]
    [InlineData("from=yesterday&to=2026-01-02T00:00:00Z", "from bad_format")]
    [InlineData("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:01Z&window=minute", "to out_of_range")]
    [InlineData("from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:01Z&window=hour", "to out_of_range")]
    [InlineData("from=2025-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&window=day", "to out_of_range")]
    [InlineData("from=2001-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "to out_of_range")]
    [InlineData($"{Range}&window=week", "window bad_format")]
    [InlineData($"{Range}&groupBy=meter,,team", "groupBy required")]
    [InlineData($"{Range}&groupBy=a%20b", "groupBy bad_format")]
    [InlineData($"{Range}&groupBy=meter,meter", "groupBy duplicate")]
    [InlineData($"{Range}&groupBy=a,b,c,d,e", "groupBy too_many")]
    [InlineData($"{Range}&groupBy=account", "groupBy conflict")]
    [InlineData($"{Range}&top=3", "top conflict")]
    [InlineData($"{Range}&top=0&groupBy=meter", "top out_of_range")]
    [InlineData($"{Range}&top=1001&groupBy=meter", "top out_of_range")]
    [InlineData($"{Range}&by=credits&groupBy=meter", "by conflict")]
    [InlineData($"{Range}&top=3&by=size&groupBy=meter", "by bad_format")]
    [InlineData($"{Range}&top=3&window=month&groupBy=meter", "window conflict")]
    [InlineData($"{Range}&dimension.a%20b=c", "dimension.a b bad_format")]
    [InlineData($"{Range}&colour=red", "colour unknown_field")]
    public async Task What_is_not_understood_is_refused_by_its_field(string query, string fault)
    {
        await using var gateway = await GatewayHost.Start();
        Assert.Equal([fault], (await gateway.Get($"/v1/accounts/acme/usage?{query}")).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Fact]
    public async Task Longest_ranges_are_accepted_to_the_instant()
    {
        await using var gateway = await GatewayHost.Start();
        foreach (var query in new[] { "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&window=minute", "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&window=hour" })
        {
            Assert.Equal(HttpStatusCode.OK, (await gateway.Get($"/v1/accounts/acme/usage?groupBy=meter&{query}")).Status);
        }
    }

    [Fact]
    public async Task Without_a_ledger_nobody_can_tell()
    {
        await using var server = await WholeHost.Start();
        Assert.False((bool?)(await server.Get($"/v1/usage?{Range}")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable").Json["retryable"]);
    }

    private static async Task<WholeHost> StartAsync(string archiveInterval)
    {
        var server = await WholeHost.Start("--Metering:Ledger=Folder", $"--Metering:ArchiveInterval={archiveInterval}");
        await server.Put("/v1/rate-cards/plain", Card);
        foreach (var account in new[] { "acme", "beta" })
        {
            await server.Put($"/v1/accounts/{account}", """{"rateCard":"plain"}""");
            await server.Post($"/v1/accounts/{account}/grants", """{"id":"plan","amount":"100"}""");
        }

        await server.Post("/v1/accounts/acme/charges", """{"id":"c1","meter":"calls","quantity":"250","dimensions":{"team":"search"}}""");
        await server.Post("/v1/accounts/acme/charges", """{"id":"c2","lines":[{"meter":"calls","quantity":"100"},{"meter":"bytes","quantity":"50"}]}""");
        await server.Post("/v1/accounts/acme/charges/c1/reversals", """{"id":"r1","quantity":"50"}""");
        await server.Post("/v1/accounts/acme/holds", """{"id":"h1","meter":"bytes","quantity":"20"}""");
        await server.Post("/v1/accounts/acme/holds/h1/settle", """{"id":"s1","quantity":"13"}""");
        await server.Post("/v1/accounts/beta/charges", """{"id":"b1","meter":"bytes","quantity":"10","dimensions":{"team":"ads"}}""");
        return server;
    }

    private static async Task ArchivedAsync(WholeHost server)
    {
        var folder = Path.Combine(server.DataDirectory, "ledger");
        while (!Directory.Exists(folder))
        {
            await Task.Delay(20, Cancellation);
        }

        using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(folder));
        while ((await reader.ReadAsync(new LedgerQuery { Account = "beta", MaxRows = 100 }, Cancellation)).Rows.Count < 3)
        {
            await Task.Delay(20, Cancellation);
        }
    }

    /// <summary>Each row as account, meter, dimensions, quantity, credits and lines.</summary>
    private static async Task<string[]> RowsAsync(WholeHost server, string path, string query)
    {
        var reply = await server.Get($"{path}?{Range}{query}");
        return [.. (reply.Json["rows"] ?? throw new InvalidOperationException(reply.Text)).AsArray().Select(static row =>
            $"{row!["account"]} {row["meter"]} {row["dimensions"]?.ToJsonString() ?? "-"} {row["quantity"]} {row["credits"]} {row["lines"]}")];
    }
}
