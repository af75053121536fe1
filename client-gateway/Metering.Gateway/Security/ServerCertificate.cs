using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Security;

/// <summary>
/// The certificate that new connections get. The files are read again and again, and when what they hold has changed and fits together it is taken; connections that are open go on under the
/// former. What cannot be read, as a pair that is half replaced, is told once and left until it can.
/// </summary>
internal sealed class ServerCertificate(IOptions<GatewayOptions> gateway, TimeProvider time, ILogger<ServerCertificate> logger) : BackgroundService
{
    private readonly TlsOptions? _options = gateway.Value.Tls;
    private volatile Certificate? _current;

    /// <summary>For every new connection.</summary>
    public TlsHandshakeCallbackOptions Handshakes => new()
    {
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = (_current ??= Read(_options!)).Context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        }),
    };

    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">They are no certificate and its key.</exception>
    internal static Certificate Read(TlsOptions options)
    {
        var (pem, key) = (File.ReadAllText(options.CertificateFile), File.ReadAllText(options.KeyFile));
        var certificate = X509Certificate2.CreateFromPem(pem, key);
        var between = new X509Certificate2Collection();
        between.ImportFromPem(pem);
        between.RemoveAt(0);
        return new Certificate(pem, key, SslStreamCertificateContext.Create(certificate, between, offline: true));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options is null)
        {
            return;
        }

        using var timer = new PeriodicTimer(_options.ReloadPeriod, time);
        var isTold = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var read = Read(_options);
                isTold = false;
                if (_current is { } current && (read.Pem != current.Pem || read.Key != current.Key))
                {
                    _current = read;
                    logger.CertificateReplaced(read.Context.TargetCertificate.NotAfter);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
            {
                if (!isTold)
                {
                    isTold = true;
                    logger.CertificateNotRead(exception.Message);
                }
            }
        }
    }

    /// <summary>What the files hold, and what it is to TLS. (No record: those print their members, and one is secret.)</summary>
    internal sealed class Certificate(string pem, string key, SslStreamCertificateContext context)
    {
        public string Pem => pem;

        public string Key => key;

        public SslStreamCertificateContext Context => context;
    }
}
