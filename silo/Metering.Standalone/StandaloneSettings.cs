using System.Globalization;
using Metering.Contracts;

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
        var section = configuration.GetSection("Metering");
        var known = typeof(StandaloneSettings).GetProperties().Select(property => property.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (!known.Contains(child.Key))
            {
                throw new SettingsException($"Metering__{child.Key} is not a setting. Settings: {string.Join(", ", known.Order().Select(name => $"Metering__{name}"))}.");
            }
        }

        var defaults = new StandaloneSettings();
        return new StandaloneSettings
        {
            DataDirectory = section[nameof(DataDirectory)] is { Length: > 0 } directory ? directory : defaults.DataDirectory,
            HttpPort = Number(section, nameof(HttpPort), defaults.HttpPort, 0, ushort.MaxValue),
            GrpcPort = Number(section, nameof(GrpcPort), defaults.GrpcPort, 0, ushort.MaxValue),
            Durability = Choice(section, nameof(Durability), defaults.Durability),
            PeriodicInterval = Time(section, nameof(PeriodicInterval), defaults.PeriodicInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)),
            IdWindow = Time(section, nameof(IdWindow), defaults.IdWindow, TimeSpan.FromMinutes(1), TimeSpan.FromDays(90)),
            MaxIds = Number(section, nameof(MaxIds), defaults.MaxIds, 1, 1_000_000),
            MaxTailBytes = Number(section, nameof(MaxTailBytes), defaults.MaxTailBytes, 16L << 20, 64L << 30),
            CheckpointInterval = Time(section, nameof(CheckpointInterval), defaults.CheckpointInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        };
    }

    private static int Number(IConfigurationSection section, string name, int otherwise, int least, int most) =>
        (int)Number(section, name, (long)otherwise, least, most);

    private static long Number(IConfigurationSection section, string name, long otherwise, long least, long most)
    {
        if (section[name] is not { } text)
        {
            return otherwise;
        }

        return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new SettingsException($"Metering__{name} is '{text}'; it must be a whole number from {least} to {most}.");
    }

    private static TimeSpan Time(IConfigurationSection section, string name, TimeSpan otherwise, TimeSpan least, TimeSpan most)
    {
        if (section[name] is not { } text)
        {
            return otherwise;
        }

        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time >= least && time <= most
            ? time
            : throw new SettingsException($"Metering__{name} is '{text}'; it must be a time as [d.]hh:mm:ss[.fff] from {least} to {most}.");
    }

    private static TEnum Choice<TEnum>(IConfigurationSection section, string name, TEnum otherwise)
        where TEnum : struct, Enum
    {
        if (section[name] is not { } text)
        {
            return otherwise;
        }

        return Enum.GetNames<TEnum>().Contains(text, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<TEnum>(text, ignoreCase: true)
            : throw new SettingsException($"Metering__{name} is '{text}'; it must be one of {string.Join(", ", Enum.GetNames<TEnum>())}.");
    }
}

/// <summary>A setting cannot be used; the message is one line that names it.</summary>
public sealed class SettingsException(string message) : Exception(message);
