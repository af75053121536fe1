using System.Net;
using Metering.Contracts.Settings;

namespace Metering.Gateway.Security;

/// <summary>Who is let in: settings of every process with a gateway. (No record: those print their members, and one is secret.)</summary>
public sealed class AccessSettings
{
    internal const int MinAdminKeyLength = 32;
    internal const int MaxAdminKeyLength = 256;

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

        Access = section.Choice(nameof(Access), AdminKey is null ? Security.Access.Open : Security.Access.Keys);
        MaxKeysAge = section.Time(nameof(MaxKeysAge), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10));
        MetricsPort = section.Port(nameof(MetricsPort), 0, mayBeAnyFree: true);
        if (Access == Security.Access.Open && AdminKey is not null)
        {
            throw new SettingsException($"{SettingsSection.Name(nameof(Access))} is Open, and {SettingsSection.Name(nameof(AdminKey))} is set; it would mean nothing.");
        }

        if (Access == Security.Access.Open && !IPAddress.IsLoopback(address))
        {
            throw new SettingsException(
                $"{SettingsSection.Name("Address")} is {address}, where others would be let in without a key; set {SettingsSection.Name(nameof(AdminKey))} to a long random text, or {SettingsSection.Name(nameof(Access))} to Keys to have a first key printed.");
        }
    }

    /// <summary>Who is let in. When not said: <see cref="Security.Access.Keys"/> with an <see cref="AdminKey"/>, otherwise <see cref="Security.Access.Open"/>.</summary>
    public Access Access { get; }

    /// <summary>A key for everything. Secret: never log it.</summary>
    public string? AdminKey { get; }

    /// <summary>How long keys are believed that could not be read anew.</summary>
    public TimeSpan MaxKeysAge { get; }

    /// <summary>A port for metrics alone, without keys; 0 for none.</summary>
    public int MetricsPort { get; }

    /// <summary>As a gateway takes them.</summary>
    public AccessOptions ToOptions() => new() { Access = Access, AdminKey = AdminKey, MaxKeysAge = MaxKeysAge, MetricsPort = MetricsPort };
}
