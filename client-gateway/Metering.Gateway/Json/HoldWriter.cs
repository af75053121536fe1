using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Holds, what became of them, and reversals.</summary>
internal static class HoldWriter
{
    public static void Write(Utf8JsonWriter json, HoldReply reply)
    {
        json.WriteStartObject();
        json.WriteString("hold"u8, reply.Hold);
        json.WriteString("outcome"u8, "held"u8);
        json.WriteAmount("credits"u8, reply.Credits);
        json.WriteInstant("expiresAt"u8, reply.ExpiresAt);
        json.WriteAmount("balance"u8, reply.Balance);
        json.WriteAmount("available"u8, reply.Available);
        json.WriteNumber("sequence"u8, reply.Sequence);
        json.WriteBoolean("replayed"u8, reply.Replayed);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, SettleReply reply)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, reply.Id);
        json.WriteString("hold"u8, reply.Hold);
        json.WriteString("outcome"u8, WireNames.Of(reply.Outcome));
        json.WriteAmount("credits"u8, reply.Credits);
        json.WriteAmount("released"u8, reply.Released);
        json.WriteAmount("balance"u8, reply.Balance);
        json.WriteAmount("available"u8, reply.Available);
        json.WriteNumber("sequence"u8, reply.Sequence);
        json.WriteBoolean("replayed"u8, reply.Replayed);
        json.WriteViolationsIfAny(reply.Violations);
        json.WriteCrossedIfAny(reply.Crossed);
        if (reply.Explanation is { } explanation)
        {
            ChargeWriter.WriteExplanation(json, explanation, reply.Burned ?? []);
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, ReversalReply reply)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, reply.Id);
        json.WriteString("charge"u8, reply.Charge);
        json.WriteString("outcome"u8, "reversed"u8);
        json.WriteAmount("credits"u8, reply.Credits);
        json.WriteAmount("balance"u8, reply.Balance);
        json.WriteAmount("available"u8, reply.Available);
        json.WriteNumber("sequence"u8, reply.Sequence);
        json.WriteBoolean("replayed"u8, reply.Replayed);
        json.WriteByGrant("returned"u8, reply.Returned);
        json.WriteEndObject();
    }

    /// <summary>An account's open holds.</summary>
    public static void WriteList(Utf8JsonWriter json, IReadOnlyList<HoldView> holds)
    {
        json.WriteStartArray("holds"u8);
        foreach (var hold in holds)
        {
            json.WriteStartObject();
            json.WriteString("hold"u8, hold.Hold);
            json.WriteAmount("credits"u8, hold.Credits);
            json.WriteAmount("settled"u8, hold.Settled);
            if (hold.Meter is { } meter)
            {
                json.WriteString("meter"u8, meter);
            }

            json.WritePairsIfAny("dimensions"u8, hold.Dimensions);
            json.WriteInstant("placedAt"u8, hold.PlacedAt);
            json.WriteInstant("expiresAt"u8, hold.ExpiresAt);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
