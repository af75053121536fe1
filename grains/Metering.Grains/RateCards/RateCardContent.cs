using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Metering.Contracts;
using Metering.Core;

namespace Metering.Grains;

/// <summary>
/// What a card says, as one sequence of bytes: JSON with the API's names in a fixed order, numbers without trailing zeros, dimensions
/// sorted by name, nothing for what was left out. When it takes effect is not part of it. Cards that say the same have the same hash.
/// </summary>
internal static class RateCardContent
{
    /// <summary>SHA-256, lower-case hexadecimal. The draft must be valid.</summary>
    internal static string Hash(RateCardDraft draft)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("creditDefinition", draft.CreditDefinition ?? "");
            WriteArray(writer, "meters", draft.Meters, WriteMeter);
            writer.WriteEndObject();
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
    }

    private static void WriteMeter(Utf8JsonWriter writer, MeterDraft meter)
    {
        writer.WriteString("meter", meter.Meter);
        writer.WriteString("unit", meter.Unit);
        WriteArray(writer, "prices", meter.Prices, WritePrice);
    }

    private static void WritePrice(Utf8JsonWriter writer, PriceDraft price)
    {
        writer.WriteString("id", price.Id);
        writer.WriteStartObject("when");
        foreach (var (name, value) in price.When.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WriteNumber("kind", (int)price.Kind);
        WriteAmount(writer, "unitPrice", price.UnitPrice);
        WriteAmount(writer, "packageSize", price.PackageSize);
        WriteAmount(writer, "packagePrice", price.PackagePrice);
        WriteArray(writer, "tiers", price.Tiers, WriteTier);
        WriteAmount(writer, "freeUnits", price.FreeUnits);
        if (price.Convert is { } convert)
        {
            writer.WriteStartObject("convert");
            WriteAmount(writer, "multiply", convert.Multiply);
            WriteAmount(writer, "divide", convert.Divide);
            writer.WriteNumber("rounding", (int)convert.Rounding);
            writer.WriteNumber("decimals", convert.Decimals ?? 0);
            writer.WriteEndObject();
        }

        WriteAmount(writer, "maximumPerPeriod", price.MaximumPerPeriod);
        if (price.PerCharge is { } perCharge)
        {
            writer.WriteStartObject("perCharge");
            WriteAmount(writer, "minimum", perCharge.Minimum);
            WriteAmount(writer, "maximum", perCharge.Maximum);
            WriteAmount(writer, "flat", perCharge.Flat);
            writer.WriteEndObject();
        }
    }

    private static void WriteTier(Utf8JsonWriter writer, TierDraft tier)
    {
        WriteAmount(writer, "upTo", tier.UpTo);
        WriteAmount(writer, "unitPrice", tier.UnitPrice);
        WriteAmount(writer, "flatPrice", tier.FlatPrice);
        WriteAmount(writer, "packageSize", tier.PackageSize);
        WriteAmount(writer, "packagePrice", tier.PackagePrice);
    }

    private static void WriteArray<T>(Utf8JsonWriter writer, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
        {
            writer.WriteStartObject();
            write(writer, item);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteAmount(Utf8JsonWriter writer, string name, decimal? amount)
    {
        if (amount is { } value)
        {
            writer.WriteString(name, Credits.From(value).ToString());
        }
    }
}
