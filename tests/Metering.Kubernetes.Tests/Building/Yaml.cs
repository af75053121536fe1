using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Metering.Kubernetes.Tests.Building;

/// <summary>YAML read as Kubernetes reads it: into JSON.</summary>
internal static class Yaml
{
    /// <summary>What YAML 1.1 and 1.2 take for different things when it is not in quotes.</summary>
    private static readonly HashSet<string> Ambiguous = new(["yes", "no", "on", "off", "y", "n"], StringComparer.OrdinalIgnoreCase);

    /// <summary>The documents of a file; empty ones are left out.</summary>
    /// <exception cref="FormatException">It is no YAML, a key is there twice, or a plain word means different things to different readers.</exception>
    internal static IReadOnlyList<JsonObject> Documents(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException failure)
        {
            throw new FormatException($"{failure.Start}: {failure.Message}", failure);
        }

        return [.. stream.Documents.Select(static document => Node(document.RootNode)).OfType<JsonObject>()];
    }

    private static JsonNode? Node(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(static child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, Node(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Node)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => Plain(plain.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new FormatException($"{node.Start}: what is this?"),
    };

    private static JsonValue? Plain(string text)
    {
        if (Ambiguous.Contains(text))
        {
            throw new FormatException($"'{text}' must be in quotes: some take it for true or false.");
        }

        return text switch
        {
            "" or "~" or "null" => null,
            "true" => JsonValue.Create(true),
            "false" => JsonValue.Create(false),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
            _ when char.IsAsciiDigit(text[0]) && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var fraction) => JsonValue.Create(fraction),
            _ => JsonValue.Create(text),
        };
    }
}
