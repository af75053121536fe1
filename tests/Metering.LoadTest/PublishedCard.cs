using System.Text.Json;

namespace Metering.LoadTest;

/// <summary>The rate card as the server publishes it, read from its JSON and from nothing of the server's own code.</summary>
internal sealed record PublishedCard(int Version, DateTimeOffset EffectiveFrom, IReadOnlyList<PublishedMeter> Meters)
{
    public static PublishedCard Read(JsonElement card) => new(
        card.GetProperty("version").GetInt32(),
        card.GetProperty("effectiveFrom").GetDateTimeOffset(),
        [.. card.GetProperty("meters").EnumerateArray().Select(PublishedMeter.Read)]);

    /// <summary>The first price of a meter that fits, or null.</summary>
    public PublishedPrice? PriceOf(string meter, IReadOnlyDictionary<string, string> dimensions) =>
        Meters.FirstOrDefault(m => m.Meter == meter)?.Prices.FirstOrDefault(price => price.Fits(dimensions));
}

internal sealed record PublishedMeter(string Meter, IReadOnlyList<PublishedPrice> Prices)
{
    public static PublishedMeter Read(JsonElement meter) => new(
        meter.GetProperty("meter").GetString()!,
        [.. meter.GetProperty("prices").EnumerateArray().Select(PublishedPrice.Read)]);
}
