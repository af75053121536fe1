using System.Net;
using Metering.Contracts.Settings;
using Metering.Gateway.Security;
using Metering.Silo;
using Metering.Silo.Ledger;

namespace Metering.Standalone;

/// <summary>Where the ledger of one process is.</summary>
public enum LedgerPlace
{
    /// <summary>Nowhere: entries are gone when the journal is trimmed.</summary>
    Off = 0,

    /// <summary><c>ledger</c> in the data directory.</summary>
    Folder = 1,
}

/// <summary>What can be set, as <c>Metering__Name</c> in the environment or <c>Metering:Name</c> elsewhere. Unknown names and bad values stop the start.</summary>
public sealed record StandaloneSettings
{
    /// <summary>The journal is on this disk: an hour at a rate that the ledger cannot follow.</summary>
    private const long MaxBacklogBytes = 64L << 30;

    /// <summary>One partition has all that a cluster's many share: with less, each account would write a snapshot every second at the peak. A restart reads half of it at most, some seconds.</summary>
    private const long DefaultTailBytes = 1L << 30;

    /// <summary>Where everything is kept; created when it is not there.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where it listens.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>Who is let in.</summary>
    public required AccessSettings Access { get; init; }

    /// <summary>The certificate.</summary>
    public required TlsSettings Tls { get; init; }

    /// <summary>Whether the dashboard of Orleans is served.</summary>
    public required bool Dashboard { get; init; }

    /// <summary>TCP port of HTTP; 0 takes a free one.</summary>
    public required int HttpPort { get; init; }

    /// <summary>TCP port of gRPC, without TLS (h2c); 0 takes a free one.</summary>
    public required int GrpcPort { get; init; }

    /// <summary>Whether, and where, every entry is kept for good.</summary>
    public required LedgerPlace Ledger { get; init; }

    /// <summary>How entries come to it.</summary>
    public required LedgerSettings Archiving { get; init; }

    /// <summary>What accounts keep.</summary>
    public required KeepingSettings Keeping { get; init; }

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">A name is unknown, or a value is not in its range.</exception>
    public static StandaloneSettings From(IConfiguration configuration)
    {
        var section = SettingsSection.Of(configuration, typeof(StandaloneSettings), typeof(AccessSettings), typeof(TlsSettings), typeof(KeepingSettings), typeof(LedgerSettings));
        var address = section.OptionalAddress(nameof(Address)) ?? IPAddress.Loopback;
        return new StandaloneSettings
        {
            Address = address,
            Access = new AccessSettings(section, address),
            Tls = new TlsSettings(section),
            Dashboard = section.Flag(nameof(Dashboard), otherwise: false),
            DataDirectory = section.Text(nameof(DataDirectory), "./data"),
            HttpPort = section.Port(nameof(HttpPort), 8080, mayBeAnyFree: true),
            GrpcPort = section.Port(nameof(GrpcPort), 8081, mayBeAnyFree: true),
            Ledger = section.Choice(nameof(Ledger), LedgerPlace.Off),
            Archiving = new LedgerSettings(section, MaxBacklogBytes),
            Keeping = new KeepingSettings(section, DefaultTailBytes),
        };
    }
}
