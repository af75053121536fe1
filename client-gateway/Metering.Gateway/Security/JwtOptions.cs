namespace Metering.Gateway.Security;

/// <summary>An OpenID Connect issuer whose tokens are taken.</summary>
public sealed class JwtOptions
{
    /// <summary>Where it is; its keys are found from <c>/.well-known/openid-configuration</c> below. With https, unless it is on this machine.</summary>
    public required Uri Authority { get; init; }

    /// <summary>What its tokens must be made for.</summary>
    public required string Audience { get; init; }

    /// <summary>The claim that names a role, or several of which the highest counts. A token without is nobody's.</summary>
    public required string RoleClaim { get; init; }

    /// <summary>The claim with the accounts' names, or prefixes and <c>*</c>; a token without reaches none. Null when tokens are for all accounts.</summary>
    public string? AccountsClaim { get; init; }
}
