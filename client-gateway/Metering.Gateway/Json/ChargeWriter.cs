using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Charges, read back or just made, and quotes.</summary>
internal static class ChargeWriter
{
    public static void Write(Utf8JsonWriter json, ChargeReply reply)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, reply.Id);
        json.WriteString("outcome"u8, "charged"u8);
        WriteCredits(json, reply.Credits, reply.Uncovered, reply.Balance, reply.Available);
        json.WriteNumber("sequence"u8, reply.Sequence);
        json.WriteBoolean("replayed"u8, reply.Replayed);
        json.WriteViolationsIfAny(reply.Violations);
        json.WriteCrossedIfAny(reply.Crossed);
        if (reply.Explanation is { } explanation)
        {
            WriteExplanation(json, explanation, reply.Burned ?? []);
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, ChargeView charge)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, charge.Id);
        json.WriteString("outcome"u8, "charged"u8);
        json.WriteInstant("at"u8, charge.At);
        json.WriteInstantIfAny("time"u8, charge.Time);
        json.WriteString("mode"u8, WireNames.Of(charge.Mode));
        if (charge.Hold is { } hold)
        {
            json.WriteString("hold"u8, hold);
        }

        json.WriteStartArray("lines"u8);
        foreach (var line in charge.Lines)
        {
            json.WriteStartObject();
            json.WriteString("meter"u8, line.Meter);
            json.WriteAmount("quantity"u8, line.Quantity);
            json.WritePairsIfAny("dimensions"u8, line.Dimensions);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteCredits(json, charge.Credits, charge.Uncovered, charge.Balance, charge.Available);
        json.WriteAmountIfAny("reversed"u8, charge.Reversed == 0m ? null : charge.Reversed);
        json.WriteNumber("sequence"u8, charge.Sequence);
        json.WriteViolationsIfAny(charge.Violations);
        json.WriteCrossedIfAny(charge.Crossed);
        WriteExplanation(json, charge.Explanation, charge.Burned);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, QuoteReply quote)
    {
        json.WriteStartObject();
        WriteCredits(json, quote.Credits, quote.Uncovered, quote.Balance, quote.Available);
        json.WriteViolationsIfAny(quote.Violations);
        WriteExplanation(json, quote.Explanation, quote.Burned);
        json.WriteEndObject();
    }

    private static void WriteCredits(Utf8JsonWriter json, decimal credits, decimal uncovered, decimal balance, decimal available)
    {
        json.WriteAmount("credits"u8, credits);
        json.WriteAmountIfAny("uncovered"u8, uncovered == 0m ? null : uncovered);
        json.WriteAmount("balance"u8, balance);
        json.WriteAmount("available"u8, available);
    }

    public static void WriteExplanation(Utf8JsonWriter json, IReadOnlyList<LineExplanation> lines, IReadOnlyList<GrantBurn> burned)
    {
        json.WriteStartArray("explanation"u8);
        foreach (var line in lines)
        {
            WriteLine(json, line);
        }

        json.WriteEndArray();
        json.WriteByGrant("burned"u8, burned);
    }

    private static void WriteLine(Utf8JsonWriter json, LineExplanation line)
    {
        json.WriteStartObject();
        json.WriteString("meter"u8, line.Meter);
        json.WriteString("card"u8, line.Card);
        json.WriteNumber("version"u8, line.Version);
        json.WriteString("price"u8, line.Price);
        json.WriteAmount("quantityBefore"u8, line.QuantityBefore);
        json.WriteAmount("quantity"u8, line.Quantity);
        json.WriteStartArray("tiers"u8);
        foreach (var tier in line.Tiers)
        {
            json.WriteStartObject();
            json.WriteNumber("tier"u8, tier.Tier);
            json.WriteAmount("quantity"u8, tier.Quantity);
            json.WriteAmount("unitPrice"u8, tier.UnitPrice);
            json.WriteAmountIfAny("flatPrice"u8, tier.FlatPrice == 0m ? null : tier.FlatPrice);
            json.WriteAmount("credits"u8, tier.Credits);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (line.Adjustments.Count > 0)
        {
            json.WriteStartArray("adjustments"u8);
            foreach (var adjustment in line.Adjustments)
            {
                json.WriteStartObject();
                json.WriteString("kind"u8, WireNames.Of(adjustment.Kind));
                json.WriteAmount("credits"u8, adjustment.Credits);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteAmount("credits"u8, line.Credits);
        json.WriteEndObject();
    }
}
