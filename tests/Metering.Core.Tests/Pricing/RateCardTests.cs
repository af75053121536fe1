using Metering.Core.Pricing;
using static Metering.Core.Tests.Pricing.Drafts;

namespace Metering.Core.Tests.Pricing;

public sealed class RateCardTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_version_prices_from_its_instant_until_the_next_ones()
    {
        var card = Card(Version(1, Noon), Version(2, Noon.AddHours(1)));
        Assert.Null(card.EffectiveAt(Noon.AddTicks(-1)));
        Assert.Equal(1, card.EffectiveAt(Noon)?.Version);
        Assert.Equal(1, card.EffectiveAt(Noon.AddHours(1).AddTicks(-1))?.Version);
        Assert.Equal(2, card.EffectiveAt(Noon.AddHours(1))?.Version);
        Assert.Equal(2, card.EffectiveAt(DateTimeOffset.MaxValue)?.Version);
    }

    [Fact]
    public void Of_two_versions_with_the_same_instant_the_later_wins()
    {
        var card = Card(Version(3, Noon), Version(1, Noon.AddHours(-1)), Version(2, Noon));
        Assert.Equal(3, card.EffectiveAt(Noon)?.Version);
        Assert.Equal([1, 2, 3], card.Versions.Select(version => version.Version));
        Assert.Equal(3, card.LatestVersion);
    }

    [Fact]
    public void A_card_with_another_version_leaves_the_one_it_came_from_alone()
    {
        var before = Card(Version(1, Noon));
        var after = before.With(Version(2, Noon));
        Assert.Equal(1, before.EffectiveAt(Noon)?.Version);
        Assert.Equal(2, after.EffectiveAt(Noon)?.Version);
        Assert.Same(after, after.With(Version(2, Noon.AddDays(1))));
        Assert.Equal(0, Card().LatestVersion);
        Assert.Null(Card().EffectiveAt(Noon));
    }

    [Fact]
    public void The_first_price_whose_dimensions_all_match_applies()
    {
        var meter = Publish(Drafts.Card(Meter(
            PerUnit(1m) with { Id = "both", When = [new("model", "gpt-4"), new("kind", "output")] },
            PerUnit(2m) with { Id = "model", When = [new("model", "gpt-4")] },
            PerUnit(3m) with { Id = "region", When = [new("region", "")] }))).FindMeter("api.calls");
        Assert.NotNull(meter);
        Assert.Equal("both", meter.Match([new("extra", "x"), new("kind", "output"), new("model", "gpt-4"), new("zone", "z")])?.Id);
        Assert.Equal("model", meter.Match([new("kind", "input"), new("model", "gpt-4")])?.Id);
        Assert.Equal("model", meter.Match([new("model", "gpt-4")])?.Id);
        Assert.Equal("region", meter.Match([new("region", "")])?.Id);
        Assert.Null(meter.Match([new("model", "GPT-4")]));
        Assert.Null(meter.Match([new("model", "gpt-4-turbo")]));
        Assert.Null(meter.Match([]));
    }

    [Fact]
    public void A_price_without_dimensions_fits_all_usage()
    {
        var meter = Publish(Drafts.Card(Meter(PerUnit(1m)))).Meters[0];
        Assert.Equal("calls", meter.Match([])?.Id);
        Assert.Equal("calls", meter.Match([new("model", "gpt-4")])?.Id);
    }

    [Fact]
    public void A_meter_is_found_by_its_exact_name()
    {
        var version = Publish(Drafts.Card(Meter(PerUnit(1m))));
        Assert.Equal("call", version.FindMeter("api.calls")?.Unit);
        Assert.Null(version.FindMeter("API.calls"));
    }

    [Fact]
    public void A_price_has_the_same_key_in_every_version()
    {
        var one = Publish(Drafts.Card(Meter(PerUnit(1m))), version: 1).Meters[0].Prices[0].Key;
        var two = Publish(Drafts.Card(Meter(Volume(Tier(null)))), version: 2).Meters[0].Prices[0].Key;
        Assert.Equal(one, two);
        Assert.Equal(one.GetHashCode(), two.GetHashCode());
        Assert.NotEqual(one, new PriceKey("other", one.Meter, one.Price));
        Assert.NotEqual(one, new PriceKey(one.Card, "other", one.Price));
        Assert.NotEqual(one, new PriceKey(one.Card, one.Meter, "other"));
        Assert.False(one.Equals(null));
    }

    private static RateCard Card(params RateCardVersion[] versions) => new("default", versions);

    private static RateCardVersion Version(int number, DateTimeOffset effectiveFrom) => Publish(Drafts.Card(Meter(PerUnit(number))), number, effectiveFrom);
}
