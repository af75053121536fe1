using System.Text.Json;
using Metering.Contracts;

namespace Metering.Gateway.Json;

/// <summary>What usage came to and would have come to.</summary>
internal static class SimulationWriter
{
    public static void Write(Utf8JsonWriter json, SimulationReply reply)
    {
        json.WriteStartObject();
        json.WriteStartArray("meters"u8);
        foreach (var meter in reply.Meters)
        {
            json.WriteStartObject();
            json.WriteString("meter"u8, meter.Meter);
            json.WriteAmount("quantity"u8, meter.Quantity);
            json.WriteAmountIfAny("unpriced"u8, meter.Unpriced == 0m ? null : meter.Unpriced);
            WriteCredits(json, meter.Credits, meter.Simulated);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("total"u8);
        WriteCredits(json, reply.Meters.Sum(static meter => meter.Credits), reply.Meters.Sum(static meter => meter.Simulated));
        json.WriteEndObject();
        json.WriteNumber("lines"u8, reply.Lines);
        json.WriteNumber("entries"u8, reply.Entries);
        json.WriteEndObject();
    }

    private static void WriteCredits(Utf8JsonWriter json, decimal credits, decimal simulated)
    {
        json.WriteAmount("credits"u8, credits);
        json.WriteAmount("simulated"u8, simulated);
        json.WriteAmount("difference"u8, simulated - credits);
    }
}
