using System.Net;
using DuckDB.NET.Data;
using Metering.Client;
using Metering.Gateway.Tests.Hosting;
using Metering.Grains.Accounts;
using Metering.Ledger.Segments;
using Metering.Ledger.Upkeep;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Tests.Http;

/// <summary>A ledger of which only sums by the minute are kept of past hours.</summary>
public sealed class LedgerDetailTests
{
    private const string Card = """{"meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"0.01"}]}]}""";
    private const int Charges = 6;

    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Usage_statements_and_balances_are_the_same_whether_hours_are_rolled_up_or_not_and_the_reply_says_which()
    {
        await using var server = await StartAsync();
        var before = await ToldAsync(server);
        Assert.Equal("full", before.Detail);
        await RollUpAsync(server);
        var after = await ToldAsync(server);
        Assert.Equal("rollup", after.Detail);
        Assert.Equal(before.Said, after.Said);

        // What is charged in the minute that is rolled up as far as it went stands beside it.
        await server.Post("/v1/accounts/acme/charges", """{"id":"more","meter":"calls","quantity":"100","dimensions":{"team":"search"}}""");
        var more = await ToldAsync(server);
        Assert.Equal((before.Quantity + 100m, before.Lines + 1), (more.Quantity, more.Lines));

        // After a restart the journal may still have what is rolled up, until the archive has looked how far it has come.
        await server.Restart();
        Assert.Equal(more, await ToldAsync(server));
    }

    [Fact]
    public async Task A_line_that_is_rolled_up_says_which_entries_and_how_many_lines_are_in_it()
    {
        await using var server = await StartAsync();
        await RollUpAsync(server);
        var page = (await server.Get("/v1/accounts/acme/ledger")).Json;
        Assert.Equal(("rollup", "0"), ((string?)page["detail"], (string?)page["openingBalance"]));
        var entries = page["entries"]!.AsArray();
        var charged = entries.Where(static entry => (string?)entry!["kind"] == "charged").ToList();
        Assert.Equal(Charges, charged.Sum(static entry => (int)entry!["lines"]!));
        Assert.Equal((3, Charges + 2), (charged.Min(static entry => (int)entry!["firstSequence"]!), charged.Max(static entry => (int)entry!["sequence"]!)));
        Assert.Equal((string?)page["closingBalance"], (string?)charged[^1]!["balance"]);
        Assert.All(charged, static entry => Assert.Null(entry!["id"]));
        Assert.All(entries.Where(static entry => (string?)entry!["kind"] == "grant_added"), static entry => Assert.Equal(("plan", null), ((string?)entry!["id"], entry["lines"])));

        // By pages, as CSV, and by filters: the same.
        var (found, cursor) = (new List<string>(), "");
        do
        {
            var next = await server.Get($"/v1/accounts/acme/ledger?limit=1{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
            found.AddRange(next.Json["entries"]!.AsArray().Select(static entry => entry!.ToJsonString()));
            cursor = (string?)next.Json["cursor"] ?? "";
        }
        while (cursor.Length > 0);

        Assert.Equal(entries.Select(static entry => entry!.ToJsonString()), found);
        await using (var client = new MeteringClient(server.GrpcAddress))
        {
            var pages = await client.StreamLedgerAsync("acme", new Client.LedgerQuery { Limit = 1 }, cancellationToken: Cancellation).Select(static page => page.Reply!).ToListAsync(Cancellation);
            Assert.Equal(
                entries.Select(static entry => ((long)entry!["sequence"]!, (long?)entry["firstSequence"], (long?)entry["lines"], (string?)entry["credits"])),
                pages.SelectMany(static page => page.Entries).Select(static entry => (entry.Sequence, entry.FirstSequence, entry.Lines, entry.Credits?.ToString("0.#########", System.Globalization.CultureInfo.InvariantCulture))));
            Assert.All(pages, static page => Assert.Equal(Client.LedgerDetail.Rollup, page.Detail));
        }

        Assert.Equal(entries.Count + 2, (await server.Get("/v1/accounts/acme/ledger?format=csv")).Text.Split("\r\n").Length);
        Assert.Equal((entries.Count, Charges), await CountedAsync(server));
        Assert.Equal(Charges / 2, (await server.Get("/v1/accounts/acme/ledger?kind=charged&dimension.team=search")).Json["entries"]!.AsArray().Sum(static entry => (int)entry!["lines"]!));
    }

    [Fact]
    public async Task What_needs_single_entries_is_refused_by_name()
    {
        await using var server = await StartAsync();
        var inMidst = await server.Get("/v1/accounts/acme/ledger?limit=3");
        await RollUpAsync(server);
        Refused(await server.Get("/v1/accounts/acme/ledger/verify"));
        await using var client = new MeteringClient(server.GrpcAddress);
        Assert.Equal(Codes.DetailNotKept, (await client.VerifyLedgerAsync("acme", cancellationToken: Cancellation)).Refusal!.Code);
        Refused(await server.Get("/v1/accounts/acme?sequence=4"));
        Refused(await server.Post(
            "/v1/rate-cards/plain/simulate", $$"""{"account":"acme","from":"{{_start.AddHours(-1):yyyy-MM-ddTHH}}:00:00Z","to":"{{_start.AddDays(1):yyyy-MM-dd}}T00:00:00Z","draft":{{Card}}}"""));
        Refused(await server.Post("/v1/accounts/acme/charges/c0/reversals", """{"id":"back"}"""));
        Refused(await server.Get($"/v1/accounts/acme/ledger?to={At(inMidst):yyyy-MM-ddTHH:mm}:00.0000001Z"));
        Refused(await server.Get($"/v1/accounts/acme/usage?from={At(inMidst):yyyy-MM-ddTHH:mm}:00.0000001Z&to={_start.AddDays(2):yyyy-MM-dd}T00:00:00Z&top=1&groupBy=team"));

        // Only where the minute did not end just after the last entry of that page.
        var last = (long)inMidst.Json["entries"]![2]!["sequence"]!;
        var lines = (await server.Get("/v1/accounts/acme/ledger")).Json["entries"]!.AsArray();
        var isInMidst = lines.Any(line => (long?)line!["firstSequence"] <= last && (long)line["sequence"]! > last);
        var next = await server.Get($"/v1/accounts/acme/ledger?cursor={inMidst.Json["cursor"]}");
        Assert.Equal(isInMidst ? "detail_not_kept" : null, next.Status == HttpStatusCode.OK ? null : next.Code);

        static void Refused(Reply reply) => reply.IsProblem(HttpStatusCode.UnprocessableEntity, "detail_not_kept");

        static DateTimeOffset At(Reply page) => (DateTimeOffset)page.Json["entries"]![2]!["at"]!;
    }

    /// <summary>Rows of the Parquet file, and lines that its charges had.</summary>
    private static async Task<(long Rows, long Lines)> CountedAsync(WholeHost server)
    {
        var file = Path.Combine(server.DataDirectory, "acme.parquet");
        await File.WriteAllBytesAsync(file, await server.Http.GetByteArrayAsync("/v1/accounts/acme/ledger?format=parquet", Cancellation), Cancellation);
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*), sum(coalesce(lines, 1)) FILTER (kind = 'charged')::BIGINT FROM read_parquet('{file}')";
        using var counted = command.ExecuteReader();
        counted.Read();
        return (counted.GetInt64(0), counted.GetInt64(1));
    }

    private static async Task<WholeHost> StartAsync()
    {
        // It forgets charges soon, so that their reversal needs the ledger.
        var server = await WholeHost.Start("--Metering:Ledger=Folder", "--Metering:LedgerDetail=Rollup", "--Metering:ArchiveInterval=00:00:00.100", "--Metering:MaxIds=2");

        // A state is kept too, and helps nothing where the entries after it are rolled up.
        server.Services.GetRequiredService<IOptions<AccountOptions>>().Value.KeptStateInterval = 3;
        await server.Put("/v1/rate-cards/plain", Card);
        await server.Put("/v1/accounts/acme", """{"rateCard":"plain"}""");
        await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"10"}""");
        for (var charge = 0; charge < Charges; charge++)
        {
            var team = charge % 2 == 0 ? "search" : "chat";
            await server.Post("/v1/accounts/acme/charges", $$$"""{"id":"c{{{charge}}}","meter":"calls","quantity":"{{{charge + 1}}}","dimensions":{"team":"{{{team}}}"}}""");
        }

        while ((int?)(await server.Get("/v1/accounts/acme/ledger/verify")).Json["last"] < Charges + 2)
        {
            await Task.Delay(20, Cancellation);
        }

        return server;
    }

    /// <summary>Does what a server does when an hour is over, as if it were.</summary>
    private static async Task RollUpAsync(WholeHost server)
    {
        var rollup = new Rollup(FolderSegmentStore.OpenToWrite(Path.Combine(server.DataDirectory, "ledger")), new LaterClock());
        var report = await rollup.RunAsync(RollupScope.New, static _ => true, rests: false, Cancellation);
        Assert.Empty(report.Faults);
        Assert.True(report.Written > 0);
        Assert.Equal(report.RolledUp, (await rollup.RunAsync(RollupScope.New, static _ => true, rests: false, Cancellation)).Removed);
    }

    private async Task<Told> ToldAsync(WholeHost server)
    {
        var range = $"from={_start.AddHours(-1):yyyy-MM-ddTHH}:00:00Z&to={_start.AddHours(22):yyyy-MM-ddTHH}:00:00Z";
        var usage = (await server.Get($"/v1/accounts/acme/usage?{range}&window=minute&groupBy=team")).Text;
        var teams = (await server.Get($"/v1/accounts/acme/usage?{range}&groupBy=team")).Json;
        var top = (await server.Get($"/v1/usage?{range}&groupBy=account&top=3")).Json;
        var statement = (await server.Get($"/v1/accounts/acme/statements/{_start:yyyy-MM}")).Json;
        var page = (await server.Get("/v1/accounts/acme/ledger")).Json;
        var details = new[] { (string?)teams["detail"], (string?)top["detail"], (string?)page["detail"] }.Distinct();
        var rows = teams["rows"]!.AsArray();
        return new Told(
            Assert.Single(details),
            rows.Sum(static row => decimal.Parse((string)row!["quantity"]!, System.Globalization.CultureInfo.InvariantCulture)),
            rows.Sum(static row => (long)row!["lines"]!),
            $"{usage.Replace("\"rollup\"", "\"full\"", StringComparison.Ordinal)} {rows.ToJsonString()} {top["rows"]!.ToJsonString()} {statement["openingBalance"]} {statement["usage"]!.ToJsonString()} {statement["closingBalance"]} {page["openingBalance"]} {page["closingBalance"]}");
    }

    private sealed record Told(string? Detail, decimal Quantity, long Lines, string Said);

    private sealed class LaterClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddHours(2);
    }
}
