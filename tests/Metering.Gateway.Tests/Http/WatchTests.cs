using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Http;

public sealed class WatchTests
{
    private const string Path = "/v1/accounts/acme/watch";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_watcher_without_a_position_hears_the_account_and_then_every_change()
    {
        await using var gateway = await GatewayHost.Start();
        var changes = WatchedAccount.Of(gateway, "acme", sequence: 43);

        using var watcher = await Watcher.Open(gateway, Path);
        Assert.Equal(("43", "account", """{"sequence":43,"balance":"99.928","available":"101.928"}"""), await watcher.Next());
        changes.Add(ChangeKind.Charged, "req-1", -0.0720m);
        Assert.Equal(
            ("44", "charged", """{"sequence":44,"at":"2026-01-31T12:00:00.5Z","kind":"charged","subject":"req-1","credits":"-0.072","balance":"99.928","available":"101.928"}"""),
            await watcher.Next());
        changes.Add(ChangeKind.PolicyChanged, null, 0m);
        Assert.Equal(
            ("45", "policy_changed", """{"sequence":45,"at":"2026-01-31T12:00:00.5Z","kind":"policy_changed","credits":"0","balance":"99.928","available":"101.928"}"""),
            await watcher.Next());
        Assert.Equal("text/event-stream", watcher.Response.Content.Headers.ContentType!.MediaType);
        Assert.True(watcher.Response.Headers.CacheControl!.NoCache);
    }

    [Fact]
    public async Task Every_kind_of_change_has_its_name()
    {
        await using var gateway = await GatewayHost.Start();
        var changes = WatchedAccount.Of(gateway, "acme", sequence: 43);
        foreach (var kind in Enum.GetValues<ChangeKind>())
        {
            changes.Add(kind, null, 0m);
        }

        using var watcher = await Watcher.Open(gateway, $"{Path}?after=43");

        string[] names =
        [
            "settings_changed", "grant_added", "grant_activated", "grant_expired", "grant_voided", "charged", "grant_refilled", "held", "settled",
            "hold_released", "hold_expired", "reversed", "budget_changed", "budget_removed", "budget_crossed", "policy_changed", "closed",
        ];
        foreach (var name in names)
        {
            Assert.Equal(name, (await watcher.Next()).Event);
        }
    }

    [Theory]
    [InlineData("?after=44", null, 45)]
    [InlineData("?after=0", "44", 45)]
    [InlineData("", "43", 44)]
    [InlineData("?after=45", null, 46)]
    public async Task A_watcher_goes_on_after_what_it_saw_last(string query, string? lastEventId, long first)
    {
        await using var gateway = await GatewayHost.Start();
        var changes = WatchedAccount.Of(gateway, "acme", sequence: 43);
        changes.Add(ChangeKind.Charged, "a", -1m);
        changes.Add(ChangeKind.Charged, "b", -1m);

        using var watcher = await Watcher.Open(gateway, Path + query, lastEventId);
        changes.Add(ChangeKind.Charged, "c", -1m);

        for (var sequence = first; sequence <= 46; sequence++)
        {
            Assert.Equal((sequence.ToString(CultureInfo.InvariantCulture), "charged"), (await watcher.Next()).Start);
        }
    }

    [Fact]
    public async Task Where_history_is_gone_that_is_told_first()
    {
        await using var gateway = await GatewayHost.Start();
        var changes = WatchedAccount.Of(gateway, "acme", sequence: 43);
        changes.Add(ChangeKind.Charged, "a", -1m);

        using var watcher = await Watcher.Open(gateway, $"{Path}?after=10");

        Assert.Equal(("43", "skipped", """{"through":43}"""), await watcher.Next());
        Assert.Equal(("44", "charged"), (await watcher.Next()).Start);
    }

    [Fact]
    public async Task A_position_the_account_has_not_reached_begins_where_the_account_is()
    {
        await using var gateway = await GatewayHost.Start();
        var changes = WatchedAccount.Of(gateway, "acme", sequence: 43);

        using var watcher = await Watcher.Open(gateway, $"{Path}?after=9223372036854775807");

        Assert.Equal(("43", "skipped", """{"through":43}"""), await watcher.Next());
        changes.Add(ChangeKind.Charged, "a", -1m);
        Assert.Equal(("44", "charged"), (await watcher.Next()).Start);
    }

    [Fact]
    public async Task A_quiet_account_is_kept_open_by_comments()
    {
        await using var gateway = await GatewayHost.Start(options => options.WatchHeartbeat = TimeSpan.FromMilliseconds(10));
        WatchedAccount.Of(gateway, "acme", sequence: 43);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Path}?after=43");
        using var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(":", await lines.ReadLineAsync(Cancellation));
            Assert.Equal("", await lines.ReadLineAsync(Cancellation));
        }
    }

    [Theory]
    [InlineData("?after=-1", null, "after out_of_range")]
    [InlineData("?after=x", null, "after bad_format")]
    [InlineData("?after=1.5", null, "after bad_format")]
    [InlineData("?after=9223372036854775808", null, "after bad_format")]
    [InlineData("?after=1&after=2", null, "after duplicate")]
    [InlineData("?since=1", null, "since unknown_field")]
    [InlineData("", "x", "Last-Event-ID bad_format")]
    [InlineData("", "-1", "Last-Event-ID out_of_range")]
    public async Task A_position_that_cannot_be_is_refused(string query, string? lastEventId, string fault)
    {
        await using var gateway = await GatewayHost.Start();
        (string, string)[] headers = lastEventId is null ? [] : [("Last-Event-ID", lastEventId)];

        var reply = await gateway.Send(HttpMethod.Get, Path + query, null, null, headers);

        Assert.Equal([fault], reply.IsProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Fact]
    public async Task An_account_that_cannot_be_watched_is_a_problem_and_no_stream()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnWatch = (_, _) => Task.FromResult<Answer<WatchPage>>(new Refusal { Code = Code.AccountNotFound, Detail = "No." });

        (await gateway.Get(Path)).IsProblem(HttpStatusCode.NotFound, "account_not_found");
    }

    [Fact]
    public async Task An_account_that_goes_out_of_service_ends_its_watchers_with_the_reason()
    {
        await using var gateway = await GatewayHost.Start();
        var changes = WatchedAccount.Of(gateway, "acme", sequence: 43);
        using var watcher = await Watcher.Open(gateway, Path);
        await watcher.Next();

        await changes.Refuse(new Refusal { Code = Code.Quarantined, Detail = "Damaged.", Account = "acme" });

        var last = await watcher.Next();
        Assert.Equal("problem", last.Event);
        Assert.Contains("\"code\":\"quarantined\"", last.Data, StringComparison.Ordinal);
        Assert.True(await watcher.HasEnded());
    }

    [Fact]
    public async Task An_account_that_is_away_for_a_moment_keeps_its_watchers()
    {
        await using var gateway = await GatewayHost.Start();
        var changes = WatchedAccount.Of(gateway, "acme", sequence: 43);
        using var watcher = await Watcher.Open(gateway, Path);
        await watcher.Next();

        await changes.Refuse(new Refusal { Code = Code.Unavailable, Detail = "Moving.", RetryAfter = TimeSpan.FromMilliseconds(1) });
        changes.Serve();
        changes.Add(ChangeKind.Charged, "a", -1m);

        Assert.Equal(("44", "charged"), (await watcher.Next()).Start);
    }

    [Fact]
    public async Task Over_the_bound_the_next_watcher_is_overloaded_until_one_leaves()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxWatchers = 2);
        WatchedAccount.Of(gateway, "acme", sequence: 43);
        using var first = await Watcher.Open(gateway, Path);
        var second = await Watcher.Open(gateway, Path);

        Assert.NotNull((await gateway.Get(Path)).IsProblem(HttpStatusCode.TooManyRequests, "overloaded").Headers.RetryAfter);
        second.Dispose();

        // The server learns of it when it next writes or reads.
        using var third = await Eventually(() => Watcher.TryOpen(gateway, Path));
        Assert.Equal("account", (await third.Next()).Event);
    }

    [Fact]
    public async Task Watchers_hear_the_end_when_the_host_stops()
    {
        await using var gateway = await GatewayHost.Start();
        WatchedAccount.Of(gateway, "acme", sequence: 43);
        using var watcher = await Watcher.Open(gateway, Path);
        await watcher.Next();

        var stopped = gateway.Stop();

        Assert.True(await watcher.HasEnded());
        await stopped;
    }

    private static async Task<T> Eventually<T>(Func<Task<T?>> get)
        where T : class
    {
        while (true)
        {
            Cancellation.ThrowIfCancellationRequested();
            if (await get() is { } got)
            {
                return got;
            }

            await Task.Yield();
        }
    }

    private readonly record struct Heard(string Id, string Event, string Data)
    {
        public (string Id, string Event) Start => (Id, Event);

        public static implicit operator Heard((string Id, string Event, string Data) it) => new(it.Id, it.Event, it.Data);
    }

    /// <summary>A client of the event stream.</summary>
    private sealed class Watcher(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> events, SseParser<string> parser) : IDisposable
    {
        public HttpResponseMessage Response => response;

        public static async Task<Watcher> Open(GatewayHost gateway, string path, string? lastEventId = null)
        {
            var watcher = await TryOpen(gateway, path, lastEventId);
            return watcher ?? throw new InvalidOperationException("The stream was refused.");
        }

        public static async Task<Watcher?> TryOpen(GatewayHost gateway, string path, string? lastEventId = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (lastEventId is not null)
            {
                request.Headers.Add("Last-Event-ID", lastEventId);
            }

            var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                response.Dispose();
                return null;
            }

            var parser = SseParser.Create(await response.Content.ReadAsStreamAsync(Cancellation));
            return new Watcher(response, parser.EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation), parser);
        }

        public async Task<Heard> Next()
        {
            Assert.True(await events.MoveNextAsync(), "Another event was expected; the stream ended.");
            return new Heard(parser.LastEventId, events.Current.EventType, events.Current.Data);
        }

        public async Task<bool> HasEnded() => !await events.MoveNextAsync();

        public void Dispose() => response.Dispose();
    }
}
