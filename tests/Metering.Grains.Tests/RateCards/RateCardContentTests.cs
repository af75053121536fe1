using Metering.Contracts;

namespace Metering.Grains.Tests.RateCards;

public sealed class RateCardContentTests
{
    [Fact]
    public void The_hash_is_sha_256_over_the_canonical_content()
    {
        // echo -n '{"creditDefinition":"1 credit = 1 call","meters":[{"meter":"api.calls","unit":"call","prices":[{"id":"calls","when":{},"kind":0,"unitPrice":"0.5","tiers":[]}]}]}' | sha256sum
        Assert.Equal("416c7ac1804a918065b2bcb872ec0e5a8a9fde5e275be76f6aa965ceb9e92bc5", RateCardContent.Hash(CardDrafts.Calls(0.5m)));
    }

    [Fact]
    public void Cards_that_say_the_same_have_the_same_hash()
    {
        Assert.Equal(RateCardContent.Hash(CardDrafts.Calls(13m)), RateCardContent.Hash(CardDrafts.Calls(13.000m)));
        Assert.Equal(RateCardContent.Hash(CardDrafts.Calls(13m)), RateCardContent.Hash(CardDrafts.Calls(13m, RateCardCluster.Noon)));
        Assert.Equal(When(("a", "1"), ("b", "2")), When(("b", "2"), ("a", "1")));
    }

    [Fact]
    public void Whatever_a_card_says_differently_changes_its_hash()
    {
        var price = CardDrafts.Everything().Meters[0].Prices[0];
        var drafts = new[]
        {
            CardDrafts.Everything(),
            CardDrafts.Everything() with { CreditDefinition = "other" },
            CardDrafts.Everything() with { Meters = [CardDrafts.Everything().Meters[0] with { Unit = "other" }] },
            CardDrafts.Everything() with { Meters = [CardDrafts.Everything().Meters[0] with { Meter = "other" }] },
            CardDrafts.Of(price),
            CardDrafts.Of(price with { Id = "other" }),
            CardDrafts.Of(price with { Kind = PriceKind.Volume }),
            CardDrafts.Of(price with { FreeUnits = 6m }),
            CardDrafts.Of(price with { FreeUnits = null }),
            CardDrafts.Of(price with { MaximumPerPeriod = 501m }),
            CardDrafts.Of(price with { When = new Dictionary<string, string> { ["model"] = "gpt-4" } }),
            CardDrafts.Of(price with { When = new Dictionary<string, string> { ["model"] = "gpt-4", ["kind"] = "input" } }),
            CardDrafts.Of(price with { Convert = price.Convert! with { Rounding = ConversionRounding.Down } }),
            CardDrafts.Of(price with { Convert = price.Convert! with { Decimals = 3 } }),
            CardDrafts.Of(price with { Convert = price.Convert! with { Divide = null, Multiply = 1_000m } }),
            CardDrafts.Of(price with { PerCharge = price.PerCharge! with { Minimum = null } }),
            CardDrafts.Of(price with { PerCharge = price.PerCharge! with { Maximum = 13m } }),
            CardDrafts.Of(price with { PerCharge = price.PerCharge! with { Flat = 1m } }),
            CardDrafts.Of(price with { Tiers = [price.Tiers[0] with { UpTo = 11m }, price.Tiers[1]] }),
            CardDrafts.Of(price with { Tiers = [price.Tiers[0] with { UnitPrice = 4m }, price.Tiers[1]] }),
            CardDrafts.Of(price with { Tiers = [price.Tiers[0] with { FlatPrice = null }, price.Tiers[1]] }),
            CardDrafts.Of(price with { Tiers = [price.Tiers[0], price.Tiers[1] with { PackageSize = 9m }] }),
            CardDrafts.Of(price with { Tiers = [price.Tiers[0], price.Tiers[1] with { PackagePrice = 9m }] }),
        };

        Assert.Equal(drafts.Length, drafts.Select(RateCardContent.Hash).Distinct().Count());
    }

    private static string When(params (string Name, string Value)[] pairs) => RateCardContent.Hash(CardDrafts.Of(new PriceDraft
    {
        Id = "calls",
        When = pairs.ToDictionary(pair => pair.Name, pair => pair.Value),
        Kind = PriceKind.PerUnit,
        UnitPrice = 1m,
    }));
}
