using Metering.Contracts;
using Metering.Contracts.Settings;

namespace Metering.Standalone;

/// <summary>What can be set, as <c>Metering__Name</c> in the environment or <c>Metering:Name</c> elsewhere. Unknown names and bad values stop the start.</summary>
public sealed record StandaloneSettings
{
    /// <summary>Where everything is kept; created when it is not there.</summary>
    public string DataDirectory { get; init; } = "./data";

    /// <summary>TCP port of HTTP; 0 takes a free one.</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>TCP port of gRPC, without TLS (h2c); 0 takes a free one.</summary>
    public int GrpcPort { get; init; } = 8081;

    /// <summary><c>Journal</c>: no answer before it is durable. <c>Periodic</c>: answers do not wait; a crash loses at most <see cref="PeriodicInterval"/>.</summary>
    public Durability Durability { get; init; } = Durability.Journal;

    /// <summary>With <see cref="Durability.Periodic"/>: the most that a crash may lose.</summary>
    public TimeSpan PeriodicInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long ids are remembered, so that a retry gets the original answer.</summary>
    public TimeSpan IdWindow { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How many ids an account remembers at most.</summary>
    public int MaxIds { get; init; } = 10_000;

    /// <summary>Log that a restart may have to read, in bytes.</summary>
    public long MaxTailBytes { get; init; } = 256L << 20;

    /// <summary>How old the oldest entries without a snapshot may become.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">A name is unknown, or a value is not in its range.</exception>
    public static StandaloneSettings From(IConfiguration configuration)
    {
        var section = SettingsSection.Of(configuration, typeof(StandaloneSettings));
        var defaults = new StandaloneSettings();
        return new StandaloneSettings
        {
            DataDirectory = section.Text(nameof(DataDirectory), defaults.DataDirectory),
            HttpPort = section.Port(nameof(HttpPort), defaults.HttpPort, mayBeAnyFree: true),
            GrpcPort = section.Port(nameof(GrpcPort), defaults.GrpcPort, mayBeAnyFree: true),
            Durability = section.Choice(nameof(Durability), defaults.Durability),
            PeriodicInterval = section.Time(nameof(PeriodicInterval), defaults.PeriodicInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)),
            IdWindow = section.Time(nameof(IdWindow), defaults.IdWindow, TimeSpan.FromMinutes(1), TimeSpan.FromDays(90)),
            MaxIds = section.Number(nameof(MaxIds), defaults.MaxIds, 1, 1_000_000),
            MaxTailBytes = section.Number(nameof(MaxTailBytes), defaults.MaxTailBytes, 16L << 20, 64L << 30),
            CheckpointInterval = section.Time(nameof(CheckpointInterval), defaults.CheckpointInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        };
    }
}
