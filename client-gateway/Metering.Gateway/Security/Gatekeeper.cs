using System.Security.Cryptography;
using System.Text;
using Metering.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Metering.Gateway.Security;

/// <summary>Finds out who calls, from the <c>Authorization</c> header and this gateway's memory alone.</summary>
/// <remarks>A key is hashed for every request rather than found in a cache of headers: the hash takes less than a microsecond, and no copy of a key stays behind in memory.</remarks>
internal sealed class Gatekeeper(KnownKeys keys, JwtCallers jwt, IOptions<GatewayOptions> options, TimeProvider time)
{
    // The same for a missing, a wrong, an expired and a revoked key.
    public static readonly Refusal Unauthenticated = new()
    {
        Code = Code.Unauthenticated,
        Detail = "A valid key or token is needed, as in: Authorization: Bearer mk_…",
    };

    private const string Scheme = "Bearer ";
    private const string BasicScheme = "Basic ";

    /// <summary>A customer token of the longest account, and more than any key.</summary>
    private const int MaxCredentialLength = 512;

    private const int MaxJwtLength = 8_192;

    /// <summary>The longest of these and a user name, in base 64.</summary>
    private const int MaxBasicLength = 12_288;
    private const int DotsOfJwt = 2;

    private static readonly Caller HolderOfAdminKey = new() { Name = Caller.BySetting, Role = Role.Admin };

    private readonly bool _isOpen = options.Value.Access.Access == Access.Open;
    private readonly byte[]? _adminKeySha256 = options.Value.Access.AdminKey is { } key ? KeyText.Hash(key) : null;

    /// <summary>Who sent a request, noted there for <see cref="Caller.Of"/>; or why they are not let in. It counts as one request of the caller's.</summary>
    public async ValueTask<Answer<Caller>> Admit(HttpContext context, AccessRule rule)
    {
        var answer = await Identify(context.Request.Headers.Authorization, rule.IsForBrowsers);
        if (answer.Reply is not { } caller)
        {
            return answer;
        }

        if (!caller.Meets(rule))
        {
            return Caller.Forbidden;
        }

        if (caller.Rate?.TakeRequest() is { } tooOften)
        {
            return tooOften;
        }

        context.Features.Set(caller);
        return caller;
    }

    /// <summary>The same caller as they are now, or why they are let in no longer: for streams and watches, which live longer than a key may.</summary>
    public ValueTask<Answer<Caller>> Renew(HttpContext context)
    {
        var caller = Caller.Of(context);
        return IsUnchanged(caller) ? new ValueTask<Answer<Caller>>(caller) : Identify(context.Request.Headers.Authorization, mayBeBasic: false);
    }

    private bool IsUnchanged(Caller caller) =>
        !(caller.ExpiresAt <= time.GetUtcNow()) && (caller.Among is null || ReferenceEquals(keys.Current.Reply, caller.Among));

    private ValueTask<Answer<Caller>> Identify(StringValues authorization, bool mayBeBasic)
    {
        if (_isOpen)
        {
            var known = keys.Current;
            if (known.Reply is not { } ring)
            {
                return new(known.Refusal!);
            }

            if (!ring.View.HasHadKeys)
            {
                return new(ring.Anyone);
            }
        }

        return authorization is not [{ } header] ? new(Unauthenticated)
            : header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? Find(header[Scheme.Length..])
            : mayBeBasic && TryReadPassword(header, out var password) ? Find(password)
            : new(Unauthenticated);
    }

    /// <summary>The password of HTTP's Basic scheme (RFC 7617).</summary>
    private static bool TryReadPassword(string header, out string password)
    {
        password = "";
        if (!header.StartsWith(BasicScheme, StringComparison.OrdinalIgnoreCase) || header.Length > MaxBasicLength)
        {
            return false;
        }

        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[BasicScheme.Length..], bytes, out var length))
        {
            return false;
        }

        var both = Encoding.UTF8.GetString(bytes.AsSpan(..length));
        var end = both.IndexOf(':', StringComparison.Ordinal);
        password = both[(end + 1)..];
        return end >= 0;
    }

    private ValueTask<Answer<Caller>> Find(string credential)
    {
        if (jwt.AreTaken && credential.Length <= MaxJwtLength && credential.AsSpan().Count('.') == DotsOfJwt)
        {
            return jwt.Find(credential);
        }

        if (credential.Length is 0 or > MaxCredentialLength)
        {
            return new(Unauthenticated);
        }

        Span<byte> sha256 = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(MaxCredentialLength)];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(credential, bytes)], sha256);
        if (_adminKeySha256 is { } admin && CryptographicOperations.FixedTimeEquals(admin, sha256))
        {
            return new(HolderOfAdminKey);
        }

        var isToken = credential.StartsWith(CustomerTokens.Prefix, StringComparison.Ordinal);
        if (!KeyText.TryReadId(credential, out var id) && !isToken)
        {
            return new(Unauthenticated);
        }

        var known = keys.Current;
        if (known.Reply is not { } ring)
        {
            return new(known.Refusal!);
        }

        var now = time.GetUtcNow();
        return new((isToken ? CustomerTokens.Find(ring, credential, now) : ring.Find(id, sha256, now)) is { } caller ? caller : Unauthenticated);
    }
}
