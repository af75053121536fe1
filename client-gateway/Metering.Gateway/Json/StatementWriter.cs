using System.Text.Json;
using Metering.Gateway.Routing;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>A month's statement.</summary>
internal static class StatementWriter
{
    public static void Write(Utf8JsonWriter json, Statement statement)
    {
        json.WriteStartObject();
        json.WriteString("account"u8, statement.Account);
        json.WriteString("displayName"u8, statement.DisplayName);
        json.WriteInstant("from"u8, statement.From);
        json.WriteInstant("to"u8, statement.To);
        json.WriteBoolean("running"u8, statement.IsRunning);
        json.WriteString("detail"u8, WireNames.Of(statement.Detail));
        json.WriteAmountIfAny("openingBalance"u8, statement.Opening);
        json.WriteStartArray("grants"u8);
        foreach (var line in statement.Grants)
        {
            json.WriteStartObject();
            json.WriteNumber("sequence"u8, line.Sequence);
            json.WriteInstant("at"u8, line.At);
            json.WriteString("kind"u8, WireNames.Of(line.Kind));
            json.WriteString("id"u8, line.Subject);
            json.WriteAmountIfAny("credits"u8, line.Credits);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("usage"u8);
        foreach (var row in statement.Usage)
        {
            json.WriteStartObject();
            json.WriteString("meter"u8, row.Groups[0]);
            json.WriteAmount("quantity"u8, row.Quantity);
            json.WriteAmount("credits"u8, row.Credits);
            json.WriteNumber("lines"u8, row.Lines);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteAmountIfAny("closingBalance"u8, statement.Closing);
        json.WriteTextsIfAny("damaged"u8, statement.Damaged);
        json.WriteEndObject();
    }
}
