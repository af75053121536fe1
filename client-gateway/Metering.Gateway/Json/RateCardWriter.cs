using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Rate cards, as they were published.</summary>
internal static class RateCardWriter
{
    public static void Write(Utf8JsonWriter json, PublishReply reply)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, reply.Id);
        json.WriteNumber("version"u8, reply.Version);
        json.WriteInstant("effectiveFrom"u8, reply.EffectiveFrom);
        json.WriteString("contentHash"u8, reply.ContentHash);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, RateCardView card)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, card.Id);
        json.WriteNumber("version"u8, card.Version);
        json.WriteNumber("latestVersion"u8, card.LatestVersion);
        json.WriteInstant("effectiveFrom"u8, card.EffectiveFrom);
        json.WriteInstant("publishedAt"u8, card.PublishedAt);
        json.WriteString("contentHash"u8, card.ContentHash);
        json.WriteString("creditDefinition"u8, card.Card.CreditDefinition);
        json.WriteStartArray("meters"u8);
        foreach (var meter in card.Card.Meters)
        {
            json.WriteStartObject();
            json.WriteString("meter"u8, meter.Meter);
            json.WriteString("unit"u8, meter.Unit);
            json.WriteStartArray("prices"u8);
            foreach (var price in meter.Prices)
            {
                WritePrice(json, price);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePrice(Utf8JsonWriter json, PriceDraft price)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, price.Id);
        json.WritePairsIfAny("when"u8, price.When);
        json.WriteString("kind"u8, WireNames.Of(price.Kind));
        json.WriteAmountIfAny("unitPrice"u8, price.UnitPrice);
        json.WriteAmountIfAny("packageSize"u8, price.PackageSize);
        json.WriteAmountIfAny("packagePrice"u8, price.PackagePrice);
        if (price.Tiers.Count > 0)
        {
            json.WriteStartArray("tiers"u8);
            foreach (var tier in price.Tiers)
            {
                WriteTier(json, tier);
            }

            json.WriteEndArray();
        }

        json.WriteAmountIfAny("freeUnits"u8, price.FreeUnits);
        if (price.Convert is { } convert)
        {
            json.WriteStartObject("convert"u8);
            json.WriteAmountIfAny("multiply"u8, convert.Multiply);
            json.WriteAmountIfAny("divide"u8, convert.Divide);
            json.WriteString("rounding"u8, WireNames.Of(convert.Rounding));
            if (convert.Decimals is { } decimals)
            {
                json.WriteNumber("decimals"u8, decimals);
            }

            json.WriteEndObject();
        }

        json.WriteAmountIfAny("maximumPerPeriod"u8, price.MaximumPerPeriod);
        if (price.PerCharge is { } perCharge)
        {
            json.WriteStartObject("perCharge"u8);
            json.WriteAmountIfAny("minimum"u8, perCharge.Minimum);
            json.WriteAmountIfAny("maximum"u8, perCharge.Maximum);
            json.WriteAmountIfAny("flat"u8, perCharge.Flat);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteTier(Utf8JsonWriter json, TierDraft tier)
    {
        json.WriteStartObject();
        json.WriteAmountIfAny("upTo"u8, tier.UpTo);
        json.WriteAmountIfAny("unitPrice"u8, tier.UnitPrice);
        json.WriteAmountIfAny("flatPrice"u8, tier.FlatPrice);
        json.WriteAmountIfAny("packageSize"u8, tier.PackageSize);
        json.WriteAmountIfAny("packagePrice"u8, tier.PackagePrice);
        json.WriteEndObject();
    }
}
