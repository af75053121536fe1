using System.Net;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

/// <summary>Charges that the account has forgotten are given back by what the ledger says of them.</summary>
public sealed class OldReversalTests
{
    private const string Card = """{"meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"per_unit","unitPrice":"1"}]}]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("01:00:00")]
    [InlineData("00:00:00.100")]
    public async Task A_forgotten_charge_is_given_back_once_whether_archived_or_not(string archiveInterval)
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder", $"--Metering:ArchiveInterval={archiveInterval}");
        await server.Post("/v1/accounts/acme/charges", """{"id":"old","meter":"calls","quantity":"10"}""");
        await ForgetAsync(server, archiveInterval);
        var before = await BalanceAsync(server);

        var part = await ReverseAsync(server, "r1", "4");
        Assert.Equal(("4", "plan"), ((string?)part.Json["credits"], (string?)part.Json["returned"]![0]!["grant"]));
        await ForgetAsync(server, archiveInterval);
        before += 4m - Forgotten;

        // A retry that comes after all of it was forgotten; then the rest; then more than there is.
        var again = await ReverseAsync(server, "r1", "4");
        Assert.Equal((true, (long)part.Json["sequence"]!), ((bool)again.Json["replayed"]!, (long)again.Json["sequence"]!));
        (await ReverseAsync(server, "r1", "5")).IsProblem(HttpStatusCode.Conflict, "id_reused");
        (await ReverseAsync(server, "r2", "7")).IsProblem(HttpStatusCode.UnprocessableEntity, "exceeds_charge");
        Assert.Equal("6", (string?)(await ReverseAsync(server, "r3")).Json["credits"]);
        (await ReverseAsync(server, "r4")).IsProblem(HttpStatusCode.UnprocessableEntity, "exceeds_charge");
        Assert.Equal(before + 6m, await BalanceAsync(server));
        (await server.Post("/v1/accounts/acme/charges/unheard-of/reversals", """{"id":"r5"}""")).IsProblem(HttpStatusCode.NotFound, "charge_not_found");
    }

    [Fact]
    public async Task Reversals_of_one_forgotten_charge_at_the_same_time_give_back_no_more_than_it_took()
    {
        await using var server = await StartAsync("--Metering:Ledger=Folder", "--Metering:ArchiveInterval=00:00:00.100");
        await server.Post("/v1/accounts/acme/charges", """{"id":"old","meter":"calls","quantity":"5"}""");
        await ForgetAsync(server, "00:00:00.100");
        var before = await BalanceAsync(server);

        var replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(async number =>
        {
            while (true)
            {
                var reply = await ReverseAsync(server, $"r{number}", "1");
                if (reply.Status != HttpStatusCode.TooManyRequests)
                {
                    return reply;
                }

                await Task.Delay(50, Cancellation);
            }
        }));
        Assert.Equal(5, replies.Count(static reply => reply.Status == HttpStatusCode.OK));
        Assert.Equal(7, replies.Count(static reply => reply.Code == "exceeds_charge"));
        Assert.Equal(before + 5m, await BalanceAsync(server));
    }

    [Fact]
    public async Task Without_a_ledger_a_forgotten_charge_is_not_found()
    {
        await using var server = await StartAsync();
        await server.Post("/v1/accounts/acme/charges", """{"id":"old","meter":"calls","quantity":"5"}""");
        await ForgetAsync(server, "01:00:00");
        (await ReverseAsync(server, "r")).IsProblem(HttpStatusCode.NotFound, "charge_not_found");
    }

    private const int Forgotten = 3;

    private static async Task<WholeHost> StartAsync(params string[] settings)
    {
        var server = await WholeHost.Start([$"--Metering:MaxIds={Forgotten}", .. settings]);
        await server.Put("/v1/rate-cards/default", Card);
        await server.Put("/v1/accounts/acme", "{}");
        await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"1000"}""");
        return server;
    }

    /// <summary>Makes as many charges as the account remembers; and where there is to be an archive, waits until it has begun.</summary>
    private static async Task ForgetAsync(WholeHost server, string archiveInterval)
    {
        for (var i = 0; i < Forgotten; i++)
        {
            await server.Post("/v1/accounts/acme/charges", $$"""{"id":"{{Guid.NewGuid()}}","meter":"calls","quantity":"1"}""");
        }

        var folder = Path.Combine(server.DataDirectory, "ledger");
        while (archiveInterval != "01:00:00" && (!Directory.Exists(folder) || Directory.GetFiles(folder, "*.parquet", SearchOption.AllDirectories).Length == 0))
        {
            await Task.Delay(20, Cancellation);
        }
    }

    private static Task<Reply> ReverseAsync(WholeHost server, string id, string? quantity = null) => server.Post(
        "/v1/accounts/acme/charges/old/reversals",
        quantity is null ? $$"""{"id":"{{id}}"}""" : $$"""{"id":"{{id}}","quantity":"{{quantity}}"}""");

    private static async Task<decimal> BalanceAsync(WholeHost server) =>
        decimal.Parse((string)(await server.Get("/v1/accounts/acme")).Json["balance"]!, System.Globalization.CultureInfo.InvariantCulture);
}
