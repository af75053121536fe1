using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace Metering.Contracts.Settings;

/// <summary>
/// Reads the settings of a process: <c>Metering__Name</c> in the environment, <c>Metering:Name</c> elsewhere. Whatever cannot be used ends in a
/// <see cref="SettingsException"/> of one line that names the setting; nothing is guessed, and no value that may hold a password is repeated.
/// </summary>
public sealed class SettingsSection
{
    private readonly IConfigurationSection _section;

    private SettingsSection(IConfigurationSection section) => _section = section;

    /// <summary>Opens the section for a process whose settings are the public properties of some types, and refuses names that none of them has.</summary>
    /// <param name="configuration">Where the settings come from.</param>
    /// <param name="settings">The types. A property whose type is itself among them holds settings and is none.</param>
    /// <exception cref="SettingsException">A name is unknown, or holds parts where one value belongs.</exception>
    public static SettingsSection Of(IConfiguration configuration, params Type[] settings)
    {
        var section = configuration.GetSection("Metering");
        var known = settings.SelectMany(type => type.GetProperties())
            .Where(property => !settings.Contains(property.PropertyType))
            .Select(property => property.Name)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (!known.Contains(child.Key))
            {
                throw new SettingsException($"{Name(child.Key)} is not a setting. Settings: {string.Join(", ", known.Order().Select(Name))}.");
            }

            if (child.GetChildren().Any())
            {
                throw new SettingsException($"{Name(child.Key)} must be one value; it has parts.");
            }
        }

        return new SettingsSection(section);
    }

    /// <summary>How a setting is named in messages: as in the environment, which is what most processes are configured by.</summary>
    public static string Name(string setting) => $"Metering__{setting}";

    /// <summary>A text, or null when it is absent or empty.</summary>
    public string? OptionalText(string name) => _section[name] is { Length: > 0 } text ? text : null;

    /// <summary>A text, or another when it is absent or empty.</summary>
    public string Text(string name, string otherwise) => OptionalText(name) ?? otherwise;

    /// <summary>A text that must be there.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="meaning">What it must be, to follow "set it to".</param>
    public string RequiredText(string name, string meaning) =>
        OptionalText(name) ?? throw new SettingsException($"{Name(name)} is missing; set it to {meaning}.");

    /// <summary>A name: 1 to 128 of <c>A-Z a-z 0-9 . _ -</c>, so that it can be part of a key anywhere.</summary>
    public string Identifier(string name, string otherwise)
    {
        var text = Text(name, otherwise);
        return text.Length <= 128 && text.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-')
            ? text
            : throw new SettingsException($"{Name(name)} is '{text}'; it must be 1 to 128 of A-Z a-z 0-9 . _ -");
    }

    public int Number(string name, int otherwise, int least, int most) => (int)Number(name, (long)otherwise, least, most);

    public long Number(string name, long otherwise, long least, long most)
    {
        if (_section[name] is not { } text)
        {
            return otherwise;
        }

        return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new SettingsException($"{Name(name)} is '{text}'; it must be a whole number from {least} to {most}.");
    }

    /// <summary>A TCP port; 0 where the process may take a free one.</summary>
    public int Port(string name, int otherwise, bool mayBeAnyFree) => Number(name, otherwise, mayBeAnyFree ? 0 : 1, ushort.MaxValue);

    public TimeSpan Time(string name, TimeSpan otherwise, TimeSpan least, TimeSpan most)
    {
        if (_section[name] is not { } text)
        {
            return otherwise;
        }

        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time >= least && time <= most
            ? time
            : throw new SettingsException($"{Name(name)} is '{text}'; it must be a time as [d.]hh:mm:ss[.fff] from {least} to {most}.");
    }

    public TEnum Choice<TEnum>(string name, TEnum otherwise)
        where TEnum : struct, Enum
    {
        if (_section[name] is not { } text)
        {
            return otherwise;
        }

        return Enum.GetNames<TEnum>().Contains(text, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<TEnum>(text, ignoreCase: true)
            : throw new SettingsException($"{Name(name)} is '{text}'; it must be one of {string.Join(", ", Enum.GetNames<TEnum>())}.");
    }

    public bool Flag(string name, bool otherwise)
    {
        if (_section[name] is not { } text)
        {
            return otherwise;
        }

        return bool.TryParse(text, out var flag) ? flag : throw new SettingsException($"{Name(name)} is '{text}'; it must be true or false.");
    }

    /// <summary>An IP address, or null when it is absent or empty.</summary>
    public IPAddress? OptionalAddress(string name)
    {
        if (OptionalText(name) is not { } text)
        {
            return null;
        }

        return IPAddress.TryParse(text, out var address) ? address : throw new SettingsException($"{Name(name)} is '{text}'; it must be an IP address.");
    }
}
