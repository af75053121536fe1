using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Usage by window and group.</summary>
internal static class UsageWriter
{
    public static void Write(Utf8JsonWriter json, UsageRequest request, UsageReply reply)
    {
        json.WriteStartObject();
        json.WriteInstant("from"u8, request.From);
        json.WriteInstant("to"u8, request.To);
        if (request.Window is { } window)
        {
            json.WriteString("window"u8, WireNames.Of(window));
        }

        json.WriteString("source"u8, WireNames.Of(reply.Source));
        json.WriteString("detail"u8, WireNames.Of(reply.Detail));
        json.WriteStartArray("rows"u8);
        foreach (var row in reply.Rows)
        {
            Write(json, request, row);
        }

        json.WriteEndArray();
        json.WriteTextsIfAny("damaged"u8, reply.Damaged);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, UsageRequest request, UsageRow row)
    {
        json.WriteStartObject();
        json.WriteInstant("from"u8, row.From);
        json.WriteInstant("to"u8, row.To);
        var hasDimensions = false;
        for (var i = 0; i < row.Groups.Count; i++)
        {
            switch (request.GroupBy[i].Kind)
            {
                case UsageGroupKind.Account:
                    json.WriteString("account"u8, row.Groups[i]);
                    break;
                case UsageGroupKind.Meter:
                    json.WriteString("meter"u8, row.Groups[i]);
                    break;
                case UsageGroupKind.Dimension:
                    hasDimensions = true;
                    break;
            }
        }

        if (hasDimensions)
        {
            WriteDimensions(json, request, row);
        }

        json.WriteAmount("quantity"u8, row.Quantity);
        json.WriteAmount("credits"u8, row.Credits);
        json.WriteNumber("lines"u8, row.Lines);
        json.WriteEndObject();
    }

    private static void WriteDimensions(Utf8JsonWriter json, UsageRequest request, UsageRow row)
    {
        json.WriteStartObject("dimensions"u8);
        for (var i = 0; i < row.Groups.Count; i++)
        {
            if (request.GroupBy[i].Kind == UsageGroupKind.Dimension)
            {
                // A line that does not have the dimension is told apart from one whose value is empty.
                json.WriteString(request.GroupBy[i].Dimension, row.Groups[i]);
            }
        }

        json.WriteEndObject();
    }
}
