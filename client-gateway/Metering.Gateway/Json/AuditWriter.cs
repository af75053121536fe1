using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Http;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Entries of the audit log.</summary>
internal static class AuditWriter
{
    private static readonly JsonWriterOptions LineOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(Utf8JsonWriter json, AuditPage page)
    {
        json.WriteStartObject();
        json.WriteStartArray("entries"u8);
        foreach (var entry in page.Entries)
        {
            Write(json, entry);
        }

        json.WriteEndArray();
        if (page.Next is { } next)
        {
            json.WriteString("cursor"u8, AuditCursor.At(next));
        }

        if (page.Damaged.Count > 0)
        {
            json.WriteStartArray("damaged"u8);
            foreach (var chunk in page.Damaged)
            {
                json.WriteNumberValue(chunk);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, AuditCheck check)
    {
        json.WriteStartObject();
        json.WriteBoolean("holds"u8, check.Break is null);
        json.WriteNumber("first"u8, check.First);
        json.WriteNumber("last"u8, check.Last);
        json.WriteString("hash"u8, Convert.ToHexStringLower(check.Hash));
        if (check.Break is { } found)
        {
            json.WriteStartObject("break"u8);
            json.WriteNumber("number"u8, found.Number);
            json.WriteString("reason"u8, WireNames.Of(found.Reason));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Each entry on a line of its own.</summary>
    public static string Lines(IReadOnlyList<AuditEntry> entries)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, LineOptions);
        foreach (var entry in entries)
        {
            json.Reset();
            Write(json, entry);
            json.Flush();
            buffer.Write("\n"u8);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, AuditEntry entry)
    {
        var intent = entry.Intent;
        json.WriteStartObject();
        json.WriteNumber("number"u8, entry.Number);
        json.WriteInstant("at"u8, entry.At);
        json.WriteInstant("askedAt"u8, entry.AskedAt);
        json.WriteString("actor"u8, intent.Actor);
        WriteIfAny(json, "actorName"u8, intent.ActorName);
        WriteIfAny(json, "address"u8, intent.Address);
        json.WriteString("operation"u8, WireNames.Of(intent.Operation));
        json.WriteString("resource"u8, intent.Resource);
        json.WriteString("outcome"u8, WireNames.Of(entry.Outcome));
        WriteIfAny(json, "refusal"u8, entry.Refusal is { } code ? WireNames.Of(code) : null);
        WriteDocument(json, "before"u8, intent.Before);
        WriteDocument(json, "requested"u8, intent.Requested);
        WriteDocument(json, "after"u8, entry.After);
        json.WriteEndObject();
    }

    private static void WriteDocument(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? document)
    {
        if (document is not null)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(document, skipInputValidation: true);
        }
    }

    private static void WriteIfAny(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }
}
