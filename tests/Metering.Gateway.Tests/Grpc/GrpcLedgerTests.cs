using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Metering.Client;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Tests.Grpc;

/// <summary>Usage, ledger, chain and statement through the client library: what HTTP says of the same account, value by value.</summary>
public sealed class GrpcLedgerTests
{
    private const string Card =
        """
        {"meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"0.01","perCharge":{"flat":"0.5"}}]},
                   {"meter":"bytes","unit":"byte","prices":[{"id":"bytes","kind":"graduated","tiers":[{"upTo":"10","unitPrice":"0.1"},{"unitPrice":"0.05","flatPrice":"0.25"}]}]}]}
        """;

    private static readonly DateTimeOffset Start = DateTimeOffset.UtcNow;
    private static readonly DateTimeOffset From = new(Start.Year, Start.Month, Start.Day, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset To = From.AddDays(20);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_the_ledger_tells_over_http_it_tells_over_grpc()
    {
        await using var server = await StartAsync();
        await using var client = new MeteringClient(server.GrpcAddress, new MeteringClientOptions { Deadline = Patience });
        await UsageIsTheSameAsync(server, client);
        await LedgerIsTheSameAsync(server, client);
        await ChainIsTheSameAsync(server, client);
        await StatementIsTheSameAsync(server, client);
        Assert.Equal(Codes.AccountNotFound, (await client.ReadUsageAsync("nobody", new UsageQuery { From = From, To = To }, Cancellation)).Refusal!.Code);
        Assert.Equal(Codes.AccountNotFound, (await client.ReadLedgerAsync("nobody", new LedgerQuery(), cancellationToken: Cancellation)).Refusal!.Code);
        Assert.Equal(Codes.AccountNotFound, Assert.Single(await client.StreamLedgerAsync("nobody", new LedgerQuery(), cancellationToken: Cancellation).ToListAsync(Cancellation)).Refusal!.Code);
        Assert.Equal(Codes.AccountNotFound, (await client.VerifyLedgerAsync("nobody", cancellationToken: Cancellation)).Refusal!.Code);
        Assert.Equal(Codes.AccountNotFound, (await client.ReadStatementAsync("nobody", Start.Year, Start.Month, Cancellation)).Refusal!.Code);
        Assert.Equal("month", Assert.Single((await client.ReadStatementAsync("acme", 2026, 13, Cancellation)).Refusal!.Errors).Path);
    }

    private static async Task UsageIsTheSameAsync(WholeHost server, MeteringClient client)
    {
        var team = new Dictionary<string, string> { ["team"] = "search" };
        (string Asked, UsageQuery Query, int Rows)[] questions =
        [
            ("", new() { From = From, To = To }, 1),
            ("&groupBy=meter", new() { From = From, To = To, GroupBy = ["meter"] }, 2),
            ("&groupBy=meter,team&window=month", new() { From = From, To = To, GroupBy = ["meter", "team"], Window = UsageWindow.Month }, 4),
            ("&groupBy=team&window=day&meter=calls", new() { From = From, To = To, GroupBy = ["team"], Window = UsageWindow.Day, Meter = "calls" }, 2),
            ("&groupBy=dimension.team&dimension.team=search", new() { From = From, To = To, GroupBy = ["dimension.team"], Dimensions = team }, 1),
            ("&groupBy=team,meter&top=2&by=quantity", new() { From = From, To = To, GroupBy = ["team", "meter"], Top = 2, By = UsageMeasure.Quantity }, 2),
        ];
        foreach (var (asked, query, rows) in questions)
        {
            await SameAsync($"/v1/accounts/acme/usage?{Range}{asked}", () => client.ReadUsageAsync("acme", query, Cancellation), rows);
            await SameAsync($"/v1/usage?{Range}{asked}", () => client.ReadUsageAsync(query, Cancellation), rows);
        }

        await SameAsync($"/v1/usage?{Range}&groupBy=account,meter", () => client.ReadUsageAsync(new UsageQuery { From = From, To = To, GroupBy = ["account", "meter"] }, Cancellation), 3);
        var minute = new DateTimeOffset(Start.Ticks - (Start.Ticks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        var narrow = new UsageQuery { From = minute, To = minute.AddMinutes(30), Window = UsageWindow.Minute, GroupBy = ["meter"] };
        await SameAsync($"/v1/accounts/acme/usage?from={Text(narrow.From)}&to={Text(narrow.To)}&window=minute&groupBy=meter", () => client.ReadUsageAsync("acme", narrow, Cancellation), atLeast: 2);
        Assert.Equal(UsageSource.Account, (await client.ReadUsageAsync("acme", narrow, Cancellation)).Reply!.Source);

        async Task SameAsync(string address, Func<Task<Answer<UsageReport>>> ask, int atLeast)
        {
            var said = (await GetAsync(server, address)).Json;
            var report = (await ask()).Reply!;
            Assert.Equal(
                said["rows"]!.AsArray().Select(static row => $"{row!["from"]} {row["to"]} {row["account"]} {row["meter"]} {Known(row["dimensions"])} {row["quantity"]} {row["credits"]} {row["lines"]}"),
                report.Rows.Select(static row => $"{Text(row.From)} {Text(row.To)} {row.Account} {row.Meter} {Pairs(row.Dimensions)} {Text(row.Quantity)} {Text(row.Credits)} {row.Lines}"));
            Assert.Equal(((string?)said["source"], (string?)said["detail"]), (Lower(report.Source), Lower(report.Detail)));
            Assert.True(report.Rows.Count >= atLeast, $"{address} has only {report.Rows.Count} rows.");
        }

        // Over gRPC a dimension that the lines do not have is left out.
        static string Known(JsonNode? dimensions) => Pairs((dimensions?.AsObject() ?? []).Where(static pair => pair.Value is not null).ToDictionary(static pair => pair.Key, static pair => (string)pair.Value!));
    }

    private static async Task LedgerIsTheSameAsync(WholeHost server, MeteringClient client)
    {
        var team = new Dictionary<string, string> { ["team"] = "search" };
        (string Asked, LedgerQuery Query, int Entries)[] questions =
        [
            ("", new(), 12),
            ("&meter=bytes", new() { Meter = "bytes" }, 4),
            ("&dimension.team=search", new() { Dimensions = team }, 1),
            ("&kind=grant_added,grant_voided", new() { Kinds = ["grant_added", "grant_voided"] }, 3),
            ($"&{Range}", new() { From = From, To = To }, 12),
            ($"&from={Text(To)}", new() { From = To }, 0),
        ];
        foreach (var (asked, query, entries) in questions)
        {
            foreach (var limit in new[] { 1_000, 2 })
            {
                var (cursor, said, told) = ("", new List<JsonNode>(), new List<Answer<LedgerPage>>());
                do
                {
                    var page = (await GetAsync(server, $"/v1/accounts/acme/ledger?limit={limit}{asked}{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}")).Json;
                    var read = (await client.ReadLedgerAsync("acme", query with { Limit = limit }, cursor.Length > 0 ? cursor : null, Cancellation)).Reply!;
                    cursor = (string?)page["cursor"] ?? "";
                    Assert.Equal(cursor, read.Cursor ?? "");
                    Assert.Equal(((string?)page["openingBalance"], (string?)page["closingBalance"], (string?)page["detail"]), (Text(read.OpeningBalance), Text(read.ClosingBalance), Lower(read.Detail)));
                    Assert.Equal(page["entries"]!.AsArray().Select(static entry => entry!.ToJsonString()), read.Entries.Select(Json));
                    said.Add(page);
                    told.Add(new Answer<LedgerPage>(read, null));
                }
                while (cursor.Length > 0);

                var streamed = await client.StreamLedgerAsync("acme", query with { Limit = limit }, cancellationToken: Cancellation).ToListAsync(Cancellation);
                Assert.Equal(told.Select(Pages), streamed.Select(Pages));
                Assert.True(told.Sum(static page => page.Reply!.Entries.Count) >= entries, $"{asked} has only {told.Sum(static page => page.Reply!.Entries.Count)} entries.");
            }
        }

        static string Pages(Answer<LedgerPage> page) =>
            $"{page.Reply!.Cursor} {Text(page.Reply.OpeningBalance)} {Text(page.Reply.ClosingBalance)} {string.Concat(page.Reply.Entries.Select(Json))}";
    }

    private static async Task ChainIsTheSameAsync(WholeHost server, MeteringClient client)
    {
        var check = (await client.VerifyLedgerAsync("acme", cancellationToken: Cancellation)).Reply!;
        Assert.Equal((await GetAsync(server, "/v1/accounts/acme/ledger/verify")).Text, $$"""{"holds":true,"rows":{{check.Rows}},"first":{{check.First}},"last":{{check.Last}}}""");
        Assert.Equal((true, 1L, null), (check.Holds, check.First, check.Break));
        var later = (await client.VerifyLedgerAsync("acme", To, To.AddDays(1), Cancellation)).Reply!;
        Assert.Equal((0L, 0L, 0L), (later.Rows, later.First, later.Last));
    }

    private static async Task StatementIsTheSameAsync(WholeHost server, MeteringClient client)
    {
        var said = (await GetAsync(server, $"/v1/accounts/acme/statements/{Start:yyyy-MM}")).Json;
        var statement = (await client.ReadStatementAsync("acme", Start.Year, Start.Month, Cancellation)).Reply!;
        Assert.Equal(
            ((string?)said["account"], (string?)said["displayName"], (string?)said["from"], (string?)said["to"], (bool)said["running"]!, (string?)said["detail"]),
            (statement.Account, statement.DisplayName, Text(statement.From), Text(statement.To), statement.IsRunning, Lower(statement.Detail)));
        Assert.Equal(((string?)said["openingBalance"], (string?)said["closingBalance"]), (Text(statement.OpeningBalance), Text(statement.ClosingBalance)));
        Assert.Equal(
            said["grants"]!.AsArray().Select(static grant => $"{grant!["sequence"]} {grant["at"]} {grant["kind"]} {grant["id"]} {grant["credits"]}"),
            statement.Grants.Select(static grant => $"{grant.Sequence} {Text(grant.At)} {grant.Kind} {grant.Id} {Text(grant.Credits)}"));
        Assert.Equal(
            said["usage"]!.AsArray().Select(static usage => $"{usage!["meter"]} {usage["quantity"]} {usage["credits"]} {usage["lines"]}"),
            statement.Usage.Select(static usage => $"{usage.Meter} {Text(usage.Quantity)} {Text(usage.Credits)} {usage.Lines}"));
        Assert.Equal(statement.ClosingBalance, statement.OpeningBalance + statement.Grants.Sum(static grant => grant.Credits) - statement.Usage.Sum(static usage => usage.Credits));
    }

    private static async Task<WholeHost> StartAsync()
    {
        var server = await WholeHost.Start("--Metering:Ledger=Folder", "--Metering:ArchiveInterval=00:00:00.100");
        await InsistAsync(() => server.Put("/v1/rate-cards/plain", Card));
        foreach (var account in new[] { "acme", "beta" })
        {
            await InsistAsync(() => server.Put($"/v1/accounts/{account}", """{"rateCard":"plain","displayName":"Acme","discountPercent":"10"}"""));
            await PostAsync(server, $"/v1/accounts/{account}/grants", """{"id":"plan","amount":"100"}""");
            await PostAsync(server, $"/v1/accounts/{account}/charges", """{"id":"c1","meter":"calls","quantity":"250","dimensions":{"team":"search","stage":"test"}}""");
        }

        // Every field of an entry that there can be: lines, tiers, adjustments, grants, holds, reversals, overage, what an up-to charge could not take, and the usage's own time.
        await PostAsync(server, "/v1/accounts/acme/grants", """{"id":"gift","amount":"5","priority":1000}""");
        await PostAsync(server, "/v1/accounts/acme/charges", $$"""{"id":"c2","time":"{{Text(DateTimeOffset.UtcNow)}}","lines":[{"meter":"calls","quantity":"100"},{"meter":"bytes","dimensions":{"team":"ads"},"quantity":"13.5"}]}""");
        await PostAsync(server, "/v1/accounts/acme/charges/c1/reversals", """{"id":"r1","quantity":"50"}""");
        await PostAsync(server, "/v1/accounts/acme/holds", """{"id":"h1","meter":"bytes","quantity":"20"}""");
        await PostAsync(server, "/v1/accounts/acme/holds/h1/settle", """{"id":"s1","quantity":"13"}""");
        await InsistAsync(() => server.Send(HttpMethod.Delete, "/v1/accounts/acme/grants/gift", null, null));
        await PostAsync(server, "/v1/accounts/acme/charges", """{"id":"c3","meter":"bytes","quantity":"10000","mode":"upTo"}""");
        await PostAsync(server, "/v1/accounts/acme/charges", """{"id":"c4","meter":"bytes","quantity":"7","mode":"record"}""");
        var entries = (await GetAsync(server, "/v1/accounts/acme/ledger")).Json["entries"]!.AsArray();
        foreach (var field in new[] { "line", "time", "dimensions", "tiers", "burned", "overageAdded", "uncovered", "mode", "hold", "held", "reverses" })
        {
            Assert.True(entries.Any(entry => entry![field] is not null), $"No entry has {field}: {entries.ToJsonString()}");
        }

        // What nobody charges any more is archived whole, so that two questions after each other hear the same.
        var last = (long)entries[^1]!["sequence"]!;
        while ((long?)(await GetAsync(server, "/v1/accounts/acme/ledger/verify")).Json["last"] < last)
        {
            await Task.Delay(20, Cancellation);
        }

        return server;
    }

    private static Task<Reply> GetAsync(WholeHost server, string address) => InsistAsync(() => server.Get(address));

    private static Task<Reply> PostAsync(WholeHost server, string address, string body) => InsistAsync(() => server.Post(address, body));

    /// <summary>Sends until it is done: a busy machine may be slower than a server lets its callers wait.</summary>
    private static async Task<Reply> InsistAsync(Func<Task<Reply>> send)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        while (true)
        {
            var reply = await send();
            if (reply.Status is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable))
            {
                return (int)reply.Status is >= 200 and < 300 ? reply : throw new InvalidOperationException($"{reply.Status}: {reply.Text}");
            }

            await Task.Delay(50, patience.Token);
        }
    }

    private static string Range => $"from={Text(From)}&to={Text(To)}";

    /// <summary>An entry as HTTP writes it.</summary>
    private static string Json(LedgerEntry entry)
    {
        var json = new JsonObject { ["sequence"] = entry.Sequence };
        Add("line", entry.Line > 0 ? entry.Line : null);
        json["at"] = Text(entry.At);
        Add("time", entry.Time is { } time ? Text(time) : null);
        json["kind"] = entry.Kind;
        Add("id", entry.Id);
        Add("meter", entry.Meter);
        Add("quantity", Text(entry.Quantity));
        Add("credits", Text(entry.Credits));
        json["balance"] = Text(entry.Balance);
        json["available"] = Text(entry.Available);
        Add("card", entry.Card);
        Add("version", entry.Version);
        Add("price", entry.Price);
        Add("dimensions", entry.Dimensions.Count == 0 ? null : new JsonObject(entry.Dimensions.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))));
        Add("tiers", entry.Tiers.Count == 0 ? null : new JsonArray([.. entry.Tiers.Select(Tier)]));
        Add("burned", entry.Burned.Count == 0 ? null : new JsonArray([.. entry.Burned.Select(static burn => new JsonObject { ["grant"] = burn.Grant, ["credits"] = Text(burn.Credits) })]));
        Add("overageAdded", Text(entry.OverageAdded));
        Add("uncovered", Text(entry.Uncovered));
        Add("mode", entry.Mode is { } mode ? mode == ChargeMode.UpTo ? "upTo" : Lower(mode) : null);
        Add("hold", entry.Hold);
        Add("held", Text(entry.Held));
        Add("reverses", entry.Reverses);
        Add("firstSequence", entry.FirstSequence);
        Add("lines", entry.Lines);
        return json.ToJsonString();

        void Add(string name, JsonNode? value)
        {
            if (value is not null)
            {
                json[name] = value;
            }
        }
    }

    private static JsonObject Tier(LedgerTier tier)
    {
        var json = new JsonObject();
        foreach (var (name, value) in new (string, JsonNode?)[]
        {
            ("tier", tier.Tier > 0 ? tier.Tier : null), ("adjustment", tier.Adjustment), ("quantity", Text(tier.Quantity)), ("unitPrice", Text(tier.UnitPrice)), ("flatPrice", Text(tier.FlatPrice)), ("credits", Text(tier.Credits)),
        })
        {
            if (value is not null)
            {
                json[name] = value;
            }
        }

        return json;
    }

    private static string Pairs(IReadOnlyDictionary<string, string> pairs) => string.Join(",", pairs.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key}={pair.Value}"));

    private static string Text(DateTimeOffset instant) => InstantText.Format(instant);

    private static string? Text(decimal? amount) => amount?.ToString("0.#########", CultureInfo.InvariantCulture);

    private static string Lower(Enum value) => value.ToString().ToLowerInvariant();
}
