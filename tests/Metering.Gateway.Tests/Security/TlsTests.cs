using System.Net;
using System.Net.Security;
using Grpc.Net.Client;
using Metering.Gateway.Security;
using Metering.Gateway.Tests.Hosting;
using Metering.TestServers;

namespace Metering.Gateway.Tests.Security;

/// <summary>Certificates in files, replaced under a running gateway.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-tls-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task New_connections_get_the_certificate_that_is_in_the_files_now()
    {
        RedisCertificates.Write(_directory.FullName);
        await using var gateway = await GatewayHost.Start(options => options.Tls = new TlsOptions
        {
            CertificateFile = File(RedisCertificates.CertificateFile),
            KeyFile = File(RedisCertificates.KeyFile),
            ReloadPeriod = TimeSpan.FromMilliseconds(50),
        });
        Assert.Equal(Uri.UriSchemeHttps, gateway.Http.BaseAddress!.Scheme);
        var first = await CertificateOf(gateway);
        Assert.Equal(first, await CertificateOf(gateway));

        RedisCertificates.Write(_directory.FullName);
        var second = first;
        while (second == first)
        {
            await Task.Delay(20, Cancellation);
            second = await CertificateOf(gateway);
        }

        // Half a pair is no certificate: the one before goes on.
        await System.IO.File.WriteAllTextAsync(File(RedisCertificates.KeyFile), "none", Cancellation);
        await Task.Delay(200, Cancellation);
        Assert.Equal(second, await CertificateOf(gateway));

        using var handler = Handler(static _ => { });
        using var channel = GrpcChannel.ForAddress(gateway.GrpcAddress, new GrpcChannelOptions { HttpHandler = handler });
        Assert.Equal("acme", (await new V1.Metering.MeteringClient(channel).GetAccountAsync(new V1.GetAccountRequest { Account = "acme" }, cancellationToken: Cancellation)).Account_);
    }

    [Fact]
    public async Task Pages_are_not_framed_nor_guessed()
    {
        await using var gateway = await GatewayHost.Start();

        var page = await gateway.Get("/docs/");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("frame-ancestors 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal(("DENY", "nosniff", "no-referrer"), (page.Headers.GetValues("X-Frame-Options").Single(), page.Headers.GetValues("X-Content-Type-Options").Single(), page.Headers.GetValues("Referrer-Policy").Single()));
    }

    private static SocketsHttpHandler Handler(Action<string> heard) => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                heard(certificate!.GetCertHashString());
                return certificate.Subject == "CN=localhost";
            },
        },
    };

    private static async Task<string> CertificateOf(GatewayHost gateway)
    {
        var hash = "";
        using var http = new HttpClient(Handler(heard => hash = heard)) { BaseAddress = gateway.Http.BaseAddress };
        using var response = await http.GetAsync("/healthz/live", Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return hash;
    }

    private string File(string name) => Path.Combine(_directory.FullName, name);
}
