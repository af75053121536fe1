using System.Net;
using System.Security.Cryptography;
using Metering.Contracts.Settings;
using Metering.Gateway.Security;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace Metering.Gateway;

/// <summary>What can be set for a gateway in a process of its own: <c>Metering__Name</c> in the environment, <c>Metering:Name</c> elsewhere. The README has the table.</summary>
internal sealed class GatewaySettings
{
    private GatewaySettings(SettingsSection section)
    {
        Cluster = new ClusterSettings(section);
        Membership = Parse(Cluster.Redis, Cluster.RedisCertificateAuthorityFile);
        Address = section.OptionalAddress(nameof(Address)) ?? IPAddress.Loopback;
        Access = new AccessSettings(section, Address);
        Tls = new TlsSettings(section);
        Dashboard = section.Flag(nameof(Dashboard), otherwise: false);
        HttpPort = section.Port(nameof(HttpPort), 8080, mayBeAnyFree: true);
        GrpcPort = section.Port(nameof(GrpcPort), 8081, mayBeAnyFree: true);
        SiloTimeout = section.Time(nameof(SiloTimeout), TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        RequestTimeout = section.Time(nameof(RequestTimeout), TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(5));
        ShutdownTimeout = section.Time(nameof(ShutdownTimeout), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        if (RequestTimeout < SiloTimeout)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(RequestTimeout))} is {RequestTimeout:c}; it must be at least {SettingsSection.Name(nameof(SiloTimeout))}, {SiloTimeout:c}, or not even one attempt ends in it.");
        }

        if (HttpPort == GrpcPort && HttpPort != 0)
        {
            throw new SettingsException($"{SettingsSection.Name(nameof(GrpcPort))} is {GrpcPort}, as {SettingsSection.Name(nameof(HttpPort))} is; each needs a port of its own.");
        }
    }

    /// <summary>How it finds the silos.</summary>
    public ClusterSettings Cluster { get; }

    /// <summary>Where it listens.</summary>
    public IPAddress Address { get; }

    /// <summary>Who is let in.</summary>
    public AccessSettings Access { get; }

    /// <summary>The certificate.</summary>
    public TlsSettings Tls { get; }

    /// <summary>Whether it serves the dashboard of Orleans, if silos have it too.</summary>
    public bool Dashboard { get; }

    /// <summary>TCP port of HTTP; 0 takes a free one.</summary>
    public int HttpPort { get; }

    /// <summary>TCP port of gRPC, without TLS (h2c); 0 takes a free one.</summary>
    public int GrpcPort { get; }

    /// <summary>How long one attempt of a call to a silo may take.</summary>
    public TimeSpan SiloTimeout { get; }

    /// <summary>How long all attempts of a call may take.</summary>
    public TimeSpan RequestTimeout { get; }

    /// <summary>How long a stop may take to finish what was accepted.</summary>
    public TimeSpan ShutdownTimeout { get; }

    /// <summary>The Redis of <see cref="ClusterSettings.Redis"/>, understood. A field: it is no setting by itself.</summary>
    internal readonly ConfigurationOptions Membership;

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">A name is unknown, a value is missing, or one is not in its range.</exception>
    public static GatewaySettings From(IConfiguration configuration) =>
        new(SettingsSection.Of(configuration, typeof(GatewaySettings), typeof(ClusterSettings), typeof(AccessSettings), typeof(TlsSettings)));

    // What was wrong with it is not repeated: it may be a part of the password.
    private static ConfigurationOptions Parse(string redis, string? certificateAuthorityFile)
    {
        try
        {
            var options = ConfigurationOptions.Parse(redis);
            if (certificateAuthorityFile is not null)
            {
                options.TrustIssuer(certificateAuthorityFile);
            }

            return options.EndPoints.Count > 0 ? options : throw new ArgumentException("No endpoint.");
        }
        catch (CryptographicException)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(ClusterSettings.RedisCertificateAuthorityFile))} is '{certificateAuthorityFile}'; it must be a PEM file with a certificate that this process can read.");
        }
        catch (ArgumentException)
        {
            throw new SettingsException(
                $"{SettingsSection.Name(nameof(ClusterSettings.Redis))} is no connection string of StackExchange.Redis; write it as host:port[,host:port…][,password=…][,ssl=true].");
        }
    }
}
