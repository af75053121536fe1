using System.Net;
using Metering.Contracts.Settings;

namespace Metering.Gateway.Security;

/// <summary>Who is let in: settings of every process with a gateway. (No record: those print their members, and one is secret.)</summary>
public sealed class AccessSettings
{
    internal const int MinAdminKeyLength = 32;
    internal const int MaxAdminKeyLength = 256;

    private readonly JwtOptions? _jwt;

    /// <param name="section">The settings.</param>
    /// <param name="address">Where the process listens.</param>
    /// <exception cref="SettingsException">A value cannot be used, or it would let in everyone who reaches another address than this machine's own.</exception>
    public AccessSettings(SettingsSection section, IPAddress address)
    {
        AdminKey = section.OptionalText(nameof(AdminKey));
        if (AdminKey is { } key && (key.Length is < MinAdminKeyLength or > MaxAdminKeyLength || key.Any(static letter => letter is <= ' ' or > '~')))
        {
            throw new SettingsException($"{SettingsSection.Name(nameof(AdminKey))} must be {MinAdminKeyLength} to {MaxAdminKeyLength} visible characters without spaces, all of them random.");
        }

        JwtAuthority = section.OptionalText(nameof(JwtAuthority));
        JwtAudience = section.OptionalText(nameof(JwtAudience));
        JwtRoleClaim = section.Text(nameof(JwtRoleClaim), "metering_role");
        JwtAccountsClaim = section.OptionalText(nameof(JwtAccountsClaim));
        _jwt = ReadJwt();
        Access = section.Choice(nameof(Access), AdminKey is null && JwtAuthority is null ? Security.Access.Open : Security.Access.Keys);
        MaxKeysAge = section.Time(nameof(MaxKeysAge), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10));
        MetricsPort = section.Port(nameof(MetricsPort), 0, mayBeAnyFree: true);
        TrustedProxies = Security.TrustedProxies.Parse(section, nameof(TrustedProxies));
        if (Access == Security.Access.Open && (AdminKey ?? JwtAuthority) is not null)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(Access))} is Open, and {SettingsSection.Name(AdminKey is null ? nameof(JwtAuthority) : nameof(AdminKey))} is set; it would mean nothing.");
        }

        if (Access == Security.Access.Open && !IPAddress.IsLoopback(address))
        {
            throw new SettingsException(
                $"{SettingsSection.Name("Address")} is {address}, where others would be let in without a key; set {SettingsSection.Name(nameof(AdminKey))} to a long random text, or {SettingsSection.Name(nameof(Access))} to Keys to have a first key printed.");
        }

        if (Access == Security.Access.Open && TrustedProxies.Count > 0)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(TrustedProxies))} is set, and whoever comes through them would be let in without a key; set {SettingsSection.Name(nameof(AdminKey))}, or {SettingsSection.Name(nameof(Access))} to Keys.");
        }
    }

    /// <summary>Who is let in. When not said: <see cref="Security.Access.Keys"/> with an <see cref="AdminKey"/>, otherwise <see cref="Security.Access.Open"/>.</summary>
    public Access Access { get; }

    /// <summary>A key for everything. Secret: never log it.</summary>
    public string? AdminKey { get; }

    /// <summary>The address of an OpenID Connect issuer; null for none.</summary>
    public string? JwtAuthority { get; }

    /// <summary>What its tokens must be made for.</summary>
    public string? JwtAudience { get; }

    /// <summary>The claim that names a caller's role.</summary>
    public string JwtRoleClaim { get; }

    /// <summary>The claim that names a caller's accounts; null when tokens are for all.</summary>
    public string? JwtAccountsClaim { get; }

    /// <summary>How long keys are believed that could not be read anew.</summary>
    public TimeSpan MaxKeysAge { get; }

    /// <summary>A port for metrics alone, without keys; 0 for none.</summary>
    public int MetricsPort { get; }

    /// <summary>Proxies whose <c>X-Forwarded-For</c> is believed; empty for none.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; }

    /// <summary>As a gateway takes them.</summary>
    public AccessOptions ToOptions() => new() { Access = Access, AdminKey = AdminKey, MaxKeysAge = MaxKeysAge, MetricsPort = MetricsPort, TrustedProxies = TrustedProxies, Jwt = _jwt };

    private JwtOptions? ReadJwt()
    {
        if (JwtAuthority is null)
        {
            return null;
        }

        if (!Uri.TryCreate(JwtAuthority, UriKind.Absolute, out var authority) || !(authority.Scheme == Uri.UriSchemeHttps || (authority.Scheme == Uri.UriSchemeHttp && authority.IsLoopback)))
        {
            throw new SettingsException($"{SettingsSection.Name(nameof(JwtAuthority))} is '{JwtAuthority}'; it must be an https address, or http on this machine.");
        }

        var audience = JwtAudience ?? throw new SettingsException($"{SettingsSection.Name(nameof(JwtAudience))} is missing; set it to what tokens for this service are made for.");
        return new JwtOptions { Authority = authority, Audience = audience, RoleClaim = JwtRoleClaim, AccountsClaim = JwtAccountsClaim };
    }
}
