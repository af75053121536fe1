using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Whether an account's chain holds, and if not, from where.</summary>
internal static class LedgerCheckWriter
{
    public static void Write(Utf8JsonWriter json, LedgerCheck check)
    {
        json.WriteStartObject();
        json.WriteBoolean("holds"u8, check.Break is null && check.Damaged.Count == 0);
        json.WriteNumber("rows"u8, check.Rows);
        json.WriteNumber("first"u8, check.First);
        json.WriteNumber("last"u8, check.Last);
        if (check.Break is { } found)
        {
            json.WriteStartObject("break"u8);
            json.WriteNumber("sequence"u8, found.Sequence);
            json.WriteNumber("line"u8, found.Line);
            json.WriteString("reason"u8, WireNames.Of(found.Reason));
            json.WriteEndObject();
        }

        json.WriteTextsIfAny("damaged"u8, check.Damaged);
        json.WriteEndObject();
    }
}
