using System.Security.Cryptography;
using Metering.Contracts.Settings;

namespace Metering.Gateway.Security;

/// <summary>Whether, and with which certificate, a gateway speaks TLS.</summary>
public sealed class TlsSettings
{
    /// <exception cref="SettingsException">One file is named without the other, or they cannot be used.</exception>
    public TlsSettings(SettingsSection section)
    {
        TlsCertificateFile = section.OptionalText(nameof(TlsCertificateFile));
        TlsKeyFile = section.OptionalText(nameof(TlsKeyFile));
        if (TlsCertificateFile is null != TlsKeyFile is null)
        {
            throw new SettingsException($"{SettingsSection.Name(nameof(TlsCertificateFile))} and {SettingsSection.Name(nameof(TlsKeyFile))} go together; one of them is missing.");
        }

        if (ToOptions() is not { } options)
        {
            return;
        }

        try
        {
            ServerCertificate.Read(options);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new SettingsException($"{SettingsSection.Name(nameof(TlsCertificateFile))} '{TlsCertificateFile}' and {SettingsSection.Name(nameof(TlsKeyFile))} '{TlsKeyFile}' are no certificate and its key in PEM that this process can read.");
        }
    }

    /// <summary>PEM: the certificate, then those between it and its authority; null for no TLS.</summary>
    public string? TlsCertificateFile { get; }

    /// <summary>PEM: the private key.</summary>
    public string? TlsKeyFile { get; }

    /// <summary>As a gateway takes them; null for no TLS.</summary>
    public TlsOptions? ToOptions() => TlsCertificateFile is { } certificate ? new TlsOptions { CertificateFile = certificate, KeyFile = TlsKeyFile! } : null;
}
