using System.Net;
using Metering.Client;
using Metering.Gateway.Tests.Hosting;
using Metering.Grains.Accounts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Tests.Http;

/// <summary>Stored usage priced again under a draft, through the whole server.</summary>
public sealed class SimulationTests
{
    private const string Meters =
        """
        "meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"graduated","tiers":[{"upTo":"10","unitPrice":"1"},{"unitPrice":"0.5"}]}]},
                  {"meter":"bytes","unit":"byte","prices":[{"id":"bytes","kind":"per_unit","unitPrice":"0.333333333"}]}]
        """;

    private const string Cheaper =
        """
        "meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"graduated","tiers":[{"upTo":"8","unitPrice":"1"},{"unitPrice":"0.25"}]}]}]
        """;

    private const string Unpriced =
        """
        "meters":[{"meter":"calls","unit":"call","prices":[{"id":"c","kind":"per_unit"}]}]
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("01:00:00")]
    [InlineData("00:00:00.100")]
    public async Task Usage_costs_what_it_did_under_its_own_card_and_is_told_by_meter_under_another_whether_archived_or_not(string archiveInterval)
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder", $"--Metering:ArchiveInterval={archiveInterval}");
        var (from, to) = await UseAsync(server);
        if (archiveInterval != "01:00:00")
        {
            await ArchivedAsync(server);
        }

        var before = await server.Get("/v1/accounts/acme/ledger");
        var usage = await server.Get($"/v1/accounts/acme/usage?from={from}&to={to}&groupBy=meter");
        var same = await SimulateAsync(server, Meters, from, to);
        Assert.Equal(
            ["bytes 2 - 0.666666666 0.666666666 0", "calls 8 - 3.95 3.95 0", "total 4.616666666 4.616666666 0"],
            Told(same));
        Assert.Equal(usage.Json["rows"]!.AsArray().Select(static row => $"{row!["meter"]} {row["quantity"]} {row["credits"]}"), same.Json["meters"]!.AsArray().Select(static row => $"{row!["meter"]} {row["quantity"]} {row["credits"]}"));
        Assert.Equal((3, 9), ((int)same.Json["lines"]!, (int)same.Json["entries"]!));

        // Nine calls came before the range. Of the four in it one cost 1 and three 0.5, and would have cost 0.25 each; half of that was given back. The six that were settled cost 0.5 each, and
        // would have cost 0.25, less a tenth.
        Assert.Equal(
            ["bytes 2 2 0.666666666 0 -0.666666666", "calls 8 - 3.95 1.85 -2.1", "total 4.616666666 1.85 -2.766666666"],
            Told(await SimulateAsync(server, Cheaper, from, to)));
        Assert.Equal(before.Text, (await server.Get("/v1/accounts/acme/ledger")).Text);
    }

    [Fact]
    public async Task The_client_simulates_the_same_over_grpc()
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder");
        var (from, to) = await UseAsync(server);
        await using var client = new MeteringClient(server.GrpcAddress);
        var draft = new RateCard
        {
            Meters = [new Meter("calls", "call", [new Price { Id = "calls", Kind = PriceKind.Graduated, Tiers = [new Tier { UpTo = 8, UnitPrice = 1 }, new Tier { UnitPrice = 0.25m }] }])],
        };

        var simulation = (await client.SimulateAsync("next", draft, "acme", Instant(from), Instant(to), Cancellation)).Reply!;

        Assert.Equal([("bytes", 2m, 2m, 0.666666666m, 0m), ("calls", 8m, 0m, 3.95m, 1.85m)], simulation.Meters.Select(static meter => (meter.Meter, meter.Quantity, meter.Unpriced, meter.Credits, meter.Simulated)));
        Assert.Equal((-2.766666666m, 3L, 9L), (simulation.Difference, simulation.Lines, simulation.Entries));
        var refused = (await client.SimulateAsync("next", draft, "nobody", Instant(from), Instant(to), Cancellation)).Refusal!;
        Assert.Equal(Codes.AccountNotFound, refused.Code);
        Assert.Equal("draft.meters", Assert.Single((await client.SimulateAsync("next", new RateCard { Meters = [] }, "acme", Instant(from), Instant(to), Cancellation)).Refusal!.Errors).Path);
    }

    [Fact]
    public async Task More_entries_than_are_read_for_one_answer_are_refused_and_as_many_are_not()
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder");
        var (from, to) = await UseAsync(server);
        var options = server.Services.GetRequiredService<IOptions<AccountOptions>>().Value;
        options.MaxSimulatedEntries = 9;
        Assert.Equal(9, (int)(await SimulateAsync(server, Meters, from, to)).Json["entries"]!);
        options.MaxSimulatedEntries = 8;
        var refused = (await SimulateAsync(server, Meters, from, to)).IsProblem(HttpStatusCode.UnprocessableEntity, "out_of_range");
        Assert.Contains("takes 9 entries", (string)refused.Json["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_entries_are_missing_nothing_is_simulated()
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder", "--Metering:ArchiveInterval=00:00:00.100");
        var (from, to) = await UseAsync(server);
        await ArchivedAsync(server);
        Array.ForEach(Directory.GetFiles(Path.Combine(server.DataDirectory, "ledger"), "*.parquet", SearchOption.AllDirectories), File.Delete);
        (await SimulateAsync(server, Meters, from, to)).IsProblem(HttpStatusCode.UnprocessableEntity, "too_old");
    }

    [Fact]
    public async Task A_draft_with_faults_is_refused_by_path_and_without_a_ledger_there_is_nothing_to_price()
    {
        await using var server = await StartAsync();
        var faulty = await SimulateAsync(server, Unpriced, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        Assert.Equal(["draft.meters[0].prices[0].unitPrice required"], faulty.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
        var refused = (await SimulateAsync(server, Meters, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.False((bool)refused.Json["retryable"]!);
    }

    [Theory]
    [InlineData("{}", "account required", "draft required", "from required", "to required")]
    [InlineData("""{"account":"acme","from":"2026-02-01T00:00:00Z","to":"2026-02-01T00:00:00Z","draft":{DRAFT}}""", "to conflict")]
    [InlineData("""{"account":"acme","from":"2026-01-01T00:00:00Z","to":"2027-02-06T00:00:00Z","draft":{DRAFT}}""", "to out_of_range")]
    [InlineData("""{"account":"a b","from":"yesterday","to":"2027-02-06T00:00:00Z","draft":{DRAFT},"upTo":1}""", "account bad_format", "from bad_format", "upTo unknown_field")]
    [InlineData("""{"account":"acme","from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","draft":{"meters":[{"meter":"calls","unit":"call","prices":[{"id":"c","kind":"per_unit","unitPrice":"-1"}]}]}}""", "draft.meters[0].prices[0].unitPrice out_of_range")]
    public async Task What_is_not_understood_is_refused_by_path(string body, params string[] faults)
    {
        await using var gateway = await GatewayHost.Start();
        var refused = await gateway.Post("/v1/rate-cards/next/simulate", body.Replace("{DRAFT}", $"{{{Meters}}}", StringComparison.Ordinal));
        Assert.Equal(faults, refused.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors.Order(StringComparer.Ordinal));
    }

    /// <summary>Nine calls; then, in the range, four more and two bytes, half of which calls are given back, a discount, and a hold that is settled with six.</summary>
    private static async Task<(string From, string To)> UseAsync(WholeHost server)
    {
        await PostAsync("charges", """{"id":"before","meter":"calls","quantity":"9"}""");
        var from = await LaterAsync();
        await PostAsync("charges", """{"id":"c1","meter":"calls","quantity":"4"}""");
        await PostAsync("charges", """{"id":"c2","meter":"bytes","quantity":"2"}""");
        await PostAsync("charges/c1/reversals", """{"id":"r1","quantity":"2"}""");
        await server.Put("/v1/accounts/acme", """{"discountPercent":"10"}""");
        await PostAsync("holds", """{"id":"h1","meter":"calls","quantity":"1"}""");
        await PostAsync("holds/h1/settle", """{"id":"s1","quantity":"6"}""");
        return (from, await LaterAsync());

        async Task PostAsync(string address, string body)
        {
            var done = await server.Post($"/v1/accounts/acme/{address}", body);
            Assert.True(done.Status == HttpStatusCode.OK, done.Text);
        }
    }

    /// <summary>An instant after all that happened, and before all that will.</summary>
    private static async Task<string> LaterAsync()
    {
        await Task.Delay(2, Cancellation);
        var now = DateTimeOffset.UtcNow;
        await Task.Delay(2, Cancellation);
        return $"{now:yyyy-MM-ddTHH:mm:ss.fffffffZ}";
    }

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static Task<Reply> SimulateAsync(WholeHost server, string meters, string from, string to) =>
        server.Post("/v1/rate-cards/next/simulate", $$$"""{"account":"acme","from":"{{{from}}}","to":"{{{to}}}","draft":{{{{meters}}}}}""");

    private static string[] Told(Reply reply)
    {
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        var total = reply.Json["total"]!;
        return
        [
            .. reply.Json["meters"]!.AsArray().Select(static meter => $"{meter!["meter"]} {meter["quantity"]} {meter["unpriced"] ?? "-"} {meter["credits"]} {meter["simulated"]} {meter["difference"]}"),
            $"total {total["credits"]} {total["simulated"]} {total["difference"]}",
        ];
    }

    private static async Task<WholeHost> StartAsync(params string[] settings)
    {
        var server = await WholeHost.Start(settings);
        await server.Put("/v1/rate-cards/default", $"{{{Meters}}}");
        await server.Put("/v1/accounts/acme", "{}");
        await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"1000"}""");
        return server;
    }

    /// <summary>Waits until all that happened is in segments.</summary>
    private static async Task ArchivedAsync(WholeHost server)
    {
        var last = (long)(await server.Get("/v1/accounts/acme")).Json["sequence"]!;
        while ((long?)(await server.Get("/v1/accounts/acme/ledger/verify")).Json["last"] < last)
        {
            await Task.Delay(20, Cancellation);
        }
    }
}
