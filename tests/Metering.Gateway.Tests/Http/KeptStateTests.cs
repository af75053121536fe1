using System.Net;
using Metering.Gateway.Tests.Hosting;
using Metering.Grains.Accounts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Tests.Http;

/// <summary>Accounts that have lived longer than entries are applied for one answer.</summary>
public sealed class KeptStateTests
{
    private const string Card = """{"meters":[{"meter":"calls","unit":"call","prices":[{"id":"calls","kind":"graduated","tiers":[{"upTo":"50","unitPrice":"0.02"},{"unitPrice":"0.01"}]}]}]}""";
    private const int Rounds = 6;

    private const int Interval = 10;

    /// <summary>Enough where one state is missing, and less than half of what there is.</summary>
    private const int MaxPastEntries = 25;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_account_reads_as_it_read_then_however_long_it_has_lived_and_holds_with_it()
    {
        await using var server = await StartAsync();
        var told = await LiveAsync(server, "5");
        Assert.Contains(told, static told => (int)told.Reply.Json["holdCount"]! > 1);
        await RequireAsync(server, told);

        // From files alone, and where the last state there is does not reach as far as the account did.
        await ArchivedAsync(server);
        await server.Restart();
        Bound(server);
        await RequireAsync(server, told);
        File.Delete(States(server)[^1]);
        await RequireAsync(server, told);
    }

    [Fact]
    public async Task Without_them_so_many_entries_are_refused_and_no_more()
    {
        await using var server = await StartAsync();
        var told = await LiveAsync(server, "5");
        States(server).ForEach(File.Delete);
        var last = (long)told[^1].Reply.Json["sequence"]!;
        var options = Bound(server);
        options.MaxPastEntries = last;
        Assert.Equal(told[^1].Reply.Text, (await server.Get($"/v1/accounts/acme?at={Instant(told[^1].At)}")).Text);
        options.MaxPastEntries = last - 1;
        (await server.Get($"/v1/accounts/acme?at={Instant(told[^1].At)}")).IsProblem(HttpStatusCode.UnprocessableEntity, "out_of_range");
        Assert.Equal(HttpStatusCode.OK, (await server.Get($"/v1/accounts/acme?sequence={last - 1}")).Status);
        options.MaxPastEntries = last - 2;
        (await server.Get($"/v1/accounts/acme?sequence={last - 1}")).IsProblem(HttpStatusCode.UnprocessableEntity, "out_of_range");
    }

    [Fact]
    public async Task One_that_is_damaged_or_of_another_history_is_passed_over_for_the_one_before_it()
    {
        await using var server = await StartAsync();
        var told = await LiveAsync(server, "5");
        Bound(server).MaxPastEntries = 1_000;
        var states = States(server);
        var at = SequenceOf(states[^1]);

        // As when a journal was put back to an earlier moment, and the account has gone on another way since.
        await using (var other = await StartAsync())
        {
            _ = await LiveAsync(other, "7");
            File.Copy(States(other)[^1], states[^1], overwrite: true);
        }

        var expected = (await server.Get($"/v1/accounts/acme?sequence={at}")).Text;
        Assert.Equal(told.Single(told => (long)told.Reply.Json["sequence"]! == at).Reply.Text, expected);
        var bytes = await File.ReadAllBytesAsync(states[^1], Cancellation);
        foreach (var damaged in new byte[][] { [], bytes[..^1], [.. bytes[..20], (byte)(bytes[20] ^ 1), .. bytes[21..]], [9, .. bytes[1..]] })
        {
            await File.WriteAllBytesAsync(states[^1], damaged, Cancellation);
            Assert.Equal(expected, (await server.Get($"/v1/accounts/acme?sequence={at}")).Text);
        }

        await RequireAsync(server, told);
    }

    /// <summary>Rounds of ten entries or more, a state kept of each ten; what could be read after every request.</summary>
    private static async Task<List<(DateTimeOffset At, Reply Reply)>> LiveAsync(WholeHost server, string quantity)
    {
        var told = new List<(DateTimeOffset At, Reply Reply)>();
        foreach (var (address, body) in Enumerable.Range(0, Rounds).SelectMany(round => Requests(round, quantity)))
        {
            var done = await server.Post($"/v1/accounts/acme/{address}", body);
            Assert.True(done.Status == HttpStatusCode.OK, done.Text);
            told.Add((DateTimeOffset.UtcNow, await server.Get("/v1/accounts/acme")));
            await KeptAsync(server, (long)told[^1].Reply.Json["sequence"]! / Interval * Interval);

            // The next request must not happen in the same instant.
            while (DateTimeOffset.UtcNow <= told[^1].At)
            {
                await Task.Delay(1, Cancellation);
            }
        }

        return told;
    }

    private static (string Address, string Body)[] Requests(int round, string quantity) =>
    [
        ("grants", $$"""{"id":"g{{round}}","amount":"1","priority":{{round}}}"""),
        ("charges", $$$"""{"id":"a{{{round}}}","meter":"calls","quantity":"{{{quantity}}}","dimensions":{"team":"t{{{round % 3}}}"}}"""),
        ("holds", $$"""{"id":"h{{round}}","meter":"calls","quantity":"3","ttlSeconds":{{600 + round}}}"""),
        ("charges", $$$"""{"id":"b{{{round}}}","lines":[{"meter":"calls","quantity":"1","dimensions":{"team":"t1"}},{"meter":"calls","quantity":"2"}]}"""),
        ("holds", $$"""{"id":"i{{round}}","meter":"calls","quantity":"2"}"""),
        ($"holds/i{round}/settle", $$"""{"id":"s{{round}}","quantity":"1","final":false}"""),
        ($"charges/a{round}/reversals", $$"""{"id":"r{{round}}","quantity":"1"}"""),
        ($"holds/i{round}/release", $$"""{"id":"x{{round}}"}"""),
        ("charges", $$"""{"id":"c{{round}}","meter":"calls","quantity":"1","mode":"record"}"""),
        ("charges", $$"""{"meter":"calls","quantity":"1","producer":"p","producerSequence":{{round + 1}}}"""),
    ];

    private static async Task KeptAsync(WholeHost server, long atLeast)
    {
        while (atLeast > 0 && (States(server) is not [.., var last] || SequenceOf(last) < atLeast))
        {
            await Task.Delay(1, Cancellation);
        }
    }

    private static async Task RequireAsync(WholeHost server, List<(DateTimeOffset At, Reply Reply)> told)
    {
        foreach (var (at, reply) in told.Where((_, number) => number % 3 == 2))
        {
            Assert.Equal(reply.Text, (await server.Get($"/v1/accounts/acme?at={Instant(at)}")).Text);
            Assert.Equal(reply.Text, (await server.Get($"/v1/accounts/acme?sequence={reply.Json["sequence"]}")).Text);
        }
    }

    private static async Task<WholeHost> StartAsync()
    {
        var server = await WholeHost.Start("--Metering:Ledger=Folder", "--Metering:ArchiveInterval=00:00:00.100");
        Bound(server);
        await server.Put("/v1/rate-cards/plain", Card);
        await server.Put("/v1/accounts/acme", """{"rateCard":"plain"}""");
        await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"3"}""");
        await server.Put("/v1/accounts/acme/budgets/teams", """{"scope":{"dimensions":{"team":"*"}},"window":"day","limit":"100","thresholds":[1],"action":"alert"}""");
        return server;
    }

    private static AccountOptions Bound(WholeHost server)
    {
        var options = server.Services.GetRequiredService<IOptions<AccountOptions>>().Value;
        (options.KeptStateInterval, options.MaxPastEntries) = (Interval, MaxPastEntries);
        return options;
    }

    /// <summary>Files of kept states, the latest last.</summary>
    private static List<string> States(WholeHost server)
    {
        var folder = Path.Combine(server.DataDirectory, "ledger", "_states");
        return Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.state", SearchOption.AllDirectories).OrderBy(SequenceOf)] : [];
    }

    private static long SequenceOf(string state) => long.Parse(Path.GetFileName(state).Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);

    private static string Instant(DateTimeOffset at) => $"{at:yyyy-MM-ddTHH:mm:ss.fffffffZ}";

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
