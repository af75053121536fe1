using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.TestServers;

/// <summary>A certificate for localhost, and the authority that signed it, made anew for each server.</summary>
public static class RedisCertificates
{
    public const string AuthorityFile = "authority.crt";
    public const string CertificateFile = "server.crt";
    public const string KeyFile = "server.key";

    public static void Write(string directory)
    {
        // From yesterday: clocks of containers are not always the same.
        var from = TimeProvider.System.GetUtcNow().AddDays(-1);
        var until = from.AddDays(30);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=Metering test authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        using var authority = authorityRequest.CreateSelfSigned(from, until);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, from, until, RandomNumberGenerator.GetBytes(8));

        File.WriteAllText(Path.Combine(directory, AuthorityFile), authority.ExportCertificatePem());
        File.WriteAllText(Path.Combine(directory, CertificateFile), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(directory, KeyFile), key.ExportPkcs8PrivateKeyPem());
    }
}
