using Metering.Core.Pricing;
using static Metering.Core.Tests.Pricing.Drafts;

namespace Metering.Core.Tests.Pricing;

/// <summary>What a period's cumulative quantity costs, by each kind of price. Worked out by hand.</summary>
public sealed class PriceKindTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("1", "0.00006")]
    [InlineData("1200", "0.072")]
    [InlineData("0.5", "0.00003")]
    [InlineData("999999999999999999.999999999", "60000000000000")] // 59,999,999,999,999.99999999999994
    public void Per_unit_multiplies(string quantity, string credits) =>
        AssertCumulative(PerUnit(0.00006m), quantity, Number(credits));

    [Theory]
    [InlineData("0.5", "0")] // 0.0000000005: half, to even 0
    [InlineData("1.5", "0.000000002")] // 0.0000000015: half, to even 2
    [InlineData("2.5", "0.000000002")] // 0.0000000025: half, to even 2
    [InlineData("0.500000001", "0.000000001")]
    [InlineData("2.499999999", "0.000000002")]
    public void The_one_rounding_is_half_to_even(string quantity, string credits) =>
        AssertCumulative(PerUnit(0.000000001m), quantity, Number(credits));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("0.000000001", "7")]
    [InlineData("99.999999999", "7")]
    [InlineData("100", "7")]
    [InlineData("100.000000001", "14")]
    [InlineData("200", "14")]
    [InlineData("1000000000000", "70000000000")]
    [InlineData("1000000000000.000000001", "70000000007")]
    public void Package_counts_started_blocks(string quantity, string credits) =>
        AssertCumulative(Package(100m, 7m), quantity, Number(credits));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("0.000000001", "2.000000003")] // entering the first tier costs its flat price
    [InlineData("10", "32")] // 2 + 10 × 3
    [InlineData("10.000000001", "37.000000002")] // 32 + 5 + 0.000000001 × 2
    [InlineData("30", "77")] // 32 + 5 + 20 × 2
    [InlineData("30.000000001", "87")] // 77 + the first block of 8 for 10
    [InlineData("38", "87")]
    [InlineData("38.000000001", "97")] // blocks count from the tier's lower bound
    public void Graduated_charges_each_tier_its_own_price(string quantity, string credits) =>
        AssertCumulative(
            Graduated(Tier(10m, unitPrice: 3m, flatPrice: 2m), Tier(30m, unitPrice: 2m, flatPrice: 5m), Tier(null, packageSize: 8m, packagePrice: 10m)),
            quantity,
            Number(credits));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("0.000000001", "2.000000003")]
    [InlineData("10", "32")] // 2 + 10 × 3
    [InlineData("10.000000001", "25.000000002")] // 5 + 10.000000001 × 2
    [InlineData("30", "65")] // 5 + 30 × 2
    [InlineData("30.000000001", "40")] // 4 started blocks of 8 over the whole quantity
    [InlineData("32", "40")]
    [InlineData("32.000000001", "50")]
    public void Volume_charges_all_units_the_price_of_the_tier_reached(string quantity, string credits) =>
        AssertCumulative(
            Volume(Tier(10m, unitPrice: 3m, flatPrice: 2m), Tier(30m, unitPrice: 2m, flatPrice: 5m), Tier(null, packageSize: 8m, packagePrice: 10m)),
            quantity,
            Number(credits));

    [Fact]
    public void A_tier_without_prices_is_free()
    {
        var price = Graduated(Tier(10m), Tier(null, unitPrice: 1m));
        AssertCumulative(price, "10", 0m);
        AssertCumulative(price, "11", 1m);
    }

    [Fact]
    public void Of_a_hundred_tiers_each_has_its_own_price()
    {
        // Tier n, n = 1..100, holds one unit at n credits: 100 units cost 5,050, and the tier without end goes on at 100.
        var price = Graduated([.. Enumerable.Range(1, 100).Select(n => Tier(n < 100 ? n : null, unitPrice: n))]);
        AssertCumulative(price, "99", 4_950m);
        AssertCumulative(price, "100", 5_050m);
        AssertCumulative(price, "50.5", 1_275m + 25.5m);
        AssertCumulative(price, "102", 5_250m);
    }

    [Theory]
    [InlineData("0.5", "100000000000")] // exactly half a nano-credit above: to even
    [InlineData("0.500000001", "100000000000.000000001")] // above the half in the thirtieth digit, which a decimal does not have
    public void A_sum_longer_than_a_decimal_is_rounded_by_all_its_digits(string quantity, string credits)
    {
        AssertCumulative(Volume(Tier(null, unitPrice: 0.000000001m, flatPrice: 100_000_000_000m)), quantity, Number(credits));
        AssertCumulative(Graduated(Tier(null, unitPrice: 0.000000001m, flatPrice: 100_000_000_000m)), quantity, Number(credits));
    }

    [Fact]
    public void A_price_above_all_credits_is_out_of_range()
    {
        var price = Build(PerUnit(10m));
        Assert.True(price.TryCumulative(Quantity.From(99_999_999_999_999_999.999999999m), Percent.Zero, out var credits));
        Assert.Equal(999_999_999_999_999_999.99999999m, credits.Value);
        Assert.False(price.TryCumulative(Quantity.From(100_000_000_000_000_000m), Percent.Zero, out _));
        Assert.False(price.TryCumulative(Quantity.Max, Percent.Zero, out _));
    }

    [Fact]
    public void The_largest_price_of_the_largest_quantity_is_out_of_range_and_not_an_error()
    {
        var tiers = new[] { Tier(Quantity.Max.Value, Credits.Max.Value, Credits.Max.Value), Tier(null, Credits.Max.Value) };
        Assert.False(Build(PerUnit(Credits.Max.Value)).TryCumulative(Quantity.Max, Percent.Zero, out _));
        Assert.False(Build(Package(0.000000001m, Credits.Max.Value)).TryCumulative(Quantity.Max, Percent.Zero, out _));
        Assert.False(Build(Graduated(tiers)).TryCumulative(Quantity.Max, Percent.Zero, out _));
        Assert.False(Build(Volume(tiers)).TryCumulative(Quantity.Max, Percent.Zero, out _));
    }

    private static void AssertCumulative(PriceDraft draft, string quantity, decimal credits)
    {
        Assert.True(Build(draft).TryCumulative(Quantity.From(Number(quantity)), Percent.Zero, out var actual), "The price should be in range.");
        Assert.Equal(credits, actual.Value);
    }

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
