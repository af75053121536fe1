using System.Net;

namespace Metering.Gateway.Security;

/// <summary>Who is let in.</summary>
public enum Access
{
    /// <summary>Anyone who reaches the address, which must be this machine's own, until the first key is made; from then on as <see cref="Keys"/>.</summary>
    Open = 0,

    /// <summary>Those with a key or a token.</summary>
    Keys = 1,
}

/// <summary>How a gateway knows its callers. (No record: those print their members, and one is secret.)</summary>
public sealed class AccessOptions
{
    public Access Access { get; set; }

    /// <summary>A key of this process' settings, for everything: the first, and the one that is left when all others are lost. 32 to 256 visible characters.</summary>
    public string? AdminKey { get; set; }

    /// <summary>How long keys are believed that could not be read anew; then callers with keys hear <c>unavailable</c>. So long a revoked key may live where silos cannot be reached.</summary>
    public TimeSpan MaxKeysAge { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A port for <c>/metrics</c> alone, where nobody is asked for a key; 0 for none.</summary>
    public int MetricsPort { get; set; }

    /// <summary>
    /// Proxies in front of the gateway: where a request came from is what they say in <c>X-Forwarded-For</c>, read from the right as far as they wrote it. Empty for none: that header is then not read.
    /// </summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; set; } = [];

    /// <summary>An issuer whose tokens are taken beside keys; null for none.</summary>
    public JwtOptions? Jwt { get; set; }

    /// <summary>Whether a first admin key is made and printed when there never was one, for nobody could call otherwise.</summary>
    internal bool MakesFirstKey => Access == Access.Keys && AdminKey is null && Jwt is null;
}
