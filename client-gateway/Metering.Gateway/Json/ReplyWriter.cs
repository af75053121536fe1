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
        if (texts.Count == 0)
        {
            return;
        }

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
}
