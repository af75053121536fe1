using System.Globalization;
using System.Text.Json;

namespace Metering.LoadTest;

/// <summary>
/// A second, independent reading of the pricing rules: what a period's whole quantity costs. Because prices telescope, the charges of
/// a period must sum to exactly this, whatever their number and order; that is why the check can be made from the trace alone.
/// Per-charge minimums and the like do not telescope, so a price that has them is refused rather than guessed.
/// </summary>
internal sealed class PublishedPrice
{
    private PublishedPrice(JsonElement price)
    {
        Id = price.GetProperty("id").GetString()!;
        Kind = price.GetProperty("kind").GetString()!;
        When = Present(price, "when") is { } when
            ? when.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!)
            : [];
        FreeUnits = Number(price, "freeUnits") ?? 0m;
        MaximumPerPeriod = Number(price, "maximumPerPeriod");
        Conversion = Present(price, "convert");
        Tiers = Present(price, "tiers") is { } tiers ? [.. tiers.EnumerateArray().Select(Tier.Read)] : [];

        // A price without tiers is one tier without end.
        if (Tiers.Count == 0)
        {
            Tiers = [Tier.Read(price)];
        }

        if (Present(price, "perCharge") is { } perCharge && perCharge.EnumerateObject().Any(limit => Decimal(limit.Value) is not (null or 0m)))
        {
            throw new NotSupportedException($"The price {Id} has perCharge, which cannot be checked from totals. Replay against a card without it.");
        }
    }

    public string Id { get; }

    private string Kind { get; }

    private Dictionary<string, string> When { get; }

    private decimal FreeUnits { get; }

    private decimal? MaximumPerPeriod { get; }

    private JsonElement? Conversion { get; }

    private IReadOnlyList<Tier> Tiers { get; }

    public static PublishedPrice Read(JsonElement price) => new(price);

    public bool Fits(IReadOnlyDictionary<string, string> dimensions) =>
        When.All(pair => dimensions.TryGetValue(pair.Key, out var value) && value == pair.Value);

    /// <summary>What a period's quantity costs, to the ninth decimal, and the tier it ends in (from 1).</summary>
    public (decimal Credits, int Tier) Total(decimal quantity)
    {
        var units = Math.Max(0m, Convert(quantity) - FreeUnits);
        var (credits, tier) = Kind switch
        {
            "per_unit" or "package" or "volume" => Volume(units),
            "graduated" => Graduated(units),
            _ => throw new NotSupportedException($"The price {Id} is of the unknown kind {Kind}."),
        };
        var capped = Math.Min(credits, MaximumPerPeriod ?? decimal.MaxValue);
        return (decimal.Round(capped, 9, MidpointRounding.ToEven), tier);
    }

    private (decimal Credits, int Tier) Graduated(decimal units)
    {
        var (credits, lower, entered) = (0m, 0m, 0);
        foreach (var tier in Tiers)
        {
            if (units <= lower)
            {
                break;
            }

            var upper = Math.Min(units, tier.UpTo ?? units);
            credits += tier.Cost(upper - lower);
            lower = upper;
            entered++;
        }

        return (credits, entered);
    }

    private (decimal Credits, int Tier) Volume(decimal units)
    {
        if (units == 0m)
        {
            return (0m, 0);
        }

        var reached = Tiers.TakeWhile(tier => tier.UpTo < units).Count();
        return (Tiers[reached].Cost(units), reached + 1);
    }

    private decimal Convert(decimal quantity)
    {
        if (Conversion is not { } convert)
        {
            return quantity;
        }

        var converted = Number(convert, "multiply") is { } factor ? quantity * factor : quantity / Number(convert, "divide")!.Value;
        var decimals = Present(convert, "decimals")?.GetInt32() ?? 0;
        return (Present(convert, "rounding")?.GetString() ?? "none") switch
        {
            "none" => converted,
            "up" => decimal.Round(converted, decimals, MidpointRounding.ToPositiveInfinity),
            "down" => decimal.Round(converted, decimals, MidpointRounding.ToZero),
            "half_up" => decimal.Round(converted, decimals, MidpointRounding.AwayFromZero),
            var other => throw new NotSupportedException($"The price {Id} rounds in the unknown way {other}."),
        };
    }

    private static JsonElement? Present(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static decimal? Number(JsonElement parent, string name) => Present(parent, name) is { } value ? Decimal(value) : null;

    private static decimal? Decimal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.Number => value.GetDecimal(),
        _ => decimal.Parse(value.GetString()!, NumberStyles.Number, CultureInfo.InvariantCulture),
    };

    private sealed record Tier(decimal? UpTo, decimal UnitPrice, decimal FlatPrice, decimal? PackageSize, decimal PackagePrice)
    {
        public static Tier Read(JsonElement tier) => new(
            Number(tier, "upTo"),
            Number(tier, "unitPrice") ?? 0m,
            Number(tier, "flatPrice") ?? 0m,
            Number(tier, "packageSize"),
            Number(tier, "packagePrice") ?? 0m);

        public decimal Cost(decimal units) =>
            FlatPrice + (PackageSize is { } size ? decimal.Ceiling(units / size) * PackagePrice : units * UnitPrice);
    }
}
