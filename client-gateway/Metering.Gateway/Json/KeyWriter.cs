using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>A key together with its text, which is told once: in the answer that made it.</summary>
internal sealed record MadeKey(ApiKey Key, string Text);

/// <summary>A page of keys.</summary>
internal sealed record KeyPage(IReadOnlyList<ApiKey> Keys, string? Cursor);

internal static class KeyWriter
{
    public static void Write(Utf8JsonWriter json, ApiKey key)
    {
        json.WriteStartObject();
        WriteFields(json, key);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, MadeKey made)
    {
        json.WriteStartObject();
        WriteFields(json, made.Key);
        json.WriteString("key"u8, made.Text);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, KeyPage page)
    {
        json.WriteStartObject();
        json.WriteStartArray("keys"u8);
        foreach (var key in page.Keys)
        {
            Write(json, key);
        }

        json.WriteEndArray();
        if (page.Cursor is { } cursor)
        {
            json.WriteString("cursor"u8, cursor);
        }

        json.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter json, ApiKey key)
    {
        json.WriteString("id"u8, key.Id);
        json.WriteString("name"u8, key.Name);
        json.WriteString("role"u8, WireNames.Of(key.Role));
        json.WriteTextsIfAny("accounts"u8, key.Accounts);
        json.WriteTextsIfAny("meters"u8, key.Meters);
        if (key.RequestsPerSecond is { } requests)
        {
            json.WriteNumber("requestsPerSecond"u8, requests);
        }

        if (key.ChargesPerSecond is { } charges)
        {
            json.WriteNumber("chargesPerSecond"u8, charges);
        }

        json.WriteInstant("createdAt"u8, key.CreatedAt);
        json.WriteInstantIfAny("expiresAt"u8, key.ExpiresAt);
        json.WriteInstantIfAny("revokedAt"u8, key.RevokedAt);
        json.WriteInstantIfAny("formerUntil"u8, key.Secrets.Max(static secret => secret.ValidUntil));
    }
}
