using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>A key that is asked for.</summary>
internal sealed record KeyDraft
{
    public string Name { get; init; } = "";
    public Role? Role { get; init; }
    public IReadOnlyList<string> Accounts { get; init; } = [];
    public IReadOnlyList<string> Meters { get; init; } = [];
    public DateTimeOffset? ExpiresAt { get; init; }
    public int? RequestsPerSecond { get; init; }
    public int? ChargesPerSecond { get; init; }
}

internal static class KeyReader
{
    private static readonly FieldNames Fields = new("name", "role", "accounts", "meters", "expiresAt", "requestsPerSecond", "chargesPerSecond");
    private static readonly FieldNames RotationFields = new("overlapSeconds");
    private static readonly FieldNames TokenFields = new("ttlSeconds");

    public static KeyDraft? Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var draft = new KeyDraft();
        var seen = 0u;
        while (json.NextField(Fields, ref seen, out var field))
        {
            draft = field switch
            {
                0 => draft with { Name = json.Text("name") ?? "" },
                1 => draft with { Role = json.Choice(WireNames.Roles, "role") },
                2 => draft with { Accounts = json.Texts("accounts", ApiKey.MaxPatterns) ?? [] },
                3 => draft with { Meters = json.Texts("meters", ApiKey.MaxPatterns) ?? [] },
                4 => draft with { ExpiresAt = json.Instant("expiresAt") },
                5 => draft with { RequestsPerSecond = json.WholeNumber("requestsPerSecond") },
                _ => draft with { ChargesPerSecond = json.WholeNumber("chargesPerSecond") },
            };
        }

        KeyRules.Check(draft, json.Faults);
        return draft;
    }

    /// <summary>How long the secrets before go on, in seconds.</summary>
    public static int? ReadRotation(ref JsonCursor json) => ReadSeconds(ref json, RotationFields, "overlapSeconds", KeyRules.DefaultOverlapSeconds, 0, KeyRules.MaxOverlapSeconds);

    /// <summary>How long a token lives, in seconds.</summary>
    public static int? ReadToken(ref JsonCursor json) => ReadSeconds(ref json, TokenFields, "ttlSeconds", KeyRules.DefaultTokenSeconds, 1, KeyRules.MaxTokenSeconds);

    private static int? ReadSeconds(ref JsonCursor json, FieldNames fields, string name, int otherwise, int least, int most)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var seconds = otherwise;
        var seen = 0u;
        while (json.NextField(fields, ref seen, out _))
        {
            seconds = json.WholeNumber(name) ?? otherwise;
        }

        Shape.WholeNumber(json.Faults, name, seconds, least, most);
        return seconds;
    }
}
