using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Metering.Gateway.Security;
using Metering.Gateway.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Metering.Gateway.Tests.Security;

/// <summary>Tokens of an issuer on this machine, with keys of its own.</summary>
public sealed class JwtTests
{
    private const string Audience = "metering";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_lets_its_bearer_do_what_its_role_may_with_the_accounts_it_names()
    {
        await using var issuer = await Issuer.Start();
        await using var gateway = await Start(issuer, "accounts");

        Assert.Equal(HttpStatusCode.OK, await Get(gateway, issuer.Token(role: "read", accounts: ["acme", "team-*"]), "/v1/accounts/acme"));
        Assert.Equal(HttpStatusCode.OK, await Get(gateway, issuer.Token(role: "read", accounts: ["acme", "team-*"]), "/v1/accounts/team-1"));
        Assert.Equal(HttpStatusCode.Forbidden, await Get(gateway, issuer.Token(role: "read", accounts: ["acme"]), "/v1/accounts/other"));
        Assert.Equal(HttpStatusCode.Forbidden, await Get(gateway, issuer.Token(role: "admin", accounts: []), "/v1/accounts/acme"));
        Assert.Equal(HttpStatusCode.Forbidden, await Get(gateway, issuer.Token(role: "operator", accounts: ["*"]), "/v1/keys"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Get(gateway, issuer.Token(role: "root", accounts: ["acme"]), "/v1/accounts/acme"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Get(gateway, issuer.Token(role: null, accounts: ["acme"]), "/v1/accounts/acme"));
    }

    [Fact]
    public async Task Without_a_claim_for_accounts_tokens_are_for_all_of_them()
    {
        await using var issuer = await Issuer.Start();
        await using var gateway = await Start(issuer, accountsClaim: null);

        Assert.Equal(HttpStatusCode.OK, await Get(gateway, issuer.Token(role: "admin", accounts: []), "/v1/keys"));
    }

    [Fact]
    public async Task An_administrator_who_comes_with_a_token_may_end_the_last_key_as_they_come_in_again()
    {
        await using var issuer = await Issuer.Start();
        await using var gateway = await Start(issuer, accountsClaim: null);

        Assert.Equal(HttpStatusCode.OK, await Send(gateway, issuer.Token(role: "admin", accounts: []), HttpMethod.Delete, "/v1/keys/k1"));
        Assert.False(gateway.Grains.Keys.WasOnlyWayIn);
    }

    [Fact]
    public async Task Whatever_is_wrong_with_a_token_makes_it_nobodys()
    {
        await using var issuer = await Issuer.Start();
        await using var other = await Issuer.Start();
        await using var gateway = await Start(issuer, accountsClaim: null);
        var good = issuer.Token(role: "admin", accounts: []);
        Assert.Equal(HttpStatusCode.OK, await Get(gateway, good, "/v1/accounts/acme"));

        var parts = good.Split('.');
        var wrong = new Dictionary<string, string>
        {
            ["another issuer's"] = other.Token(role: "admin", accounts: []),
            ["another key"] = issuer.Token(role: "admin", accounts: [], key: new RsaSecurityKey(RSA.Create(2048)) { KeyId = "1" }),
            ["another audience"] = issuer.Token(role: "admin", accounts: [], audience: "others"),
            ["expired"] = issuer.Token(role: "admin", accounts: [], expires: DateTime.UtcNow.AddMinutes(-2)),
            ["not yet"] = issuer.Token(role: "admin", accounts: [], notBefore: DateTime.UtcNow.AddMinutes(2)),
            ["no signature"] = $"{Base64UrlEncoder.Encode("{\"alg\":\"none\"}")}.{parts[1]}.",
            ["another body"] = $"{parts[0]}.{issuer.Token(role: "admin", accounts: ["x"]).Split('.')[1]}.{parts[2]}",
            ["signed with a shared secret"] = issuer.Token(role: "admin", accounts: [], key: new SymmetricSecurityKey(new byte[32]) { KeyId = "1" }),
            ["no token"] = "a.b.c",
        };
        foreach (var (what, token) in wrong)
        {
            Assert.True(await Get(gateway, token, "/v1/accounts/acme") == HttpStatusCode.Unauthorized, $"A token with {what} was taken.");
        }
    }

    [Fact]
    public async Task An_issuer_that_does_not_answer_is_no_reason_to_call_a_token_wrong()
    {
        await using var issuer = await Issuer.Start();
        var token = issuer.Token(role: "admin", accounts: []);
        await using var gateway = await Start(issuer, accountsClaim: null);
        await issuer.DisposeAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await Get(gateway, token, "/v1/accounts/acme"));
    }

    private static Task<GatewayHost> Start(Issuer issuer, string? accountsClaim) => GatewayHost.Start(options => options.Access = new AccessOptions
    {
        Access = Access.Keys,
        Jwt = new JwtOptions { Authority = issuer.Address, Audience = Audience, RoleClaim = "role", AccountsClaim = accountsClaim },
    });

    private static Task<HttpStatusCode> Get(GatewayHost gateway, string token, string path) => Send(gateway, token, HttpMethod.Get, path);

    private static async Task<HttpStatusCode> Send(GatewayHost gateway, string token, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await gateway.Http.SendAsync(request, Cancellation);
        return response.StatusCode;
    }

    private sealed class Issuer : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly RsaSecurityKey _key = new(RSA.Create(2048)) { KeyId = "1" };

        private Issuer(WebApplication app) => _app = app;

        public Uri Address => new(_app.Urls.Single());

        public static async Task<Issuer> Start()
        {
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var issuer = new Issuer(app);
            var key = issuer._key.Rsa.ExportParameters(includePrivateParameters: false);
            app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = issuer.Name, jwks_uri = $"{issuer.Name}/keys" }));
            app.MapGet("/keys", () => Results.Json(new
            {
                keys = new[] { new { kty = "RSA", use = "sig", kid = issuer._key.KeyId, n = Base64UrlEncoder.Encode(key.Modulus), e = Base64UrlEncoder.Encode(key.Exponent) } },
            }));
            await app.StartAsync(Cancellation);
            return issuer;
        }

        private string Name => Address.GetLeftPart(UriPartial.Authority);

        public string Token(string? role, string[] accounts, SecurityKey? key = null, string audience = Audience, DateTime? expires = null, DateTime? notBefore = null)
        {
            var signing = key ?? _key;
            var claims = new Dictionary<string, object> { ["sub"] = "someone" };
            if (role is not null)
            {
                claims["role"] = role;
            }

            if (accounts.Length > 0)
            {
                claims["accounts"] = accounts;
            }

            return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
            {
                Issuer = Name,
                Audience = audience,
                IssuedAt = DateTime.UtcNow.AddMinutes(-10),
                NotBefore = notBefore ?? DateTime.UtcNow.AddMinutes(-10),
                Expires = expires ?? DateTime.UtcNow.AddMinutes(10),
                Claims = claims,
                SigningCredentials = new SigningCredentials(signing, signing is SymmetricSecurityKey ? SecurityAlgorithms.HmacSha256 : SecurityAlgorithms.RsaSha256),
            });
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
