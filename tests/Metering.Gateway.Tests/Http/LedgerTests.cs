using System.Net;
using DuckDB.NET.Data;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class LedgerTests
{
    private const string Card =
        """
        {"meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"0.01"}]},
                   {"meter":"bytes","unit":"byte","prices":[{"id":"bytes","kind":"graduated","tiers":[{"upTo":"10","unitPrice":"0.1"},{"unitPrice":"0.05"}]}]}]}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_entry_is_in_the_ledger_as_soon_as_it_was_acknowledged()
    {
        await using var server = await StartAsync("01:00:00");
        Assert.Equal(
            ["1 settings_changed   0 0", "2 grant_added plan  10 10", "3 charged c1 calls -2.5 7.5", "4 charged c2 calls -1 5.35", "4 charged c2 bytes -1.15 5.35"],
            await EntriesAsync(server));

        var entries = (await server.Get("/v1/accounts/acme/ledger")).Json["entries"]!.AsArray();
        Assert.Equal("""[{"tier":1,"quantity":"10","unitPrice":"0.1","credits":"1"},{"tier":2,"quantity":"3","unitPrice":"0.05","credits":"0.15"}]""", entries[4]!["tiers"]!.ToJsonString());
        Assert.Equal("""[{"tier":1,"unitPrice":"0.01"}]""", entries[2]!["tiers"]!.ToJsonString());
        Assert.Equal("""{"team":"search"}""", entries[2]!["dimensions"]!.ToJsonString());
        Assert.Equal(
            ["""[{"grant":"plan","credits":"2.5"}]""", """[{"grant":"plan","credits":"1"}]""", """[{"grant":"plan","credits":"1.15"}]"""],
            entries.Skip(2).Select(static entry => entry!["burned"]!.ToJsonString()));
        Assert.Equal(("plain", 1, "calls", "enforce"), ((string?)entries[2]!["card"], (int?)entries[2]!["version"], (string?)entries[2]!["price"], (string?)entries[2]!["mode"]));
    }

    [Fact]
    public async Task The_ledger_says_the_same_whether_entries_are_archived_or_not()
    {
        await using var server = await StartAsync("00:00:00.100");
        var before = await server.Get("/v1/accounts/acme/ledger");
        await ArchivedAsync(server, segments: 1);
        Assert.Equal(before.Text, (await server.Get("/v1/accounts/acme/ledger")).Text);

        await server.Post("/v1/accounts/acme/charges", """{"id":"c3","meter":"calls","quantity":"1"}""");
        var archived = await EntriesAsync(server, "?limit=4");
        var all = await EntriesAsync(server);
        Assert.Equal([.. archived, "5 charged c3 calls -0.01 5.34"], all);
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_repetition()
    {
        await using var server = await StartAsync("00:00:00.100");
        for (var limit = 1; limit <= 5; limit++)
        {
            var (found, cursor) = (new List<string>(), "");
            do
            {
                var page = await server.Get($"/v1/accounts/acme/ledger?limit={limit}{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
                var lines = Told(page);
                Assert.InRange(lines.Select(static line => line.Split(' ')[0]).Distinct().Count(), 1, limit);
                found.AddRange(lines);
                cursor = (string?)page.Json["cursor"] ?? "";
            }
            while (cursor.Length > 0);

            Assert.Equal(await EntriesAsync(server), found);
        }
    }

    [Fact]
    public async Task Lines_are_filtered_by_meter_dimension_and_time_alike_before_and_after_they_are_archived()
    {
        await using var server = await StartAsync("00:00:00.500");
        await CheckAsync();
        await ArchivedAsync(server, segments: 1);
        await CheckAsync();

        async Task CheckAsync()
        {
            Assert.Equal(["4 charged c2 bytes -1.15 5.35"], await EntriesAsync(server, "?meter=bytes"));
            Assert.Equal(["3 charged c1 calls -2.5 7.5"], await EntriesAsync(server, "?dimension.team=search"));
            Assert.Empty(await EntriesAsync(server, "?dimension.team=search&meter=bytes"));
            var at = (string?)(await server.Get("/v1/accounts/acme/ledger?meter=bytes")).Json["entries"]![0]!["at"];
            Assert.Equal(3, (await EntriesAsync(server, $"?to={at}")).Length);
            Assert.Equal(2, (await EntriesAsync(server, $"?from={at}")).Length);
        }
    }

    [Fact]
    public async Task As_CSV_all_of_it_comes_in_one_answer()
    {
        await using var server = await StartAsync("01:00:00");
        var reply = await server.Get("/v1/accounts/acme/ledger?format=csv&limit=1");
        var lines = reply.Text.Split("\r\n");
        Assert.Equal(("text/csv; charset=utf-8", 7), (reply.ContentType, lines.Length));
        Assert.StartsWith("sequence,line,at,time,kind,id,meter,quantity,credits,balance,", lines[0], StringComparison.Ordinal);
        Assert.Contains(",charged,c1,calls,250,-2.5,7.5,7.5,plain,1,calls,\"{\"\"team\"\":\"\"search\"\"}\",", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_Parquet_it_says_what_the_pages_say_before_and_after_it_is_archived_and_leaves_nothing_behind()
    {
        await using var server = await StartAsync("00:00:00.100");
        await server.Post("/v1/accounts/beta/charges", """{"id":"other","meter":"calls","quantity":"1","mode":"record"}""");
        await CheckAsync();
        await ArchivedAsync(server, segments: 1);
        await CheckAsync();
        Assert.Empty(Directory.GetFiles(Path.Combine(server.DataDirectory, "ledger", "_temporary")));

        async Task CheckAsync()
        {
            foreach (var query in new[] { "", "&meter=bytes", "&dimension.team=search", "&kind=grant_added,charged", "&to=2000-01-01T00:00:00Z", "&from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z" })
            {
                Assert.Equal((await EntriesAsync(server, $"?limit=1000{query}")), await ReadAsync(server, $"/v1/accounts/acme/ledger?format=parquet&limit=1{query}"));
            }
        }
    }

    [Fact]
    public async Task Parquet_is_chosen_by_Accept_as_well_and_refused_as_pages_are()
    {
        await using var server = await StartAsync("01:00:00");
        using var message = new HttpRequestMessage(HttpMethod.Get, "/v1/accounts/acme/ledger");
        message.Headers.Accept.ParseAdd("application/vnd.apache.parquet");
        using var response = await server.Http.SendAsync(message, Cancellation);
        Assert.Equal("application/vnd.apache.parquet", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("PAR1"u8.ToArray(), (await response.Content.ReadAsByteArrayAsync(Cancellation))[..4]);
        (await server.Get("/v1/accounts/nobody/ledger?format=parquet")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
    }

    [Fact]
    public async Task A_file_that_is_gone_before_its_end_does_not_look_like_a_whole_one_and_damage_is_named()
    {
        await using var gateway = await GatewayHost.Start();
        var whole = await gateway.Get("/v1/accounts/acme/ledger?format=parquet");
        Assert.Equal(("PAR1", "date=2026-01-31/hour=12/partition-0000-000000000001-000000000002.parquet"), (whole.Text, whole.Headers.GetValues("Metering-Damaged").Single()));
        await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Http.GetByteArrayAsync(new Uri("/v1/accounts/acme/ledger?format=parquet&meter=cut", UriKind.Relative), Cancellation));
    }

    [Theory]
    [InlineData("?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "to conflict")]
    [InlineData("?from=yesterday", "from bad_format")]
    [InlineData("?cursor=YWNtZQ", "cursor bad_format")]
    [InlineData("?cursor=%2F%2F", "cursor bad_format")]
    [InlineData("?limit=0", "limit out_of_range")]
    [InlineData("?limit=1001", "limit out_of_range")]
    [InlineData("?format=xml", "format bad_format")]
    [InlineData("?colour=red", "colour unknown_field")]
    [InlineData("?meter=a%20b", "meter bad_format")]
    [InlineData("?kind=charged,bought", "kind bad_format")]
    [InlineData("?cursor=bGVkZ2VyOjQz", "cursor bad_format")]
    public async Task What_is_not_understood_is_refused(string query, string fault)
    {
        await using var gateway = await GatewayHost.Start();
        Assert.Equal([fault], (await gateway.Get($"/v1/accounts/acme/ledger{query}")).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Fact]
    public async Task The_first_page_says_the_balances_at_the_ends_of_the_range()
    {
        await using var server = await StartAsync("00:00:00.100");
        await CheckAsync();
        await ArchivedAsync(server, segments: 1);
        await CheckAsync();

        async Task CheckAsync()
        {
            Assert.Equal(("0", "5.35"), Balances(await server.Get("/v1/accounts/acme/ledger?limit=1&meter=bytes")));
            var entries = (await server.Get("/v1/accounts/acme/ledger")).Json["entries"]!.AsArray();
            var (granted, charged) = ((string?)entries[1]!["at"], (string?)entries[3]!["at"]);
            Assert.Equal(("0", "0"), Balances(await server.Get($"/v1/accounts/acme/ledger?to={granted}")));
            Assert.Equal(("0", "7.5"), Balances(await server.Get($"/v1/accounts/acme/ledger?from={granted}&to={charged}")));
            Assert.Equal(("7.5", "5.35"), Balances(await server.Get($"/v1/accounts/acme/ledger?from={charged}")));
            Assert.Equal(("5.35", "5.35"), Balances(await server.Get("/v1/accounts/acme/ledger?from=2100-01-01T00:00:00Z")));
        }

        static (string? Opening, string? Closing) Balances(Reply page) => ((string?)page.Json["openingBalance"], (string?)page.Json["closingBalance"]);
    }

    [Fact]
    public async Task Entries_are_filtered_by_kind()
    {
        await using var server = await StartAsync("01:00:00");
        Assert.Equal(["1 settings_changed   0 0", "2 grant_added plan  10 10"], await EntriesAsync(server, "?kind=grant_added,settings_changed"));
    }

    [Fact]
    public async Task Verify_says_how_far_the_chain_holds_and_names_the_entry_that_somebody_changed()
    {
        await using var server = await StartAsync("00:00:00.100");
        await ArchivedAsync(server, segments: 1);
        while ((int?)(await server.Get("/v1/accounts/acme/ledger/verify")).Json["last"] < 4)
        {
            await Task.Delay(20, Cancellation);
        }

        Assert.Equal("""{"holds":true,"rows":5,"first":1,"last":4}""", (await server.Get("/v1/accounts/acme/ledger/verify")).Text);
        Assert.Equal("""{"holds":true,"rows":0,"first":0,"last":0}""", (await server.Get("/v1/accounts/acme/ledger/verify?from=2100-01-01T00:00:00Z")).Text);
        (await server.Get("/v1/accounts/nobody/ledger/verify")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
        Assert.Equal(
            ["to conflict"],
            (await server.Get("/v1/accounts/acme/ledger/verify?from=2100-01-01T00:00:00Z&to=2000-01-01T00:00:00Z")).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);

        var segment = Directory.GetFiles(Path.Combine(server.DataDirectory, "ledger"), "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        Assert.Equal("""{"holds":false,"rows":5,"first":1,"last":4,"break":{"sequence":4,"line":0,"reason":"changed"}}""", await ChangedAsync(server, segment));
    }

    [Fact]
    public async Task An_account_that_is_not_there_has_no_ledger()
    {
        await using var server = await StartAsync("01:00:00");
        (await server.Get("/v1/accounts/nobody/ledger")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
    }

    /// <summary>Takes a credit more for entry 4 in a segment, and verifies.</summary>
    private static async Task<string> ChangedAsync(WholeHost server, string segment)
    {
        using (var connection = new DuckDBConnection("DataSource=:memory:"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText =
                $"COPY (SELECT * REPLACE (CASE WHEN sequence = 4 AND line = 0 THEN credits - 1 ELSE credits END AS credits) FROM read_parquet('{segment}', hive_partitioning = false)) TO '{segment}.new' (FORMAT parquet)";
            command.ExecuteNonQuery();
        }

        // Under another name, for what was read of a file's end under its own is remembered; its records are the same.
        File.Move($"{segment}.new", segment.Replace(".parquet", "-m1.parquet", StringComparison.Ordinal));
        File.Delete(segment);
        return (await server.Get("/v1/accounts/acme/ledger/verify")).Text;
    }

    private static async Task<WholeHost> StartAsync(string archiveInterval)
    {
        var server = await WholeHost.Start("--Metering:Ledger=Folder", $"--Metering:ArchiveInterval={archiveInterval}");
        await server.Put("/v1/rate-cards/plain", Card);
        await server.Put("/v1/accounts/acme", """{"rateCard":"plain"}""");
        await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"10"}""");
        await server.Post("/v1/accounts/acme/charges", """{"id":"c1","meter":"calls","quantity":"250","dimensions":{"team":"search"}}""");
        await server.Post("/v1/accounts/acme/charges", """{"id":"c2","lines":[{"meter":"calls","quantity":"100"},{"meter":"bytes","quantity":"13"}]}""");
        return server;
    }

    private static async Task ArchivedAsync(WholeHost server, int segments)
    {
        var folder = Path.Combine(server.DataDirectory, "ledger");
        while (Directory.GetFiles(folder, "*.heads", SearchOption.AllDirectories).Length < segments)
        {
            await Task.Delay(20, Cancellation);
        }
    }

    /// <summary>What an engine that knows nothing of us reads from the answer.</summary>
    private static async Task<List<string>> ReadAsync(WholeHost server, string address)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("metering-parquet-").FullName, "ledger.parquet");
        try
        {
            await File.WriteAllBytesAsync(file, await server.Http.GetByteArrayAsync(new Uri(address, UriKind.Relative), Cancellation), Cancellation);
            using var connection = new DuckDBConnection("DataSource=:memory:");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT sequence, kind, id, meter, credits::DECIMAL(38,9)::VARCHAR, balance::VARCHAR FROM read_parquet('{file}') ORDER BY sequence, line";
            using var rows = command.ExecuteReader();
            var read = new List<string>();
            while (rows.Read())
            {
                string Text(int column) => rows.IsDBNull(column) ? "" : rows.GetString(column);
                string Amount(int column) => rows.IsDBNull(column) ? "" : decimal.Parse(rows.GetString(column), System.Globalization.CultureInfo.InvariantCulture).ToString("0.#########", System.Globalization.CultureInfo.InvariantCulture);
                read.Add($"{rows.GetInt64(0)} {Text(1)} {Text(2)} {Text(3)} {Amount(4)} {Amount(5)}");
            }

            using var leftOut = connection.CreateCommand();
            leftOut.CommandText = $"SELECT count(*) FROM read_parquet('{file}') WHERE available IS NULL OR (cardinality(burned) > 0 AND map_values(burned)[1] IS DISTINCT FROM -credits)";
            Assert.True(0L.Equals(leftOut.ExecuteScalar()), "What segments leave out is in an exported file: here the one grant paid for each line.");
            return read;
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    private static async Task<string[]> EntriesAsync(WholeHost server, string query = "") => Told(await server.Get($"/v1/accounts/acme/ledger{query}"));

    private static string[] Told(Reply page) =>
        [.. (page.Json["entries"] ?? throw new InvalidOperationException(page.Text)).AsArray().Select(static entry => $"{entry!["sequence"]} {entry["kind"]} {entry["id"]} {entry["meter"]} {entry["credits"]} {entry["balance"]}")];
}
