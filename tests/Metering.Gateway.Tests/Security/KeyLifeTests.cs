using System.Net;
using System.Net.Http.Headers;
using Metering.Client;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Security;

/// <summary>Keys of a whole server, from the first one on.</summary>
public sealed class KeyLifeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_needs_a_key_until_there_is_one()
    {
        await using var server = await WholeHost.Start();
        Assert.Equal(HttpStatusCode.OK, (await server.Put("/v1/accounts/acme", "{}")).Status);

        var notAdmin = await server.Post("/v1/keys", """{"name":"first","role":"operator"}""");
        Assert.Equal(["role conflict"], notAdmin.Errors);
        Assert.Equal(HttpStatusCode.OK, (await server.Get("/v1/accounts/acme")).Status);

        var admin = await MakeKey(server, """{"name":"first","role":"admin"}""");
        (await server.Get("/v1/accounts/acme")).IsProblem(HttpStatusCode.Unauthorized, "unauthenticated");
        As(server, admin.Text);
        Assert.Equal(HttpStatusCode.OK, (await server.Get("/v1/accounts/acme")).Status);

    }

    [Fact]
    public async Task The_last_admin_key_cannot_be_ended_where_there_is_no_other_way_in()
    {
        await using var server = await WholeHost.Start();
        var admin = await MakeKey(server, """{"name":"first","role":"admin"}""");
        As(server, admin.Text);
        await MakeKey(server, """{"name":"shop","role":"operator"}""");

        (await server.Send(HttpMethod.Delete, $"/v1/keys/{admin.Id}", null)).IsProblem(HttpStatusCode.Conflict, "last_admin_key");
        (await server.Post($"/v1/keys/{admin.Id}/rotate", """{"overlapSeconds":59}""")).IsProblem(HttpStatusCode.Conflict, "last_admin_key");
        Assert.Equal(HttpStatusCode.OK, (await server.Get("/v1/keys")).Status);
        As(server, (string)(await server.Post($"/v1/keys/{admin.Id}/rotate", """{"overlapSeconds":60}""")).Json["key"]!);

        // With another one it can, and then that is the last.
        var other = await MakeKey(server, """{"name":"second","role":"admin"}""");
        Assert.Equal(HttpStatusCode.OK, (await server.Post($"/v1/keys/{admin.Id}/rotate", """{"overlapSeconds":0}""")).Status);
        As(server, other.Text);
        Assert.NotNull((await server.Send(HttpMethod.Delete, $"/v1/keys/{admin.Id}", null)).Json["revokedAt"]);
        (await server.Send(HttpMethod.Delete, $"/v1/keys/{other.Id}", null)).IsProblem(HttpStatusCode.Conflict, "last_admin_key");
        Assert.Equal(HttpStatusCode.OK, (await server.Send(HttpMethod.Delete, $"/v1/keys/{admin.Id}", null)).Status);
    }

    [Fact]
    public async Task With_the_last_key_gone_it_does_not_open_again()
    {
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}");
        As(server, TestKeys.AdminKey);
        var admin = await MakeKey(server, """{"name":"first","role":"admin"}""");
        As(server, admin.Text);

        // The key of the settings is left.
        Assert.NotNull((await server.Send(HttpMethod.Delete, $"/v1/keys/{admin.Id}", null)).Json["revokedAt"]);
        await server.RestartWith();

        server.Http.DefaultRequestHeaders.Authorization = null;
        (await server.Get("/v1/accounts/acme")).IsProblem(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_key_is_told_once_rotated_with_an_overlap_and_revoked()
    {
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}");
        As(server, TestKeys.AdminKey);
        await server.Put("/v1/accounts/team-a", "{}");
        var (id, text) = await MakeKey(server, """{"name":"a portal","role":"operator","accounts":["team-*"],"expiresAt":"2099-01-01T00:00:00Z"}""");
        Assert.StartsWith($"mk_{id}_", text, StringComparison.Ordinal);
        var listed = await server.Get("/v1/keys");
        Assert.DoesNotContain(text[^49..], listed.Text, StringComparison.Ordinal);
        Assert.Equal((id, "a portal", "operator", "team-*"), ((string?)listed.Json["keys"]![0]!["id"], (string?)listed.Json["keys"]![0]!["name"], (string?)listed.Json["keys"]![0]!["role"], (string?)listed.Json["keys"]![0]!["accounts"]![0]));
        Assert.DoesNotContain("\"key\":", (await server.Get($"/v1/keys/{id}")).Text, StringComparison.Ordinal);

        var next = await server.Post($"/v1/keys/{id}/rotate", """{"overlapSeconds":600}""");
        var nextText = (string)next.Json["key"]!;
        Assert.NotNull(next.Json["formerUntil"]);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await StatusOf(server, text), await StatusOf(server, nextText)));

        var last = (string)(await server.Post($"/v1/keys/{id}/rotate", """{"overlapSeconds":0}""")).Json["key"]!;
        Assert.Equal(
            (HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.OK),
            (await StatusOf(server, text), await StatusOf(server, nextText), await StatusOf(server, last)));

        await server.Send(HttpMethod.Delete, $"/v1/keys/{id}", null);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOf(server, last));
        Assert.Equal(HttpStatusCode.OK, (await server.Send(HttpMethod.Delete, $"/v1/keys/{id}", null)).Status);
        (await server.Post($"/v1/keys/{id}/rotate", "{}")).IsProblem(HttpStatusCode.NotFound, "key_not_found");
        (await server.Send(HttpMethod.Delete, "/v1/keys/none", null)).IsProblem(HttpStatusCode.NotFound, "key_not_found");
        (await server.Get("/v1/keys/none")).IsProblem(HttpStatusCode.NotFound, "key_not_found");
    }

    [Fact]
    public async Task Keys_outlive_a_restart()
    {
        await using var server = await WholeHost.Start();
        var (_, text) = await MakeKey(server, """{"name":"first","role":"admin"}""");

        await server.Restart();

        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Get("/v1/keys")).Status);
        As(server, text);
        Assert.Equal(HttpStatusCode.OK, (await server.Get("/v1/keys")).Status);
    }

    [Theory]
    [InlineData("""{"role":"read"}""", "name required")]
    [InlineData("""{"name":"k"}""", "role required")]
    [InlineData("""{"name":"k","role":"root"}""", "role bad_format")]
    [InlineData("""{"name":"k","role":"admin","accounts":["a"]}""", "accounts conflict")]
    [InlineData("""{"name":"k","role":"read","meters":["a"]}""", "meters conflict")]
    [InlineData("""{"name":"k","role":"charge","meters":["*a"]}""", "meters[0] bad_format")]
    [InlineData("""{"name":"k","role":"charge","chargesPerSecond":0}""", "chargesPerSecond out_of_range")]
    [InlineData("""{"name":"k","role":"charge","expiresAt":"2020-01-01T00:00:00Z"}""", "expiresAt in_past")]
    [InlineData("""{"name":"k","role":"charge","secret":"mine"}""", "secret unknown_field")]
    public async Task A_key_that_cannot_be_is_refused_by_path(string request, string fault)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal([fault], (await gateway.Post("/v1/keys", request)).Errors);
    }

    [Fact]
    public async Task A_customer_token_reads_its_account_and_ends_with_the_key_that_asked_for_it()
    {
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}");
        As(server, TestKeys.AdminKey);
        await server.Put("/v1/accounts/acme", "{}");
        await server.Put("/v1/accounts/acme-2", "{}");
        var (id, text) = await MakeKey(server, """{"name":"shop","role":"charge"}""");
        As(server, text);
        (await server.Post("/v1/accounts/none/tokens", "{}")).IsProblem(HttpStatusCode.NotFound, "account_not_found");
        var token = (string)(await server.Post("/v1/accounts/acme/tokens", """{"ttlSeconds":600}""")).Json["token"]!;

        As(server, token);
        Assert.Equal("acme", (string?)(await server.Get("/v1/accounts/acme")).Json["account"]);
        Assert.Equal("acme", (string?)(await server.Get("/v1/accounts")).Json["accounts"]!.AsArray().Single()!["account"]);
        (await server.Get("/v1/accounts/acme-2")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await server.Get("/v1/rate-cards/default")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await server.Post("/v1/accounts/acme/charges", """{"id":"a","meter":"api.calls","quantity":1}""")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await server.Post("/v1/accounts/acme/tokens", "{}")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        foreach (var at in new[] { 5, token.Length / 2, token.Length - 20 })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusOf(server, token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..]));
        }

        As(server, TestKeys.AdminKey);
        await server.Send(HttpMethod.Delete, $"/v1/keys/{id}", null);
        As(server, token);
        (await server.Get("/v1/accounts/acme")).IsProblem(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_revoked_key_ends_what_is_already_open()
    {
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}");
        As(server, TestKeys.AdminKey);
        await server.Put("/v1/accounts/acme", """{"creditLimit":"100"}""");
        var (id, text) = await MakeKey(server, """{"name":"shop","role":"charge"}""");
        using var client = new MeteringClient(server.GrpcAddress, new MeteringClientOptions { Key = text });
        Assert.Equal("charged", (await client.ChargeAsync("acme", Charge.Of("a", "api.calls", 1m), Cancellation)).Reply is not null ? "charged" : "refused");
        using var watch = new HttpRequestMessage(HttpMethod.Get, "/v1/accounts/acme/watch");
        watch.Headers.Authorization = new AuthenticationHeaderValue("Bearer", text);
        using var watched = await server.Http.SendAsync(watch, HttpCompletionOption.ResponseHeadersRead, Cancellation);

        await server.Send(HttpMethod.Delete, $"/v1/keys/{id}", null);

        Assert.Equal("unauthenticated", (await client.ChargeAsync("acme", Charge.Of("b", "api.calls", 1m), Cancellation)).Refusal?.Code);
        Assert.Equal("unauthenticated", (await client.ChargeManyAsync([new AccountCharge("acme", Charge.Of("c", "api.calls", 1m))], Cancellation)).Refusal?.Code);
        Assert.Contains("unauthenticated", await watched.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static void As(WholeHost server, string key) => server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);

    private static async Task<HttpStatusCode> StatusOf(WholeHost server, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/accounts/team-a");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await server.Http.SendAsync(request, Cancellation);
        return response.StatusCode;
    }

    private static async Task<(string Id, string Text)> MakeKey(WholeHost server, string request)
    {
        var made = await server.Post("/v1/keys", request);
        Assert.True(made.Status == HttpStatusCode.OK, made.Text);
        return ((string)made.Json["id"]!, (string)made.Json["key"]!);
    }
}
