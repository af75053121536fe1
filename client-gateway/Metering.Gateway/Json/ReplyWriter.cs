using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>How values are written: amounts as strings in plain notation, times in UTC, codes by name.</summary>
internal static class ReplyWriter
{
    public static void WriteAmount(this Utf8JsonWriter json, ReadOnlySpan<byte> name, decimal amount)
    {
        Span<byte> text = stackalloc byte[DecimalText.MaxLength];
        json.WriteString(name, text[..DecimalText.Format(amount, text)]);
    }

    public static void WriteAmountIfAny(this Utf8JsonWriter json, ReadOnlySpan<byte> name, decimal? amount)
    {
        if (amount is { } value)
        {
            json.WriteAmount(name, value);
        }
    }

    public static void WriteInstant(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset instant) =>
        json.WriteString(name, InstantText.Format(instant));

    public static void WriteInstantIfAny(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? instant)
    {
        if (instant is { } value)
        {
            json.WriteInstant(name, value);
        }
    }

    public static void WritePairs(this Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyDictionary<string, string> pairs)
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in pairs)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    public static void WritePairsIfAny(this Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyDictionary<string, string> pairs)
    {
        if (pairs.Count > 0)
        {
            json.WritePairs(name, pairs);
        }
    }

    public static void WriteTextsIfAny(this Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        if (texts.Count > 0)
        {
            json.WriteTexts(name, texts);
        }
    }

    public static void WriteTexts(this Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    public static void WriteViolationsIfAny(this Utf8JsonWriter json, IReadOnlyList<Code> violations)
    {
        if (violations.Count == 0)
        {
            return;
        }

        json.WriteStartArray("violations"u8);
        foreach (var violation in violations)
        {
            json.WriteStringValue(WireNames.Of(violation));
        }

        json.WriteEndArray();
    }

    public static void WriteCrossedIfAny(this Utf8JsonWriter json, IReadOnlyList<CrossedThreshold> crossed)
    {
        if (crossed.Count == 0)
        {
            return;
        }

        json.WriteStartArray("crossed"u8);
        foreach (var threshold in crossed)
        {
            json.WriteStartObject();
            json.WriteString("budget"u8, threshold.Budget);
            json.WriteNumber("threshold"u8, threshold.Threshold);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteByGrant(this Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<GrantBurn> burns)
    {
        json.WriteStartArray(name);
        foreach (var burn in burns)
        {
            json.WriteStartObject();
            json.WriteString("grant"u8, burn.Grant);
            json.WriteAmount("credits"u8, burn.Credits);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
