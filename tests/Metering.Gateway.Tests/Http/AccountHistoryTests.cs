using System.Net;
using Metering.Client;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class AccountHistoryTests
{
    private const string Card = """{"meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"0.01"}]}]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("01:00:00")]
    [InlineData("00:00:00.100")]
    public async Task An_account_reads_as_it_read_then_holds_included_whether_archived_or_not(string archiveInterval)
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder", $"--Metering:ArchiveInterval={archiveInterval}");
        var told = new List<(DateTimeOffset At, Reply Reply)>();
        foreach (var (address, body) in Requests)
        {
            var done = await server.Post($"/v1/accounts/acme/{address}", body);
            Assert.True(done.Status == HttpStatusCode.OK, done.Text);
            var reply = await server.Get("/v1/accounts/acme");
            told.Add((DateTimeOffset.UtcNow, reply));

            // The next request must not happen in the same instant.
            while (DateTimeOffset.UtcNow <= told[^1].At)
            {
                await Task.Delay(1, Cancellation);
            }
        }

        if (archiveInterval != "01:00:00")
        {
            await server.Post("/v1/accounts/acme/charges", """{"id":"last","meter":"calls","quantity":"1"}""");
            await ArchivedAsync(server);
        }

        foreach (var (at, reply) in told)
        {
            Assert.Equal(reply.Text, (await server.Get($"/v1/accounts/acme?at={at:yyyy-MM-ddTHH:mm:ss.fffffffZ}")).Text);
            Assert.Equal(reply.Text, (await server.Get($"/v1/accounts/acme?sequence={reply.Json["sequence"]}")).Text);
        }

        Assert.Contains(told, static told => (int)told.Reply.Json["holdCount"]! == 1);
    }

    [Fact]
    public async Task What_was_not_yet_and_what_is_not_yet_cannot_be_read()
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder");
        (await server.Get("/v1/accounts/acme?at=2020-01-01T00:00:00Z")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
        (await server.Get("/v1/accounts/acme?at=9999-01-01T00:00:00Z")).IsProblem(HttpStatusCode.UnprocessableEntity, "in_future");
        (await server.Get("/v1/accounts/acme?sequence=3")).IsProblem(HttpStatusCode.UnprocessableEntity, "in_future");
        (await server.Get("/v1/accounts/nobody?sequence=1")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
    }

    [Fact]
    public async Task The_client_reads_the_same_over_grpc()
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder");
        await server.Post("/v1/accounts/acme/charges", Requests[0].Body);
        using var client = new MeteringClient(server.GrpcAddress);
        Assert.Equal((2L, 10m), Told(await client.GetAccountAfterAsync("acme", 2, Cancellation)));
        Assert.Equal((3L, 7.5m), Told(await client.GetAccountAtAsync("acme", DateTimeOffset.UtcNow.AddMilliseconds(-1), Cancellation)));
        Assert.Equal("in_future", (await client.GetAccountAfterAsync("acme", 4, Cancellation)).Refusal?.Code);
        Assert.Equal("invalid_request", (await client.GetAccountAfterAsync("acme", -1, Cancellation)).Refusal?.Code);

        static (long Sequence, decimal Balance) Told(Answer<Account> answer) =>
            answer.Reply is { } account ? (account.Sequence, account.Balance) : throw new InvalidOperationException(answer.Refusal?.ToString());
    }

    [Fact]
    public async Task Without_a_ledger_the_journal_is_all_there_is()
    {
        await using var server = await StartAsync("--Metering:CheckpointInterval=00:00:00.100");
        Assert.Equal(2, (int)(await server.Get("/v1/accounts/acme?sequence=2")).Json["sequence"]!);
        for (var charge = 0; ; charge++)
        {
            await server.Post("/v1/accounts/acme/charges", $$"""{"id":"c{{charge}}","meter":"calls","quantity":"1"}""");
            var reply = await server.Get("/v1/accounts/acme?sequence=2");
            if (reply.Status != HttpStatusCode.OK)
            {
                Assert.Contains("keeps no ledger", reply.IsProblem(HttpStatusCode.UnprocessableEntity, "too_old").Text, StringComparison.Ordinal);
                return;
            }

            await Task.Delay(20, Cancellation);
        }
    }

    [Theory]
    [InlineData("?at=yesterday", "at bad_format")]
    [InlineData("?sequence=0", "sequence out_of_range")]
    [InlineData("?sequence=first", "sequence bad_format")]
    [InlineData("?sequence=1&at=2026-01-01T00:00:00Z", "sequence conflict")]
    [InlineData("?when=now", "when unknown_field")]
    public async Task What_is_not_understood_is_refused(string query, string fault)
    {
        await using var gateway = await GatewayHost.Start();
        Assert.Equal([fault], (await gateway.Get($"/v1/accounts/acme{query}")).IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    private static (string Address, string Body)[] Requests =>
    [
        ("charges", """{"id":"c1","meter":"calls","quantity":"250","dimensions":{"team":"search"}}"""),
        ("holds", """{"id":"h1","meter":"calls","quantity":"100","ttlSeconds":600}"""),
        ("charges", """{"id":"c2","lines":[{"meter":"calls","quantity":"10"},{"meter":"calls","quantity":"13"}]}"""),
        ("holds/h1/settle", """{"id":"s1","quantity":"30","final":false}"""),
        ("charges/c1/reversals", """{"id":"r1","quantity":"50"}"""),
        ("holds/h1/release", """{"id":"x1"}"""),
        ("charges", """{"id":"c3","meter":"calls","quantity":"5000","mode":"record"}"""),
    ];

    private static async Task<WholeHost> StartAsync(params string[] settings)
    {
        var server = await WholeHost.Start(settings);
        await server.Put("/v1/rate-cards/plain", Card);
        await server.Put("/v1/accounts/acme", """{"rateCard":"plain"}""");
        await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"10"}""");
        return server;
    }

    private static async Task ArchivedAsync(WholeHost server)
    {
        var folder = Path.Combine(server.DataDirectory, "ledger");
        while (!Directory.Exists(folder) || Directory.GetFiles(folder, "*.parquet", SearchOption.AllDirectories).Length == 0)
        {
            await Task.Delay(20, Cancellation);
        }
    }
}
