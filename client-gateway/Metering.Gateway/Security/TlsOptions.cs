namespace Metering.Gateway.Security;

/// <summary>A certificate in files, which may be replaced while the process runs.</summary>
public sealed class TlsOptions
{
    /// <summary>PEM: the server's certificate, then those between it and its authority.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>PEM: its private key, without a password.</summary>
    public required string KeyFile { get; init; }

    /// <summary>How often the files are looked at.</summary>
    public TimeSpan ReloadPeriod { get; init; } = TimeSpan.FromSeconds(10);
}
