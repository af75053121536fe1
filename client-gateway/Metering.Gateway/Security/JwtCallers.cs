using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Metering.Contracts;
using Metering.Gateway.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Metering.Gateway.Security;

/// <summary>Callers with a JSON web token of an OpenID Connect issuer: its signature, issuer, audience and time are checked, and two claims say what the caller may do.</summary>
/// <remarks>
/// The issuer's keys are read over the network when they are first needed and now and then after; a token that was good is remembered by its hash, until it ends or for
/// <see cref="Remembered"/>, because checking a signature takes longer than a charge. So a token is refused at the latest that long after its issuer took its key back.
/// </remarks>
internal sealed class JwtCallers
{
    private const int MaxRemembered = 10_000;
    private const string Subject = "sub";

    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    /// <summary>Signatures that only the issuer can make; none that whoever knows a shared secret could, and never none at all.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private static readonly Refusal IssuerAway = new()
    {
        Code = Code.Unavailable,
        Detail = "The issuer of tokens does not answer, so no token can be checked.",
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    private readonly JwtOptions? _options;
    private readonly TimeProvider _time;
    private readonly ILogger<JwtCallers> _logger;
    private readonly ConcurrentDictionary<string, (Caller Caller, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ConfigurationManager<OpenIdConnectConfiguration>? _issuer;
    private readonly TokenValidationParameters? _parameters;

    public JwtCallers(IOptions<GatewayOptions> options, TimeProvider time, ILogger<JwtCallers> logger)
    {
        (_options, _time, _logger) = (options.Value.Access.Jwt, time, logger);
        if (_options is null)
        {
            return;
        }

        var address = new Uri(_options.Authority.AbsoluteUri.TrimEnd('/') + "/.well-known/openid-configuration");

        // An issuer on this machine, as in tests, needs no TLS; any other does.
        _issuer = new(address.AbsoluteUri, new OpenIdConnectConfigurationRetriever(), new HttpDocumentRetriever { RequireHttps = !address.IsLoopback });
        _parameters = new TokenValidationParameters
        {
            ConfigurationManager = _issuer,
            ValidAudience = _options.Audience,
            ValidAlgorithms = Algorithms,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            RequireAudience = true,
            ValidateIssuer = true,
            ValidateIssuerSigningKey = true,
            ClockSkew = ClockSkew,
            LifetimeValidator = IsInTime,
        };
    }

    /// <summary>Whether tokens of an issuer are taken at all.</summary>
    public bool AreTaken => _options is not null;

    /// <summary>Whose token it is, or why nobody is let in by it.</summary>
    public async ValueTask<Answer<Caller>> Find(string token)
    {
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        var now = _time.GetUtcNow();
        if (_known.TryGetValue(hash, out var known) && now < known.Until)
        {
            return known.Caller;
        }

        try
        {
            await _issuer!.GetConfigurationAsync(CancellationToken.None);
        }
        catch (InvalidOperationException exception)
        {
            _logger.IssuerAway(exception.Message);
            return IssuerAway;
        }

        var result = await _handler.ValidateTokenAsync(token, _parameters);
        if (!result.IsValid || CallerOf((JsonWebToken)result.SecurityToken) is not { } caller)
        {
            return Gatekeeper.Unauthenticated;
        }

        if (_known.Count >= MaxRemembered)
        {
            // Seldom, and the next request of each finds out again.
            _known.Clear();
        }

        _known[hash] = (caller, caller.ExpiresAt < now + Remembered ? caller.ExpiresAt.Value : now + Remembered);
        return caller;
    }

    private bool IsInTime(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return expires is { } end && now < end + ClockSkew && !(now < notBefore - ClockSkew);
    }

    /// <returns>Null when the token names no role.</returns>
    private Caller? CallerOf(JsonWebToken token)
    {
        var roles = token.Claims.Where(claim => claim.Type == _options!.RoleClaim).Select(static claim => claim.Value);
        var role = (Role?)null;
        foreach (var name in roles)
        {
            if (WireNames.Roles.TryParse(name, out var named) && !(named < role))
            {
                role = named;
            }
        }

        if (role is null)
        {
            return null;
        }

        return new Caller
        {
            Name = $"jwt:{(token.TryGetPayloadValue<string>(Subject, out var subject) ? subject : "")}",
            Role = role.Value,
            Accounts = _options!.AccountsClaim is { } claim ? AccountsOf(token, claim) : NamePatterns.All,
            ExpiresAt = new DateTimeOffset(token.ValidTo, TimeSpan.Zero) + ClockSkew,
        };
    }

    /// <summary>Where tokens are to name accounts, one that names none reaches none.</summary>
    private static NamePatterns AccountsOf(JsonWebToken token, string claim)
    {
        var patterns = token.Claims.Where(each => each.Type == claim).Select(static each => each.Value).Where(static pattern => pattern.Length > 0).Take(ApiKey.MaxPatterns).ToList();
        return patterns.Count == 0 ? NamePatterns.None : new NamePatterns(patterns);
    }
}
