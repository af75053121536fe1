using System.Globalization;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>The load test's own reading of prices, against totals worked out by hand: a check that is wrong would excuse what it checks.</summary>
public sealed class PublishedPriceTests
{
    private const string Graduated = """{"id":"p","kind":"graduated","tiers":[{"upTo":"10","unitPrice":"1"},{"unitPrice":"0.5","flatPrice":"3"}]}""";
    private const string FreeFirst = """{"id":"p","kind":"graduated","freeUnits":"2","convert":{"divide":"1000","rounding":"none"},"tiers":[{"unitPrice":"0.0123457"}]}""";
    private const string Blocks = """{"id":"p","kind":"package","packageSize":"1000000","packagePrice":"1"}""";
    private const string TieredBlocks = """{"id":"p","kind":"graduated","tiers":[{"upTo":"10","unitPrice":"1"},{"packageSize":"4","packagePrice":"2"}]}""";
    private const string Volume = """
        {"id":"p","kind":"volume","convert":{"divide":"1000000000","rounding":"up","decimals":0},
         "tiers":[{"upTo":"100","unitPrice":"1"},{"unitPrice":"0.8"}],"maximumPerPeriod":"500"}
        """;

    [Theory]
    [InlineData(Graduated, "0", "0", 0)]
    [InlineData(Graduated, "10", "10", 1)]
    [InlineData(Graduated, "12", "14", 2)] // 10 × 1, then 3 on entering and 2 × 0.5
    [InlineData(Graduated, "10.000000001", "13", 2)] // 13.0000000005 is half way: to the even neighbour
    [InlineData(Graduated, "10.000000003", "13.000000002", 2)] // 13.0000000015 is half way: to the even neighbour
    [InlineData(FreeFirst, "2000", "0", 0)]
    [InlineData(FreeFirst, "2001", "0.000012346", 1)] // 0.001 × 0.0123457 = 0.0000123457
    [InlineData(Blocks, "0", "0", 0)]
    [InlineData(Blocks, "1", "1", 1)]
    [InlineData(Blocks, "1000000", "1", 1)]
    [InlineData(Blocks, "1000001", "2", 1)]
    [InlineData(TieredBlocks, "14", "12", 2)] // blocks count from the tier's lower bound: 10, then one block of 4
    [InlineData(TieredBlocks, "14.5", "14", 2)]
    [InlineData(Volume, "100000000000", "100", 1)]
    [InlineData(Volume, "100000000001", "80.8", 2)] // 101 started units, all at the cheaper price
    [InlineData(Volume, "625000000000", "500", 2)]
    [InlineData(Volume, "625000000001", "500", 2)] // 626 × 0.8 = 500.8, capped
    public void A_period_costs_what_its_whole_quantity_costs(string price, string quantity, string credits, int tier)
    {
        var total = PublishedPrice.Read(JsonElement.Parse(price)).Total(decimal.Parse(quantity, CultureInfo.InvariantCulture));
        Assert.Equal(decimal.Parse(credits, CultureInfo.InvariantCulture), total.Credits);
        Assert.Equal(tier, total.Tier);
    }

    [Fact]
    public void A_price_whose_charges_do_not_sum_to_its_total_is_not_checked_but_refused()
    {
        const string PerCharge = """{"id":"p","kind":"per_unit","unitPrice":"0.0299","perCharge":{"minimum":"1.75"}}""";
        Assert.Throws<NotSupportedException>(() => PublishedPrice.Read(JsonElement.Parse(PerCharge)));
    }
}
