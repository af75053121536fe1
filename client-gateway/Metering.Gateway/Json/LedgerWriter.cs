using System.Text;
using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Http;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Pages of a ledger.</summary>
internal static class LedgerWriter
{
    public static void Write(Utf8JsonWriter json, LedgerPage page)
    {
        json.WriteStartObject();
        json.WriteStartArray("entries"u8);
        foreach (var line in page.Lines)
        {
            Write(json, line);
        }

        json.WriteEndArray();
        if (page.More)
        {
            json.WriteString("cursor"u8, LedgerCursor.After(page.Lines[^1]));
        }

        json.WriteString("detail"u8, WireNames.Of(page.Detail));

        json.WriteAmountIfAny("openingBalance"u8, page.OpeningBalance);
        json.WriteAmountIfAny("closingBalance"u8, page.ClosingBalance);
        json.WriteTextsIfAny("damaged"u8, page.Damaged);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LedgerLine line)
    {
        json.WriteStartObject();
        json.WriteNumber("sequence"u8, line.Sequence);
        if (line.Line > 0)
        {
            json.WriteNumber("line"u8, line.Line);
        }

        json.WriteInstant("at"u8, line.At);
        json.WriteInstantIfAny("time"u8, line.Time);
        json.WriteString("kind"u8, WireNames.Of(line.Kind));
        WriteIfAny(json, "id"u8, line.Subject);
        WriteIfAny(json, "meter"u8, line.Meter);
        json.WriteAmountIfAny("quantity"u8, line.Quantity);
        json.WriteAmountIfAny("credits"u8, line.Credits);
        json.WriteAmount("balance"u8, line.Balance);
        json.WriteAmount("available"u8, line.Available);
        WriteIfAny(json, "card"u8, line.Card);
        if (line.Version is { } version)
        {
            json.WriteNumber("version"u8, version);
        }

        WriteIfAny(json, "price"u8, line.Price);
        json.WritePairsIfAny("dimensions"u8, line.Dimensions);
        if (line.Tiers is { } tiers)
        {
            json.WritePropertyName("tiers"u8);
            json.WriteRawValue(Encoding.UTF8.GetBytes(tiers));
        }

        if (line.Burned.Count > 0)
        {
            json.WriteByGrant("burned"u8, line.Burned);
        }

        json.WriteAmountIfAny("overageAdded"u8, line.OverageAdded);
        json.WriteAmountIfAny("uncovered"u8, line.Uncovered);
        WriteIfAny(json, "mode"u8, line.Mode);
        WriteIfAny(json, "hold"u8, line.Hold);
        json.WriteAmountIfAny("held"u8, line.Held);
        WriteIfAny(json, "reverses"u8, line.Reverses);
        if (line.Lines is { } lines)
        {
            json.WriteNumber("firstSequence"u8, line.FirstSequence ?? line.Sequence);
            json.WriteNumber("lines"u8, lines);
        }

        json.WriteEndObject();
    }

    private static void WriteIfAny(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }
}
