using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Metering.Gateway.Security;
using Metering.Gateway.Tests.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Security;

/// <summary>The dashboard of Orleans in a whole server: for administrators, by a browser too, and without what changes or tells too much.</summary>
public sealed partial class DashboardTests
{
    private static readonly string[] On = [$"--Metering:AdminKey={TestKeys.AdminKey}", "--Metering:Dashboard=true"];

    [Fact]
    public async Task Every_page_of_it_is_for_administrators_whichever_way_their_key_comes()
    {
        await using var server = await WholeHost.Start(On);
        var admin = new AuthenticationHeaderValue("Bearer", TestKeys.AdminKey);
        var others = new List<string>();
        foreach (var role in new[] { "read", "charge", "operator" })
        {
            var made = await Send(server, HttpMethod.Post, "/v1/keys", admin, $$"""{"name":"one","role":"{{role}}"}""");
            others.Add((string)JsonNode.Parse(await made.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["key"]!);
        }

        var silo = server.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();
        var routes = server.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(static endpoint => endpoint.RoutePattern.RawText!).Where(static route => route.StartsWith("/dashboard", StringComparison.Ordinal)).ToList();

        Assert.True(routes.Count > 15, $"Only {routes.Count} routes were found.");
        foreach (var path in routes.Select(route => PathOf(route, silo)))
        {
            var stranger = await Send(server, HttpMethod.Get, path, authorization: null);
            Assert.Equal((path, HttpStatusCode.Unauthorized, "Basic"), (path, stranger.StatusCode, stranger.Headers.WwwAuthenticate.Single().Scheme));
            Assert.Equal(HttpStatusCode.Unauthorized, (await Send(server, HttpMethod.Get, path, Basic(KeyText.New().Text))).StatusCode);
            foreach (var key in others)
            {
                Assert.Equal((path, HttpStatusCode.Forbidden), (path, (await Send(server, HttpMethod.Get, path, Basic(key))).StatusCode));
                Assert.Equal((path, HttpStatusCode.Forbidden), (path, (await Send(server, HttpMethod.Get, path, new AuthenticationHeaderValue("Bearer", key))).StatusCode));
            }

            var expected = path is "/dashboard/GrainState" or "/dashboard/Trace" ? HttpStatusCode.NotFound : HttpStatusCode.OK;
            Assert.Equal((path, expected), (path, (await Send(server, HttpMethod.Get, path, admin)).StatusCode));
            Assert.Equal((path, expected), (path, (await Send(server, HttpMethod.Get, path, Basic(TestKeys.AdminKey))).StatusCode));
        }

        // Its page loads its own scripts and nobody else's, and nobody frames it.
        var page = await Send(server, HttpMethod.Get, "/dashboard/", Basic(TestKeys.AdminKey));

        var text = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        var sources = Sources().Matches(text).Select(static match => match.Groups[1].Value).ToList();
        Assert.Contains("./index.min.js", sources);
        Assert.DoesNotContain(sources, static source => source.Contains("//", StringComparison.Ordinal));
        Assert.DoesNotMatch("<script(?![^>]*src=)", text);
    }

    [Fact]
    public async Task A_key_as_a_password_opens_nothing_else_and_what_is_none_opens_nothing()
    {
        await using var server = await WholeHost.Start(On);

        foreach (var path in new[] { "/v1/keys", "/v1/audit", "/metrics", "/v1/accounts" })
        {
            var reply = await Send(server, HttpMethod.Get, path, Basic(TestKeys.AdminKey));
            Assert.Equal((path, HttpStatusCode.Unauthorized, "Bearer"), (path, reply.StatusCode, reply.Headers.WwwAuthenticate.Single().Scheme));
        }

        // Not in base 64, nothing at all, and a key without a user name and a colon before it.
        foreach (var credential in new[] { "no base 64", "", Convert.ToBase64String(Encoding.UTF8.GetBytes(TestKeys.AdminKey)), new string('A', 20_000) })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await Send(server, HttpMethod.Get, "/dashboard/", new AuthenticationHeaderValue("Basic", credential))).StatusCode);
        }
    }

    [Fact]
    public async Task Nobody_finds_it_where_it_was_not_asked_for()
    {
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}");

        Assert.Equal(HttpStatusCode.NotFound, (await Send(server, HttpMethod.Get, "/dashboard/", Basic(TestKeys.AdminKey))).StatusCode);
        Assert.Empty(server.Services.GetServices<IIncomingGrainCallFilter>());
    }

    private static string PathOf(string route, string silo) => route
        .Replace("/fonts/{**path}", "/fonts/fa-solid-900.woff2", StringComparison.Ordinal)
        .Replace("/img/{**path}", "/img/OrleansLogo.png", StringComparison.Ordinal)
        .Replace("{page:int}", "1", StringComparison.Ordinal)
        .Replace("{*path}", silo, StringComparison.Ordinal)
        .Replace("{*address}", silo, StringComparison.Ordinal)
        .Replace("{*grainName}", "Metering.Grains.KeyRingGrain", StringComparison.Ordinal);

    private static AuthenticationHeaderValue Basic(string key) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"anybody:{key}")));

    private static async Task<HttpResponseMessage> Send(WholeHost server, HttpMethod method, string path, AuthenticationHeaderValue? authorization, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = authorization;
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex Sources();
}
