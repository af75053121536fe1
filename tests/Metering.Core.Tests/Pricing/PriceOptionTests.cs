using System.Globalization;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Pricing.Drafts;

namespace Metering.Core.Tests.Pricing;

/// <summary>Free units, conversion, the period's maximum and the discount, each at its boundary. Worked out by hand.</summary>
public sealed class PriceOptionTests
{
    [Theory]
    [InlineData("999.999999999", "0")]
    [InlineData("1000", "0")]
    [InlineData("1000.000000001", "0.000000002")]
    [InlineData("1001", "2")]
    public void Free_units_cost_nothing(string quantity, string credits) =>
        AssertCumulative(PerUnit(2m) with { FreeUnits = 1_000m }, quantity, credits);

    [Theory]
    [InlineData("105", "10")] // 5 free, 100 in the first tier
    [InlineData("106", "10.05")]
    public void Tiers_count_from_after_the_free_units(string quantity, string credits) =>
        AssertCumulative(Graduated(Tier(100m, 0.1m), Tier(null, 0.05m)) with { FreeUnits = 5m }, quantity, credits);

    [Theory]
    [InlineData(ConversionRounding.Up, "0.000000001", "1")]
    [InlineData(ConversionRounding.Up, "1000", "1")]
    [InlineData(ConversionRounding.Up, "1000.000000001", "2")]
    [InlineData(ConversionRounding.Down, "999.999999999", "0")]
    [InlineData(ConversionRounding.Down, "1000", "1")]
    [InlineData(ConversionRounding.HalfUp, "499.999999999", "0")]
    [InlineData(ConversionRounding.HalfUp, "500", "1")]
    [InlineData(ConversionRounding.HalfUp, "1500", "2")]
    [InlineData(ConversionRounding.HalfUp, "2500", "3")]
    [InlineData(ConversionRounding.None, "1", "0.001")]
    public void Conversion_rounds_the_cumulative_quantity(ConversionRounding rounding, string quantity, string credits) =>
        AssertCumulative(PerUnit(1m) with { Convert = new() { Divide = 1_000m, Rounding = rounding } }, quantity, credits);

    [Theory]
    [InlineData("1", "0.34")]
    [InlineData("2", "0.67")]
    [InlineData("3", "1")]
    [InlineData("4", "1.34")]
    public void Conversion_keeps_the_places_it_is_told_to(string quantity, string credits) =>
        AssertCumulative(PerUnit(1m) with { Convert = new() { Divide = 3m, Rounding = ConversionRounding.Up, Decimals = 2 } }, quantity, credits);

    [Theory]
    [InlineData("1", "0.333333333")] // a third, rounded once
    [InlineData("2", "0.666666667")]
    [InlineData("3", "1")] // and not 0.999999999: the thirds were not rounded
    public void Conversion_without_rounding_is_exact(string quantity, string credits) =>
        AssertCumulative(PerUnit(1m) with { Convert = new() { Divide = 3m } }, quantity, credits);

    [Theory]
    [InlineData("3", "10")] // 3 / 3 = 1: still the first tier
    [InlineData("3.000000001", "25.000000007")] // 10 + 15 + 20 × 0.000000001 / 3 = 25.00000000666…
    public void Tier_bounds_compare_with_the_exact_quotient(string quantity, string credits) =>
        AssertCumulative(
            Graduated(Tier(1m, unitPrice: 10m), Tier(null, unitPrice: 20m, flatPrice: 15m)) with { Convert = new() { Divide = 3m } }, quantity, credits);

    [Theory]
    [InlineData("1", "8")] // 1 GB is 8 Gbit
    [InlineData("0.125", "1")]
    public void Conversion_multiplies(string quantity, string credits) =>
        AssertCumulative(PerUnit(1m) with { Convert = new() { Multiply = 8m } }, quantity, credits);

    [Fact]
    public void One_million_calls_are_one_credit() =>
        AssertCumulative(PerUnit(1m) with { Convert = new() { Divide = 1_000_000m } }, "1234567.891", "1.234567891");

    [Theory]
    [InlineData("1", "100000000000000000")]
    [InlineData("9.999999999", "999999999900000000")]
    public void Converted_units_go_up_to_what_a_quantity_can_be(string quantity, string units) =>
        AssertCumulative(PerUnit(1m) with { Convert = new() { Multiply = 100_000_000_000_000_000m } }, quantity, units);

    [Fact]
    public void More_converted_units_than_a_quantity_can_be_are_out_of_range()
    {
        var price = Build(PerUnit(0m) with { Convert = new() { Multiply = 100_000_000_000_000_000m } });
        Assert.False(price.TryCumulative(Quantity.From(10m), Percent.Zero, out _));
    }

    [Theory]
    [InlineData("499.999999999", "499.999999999")]
    [InlineData("500", "500")]
    [InlineData("500.000000001", "500")]
    [InlineData("1000000", "500")]
    public void A_period_costs_at_most_its_maximum(string quantity, string credits) =>
        AssertCumulative(PerUnit(1m) with { MaximumPerPeriod = 500m }, quantity, credits);

    [Fact]
    public void A_maximum_of_zero_makes_it_free() => AssertCumulative(PerUnit(1m) with { MaximumPerPeriod = 0m }, "7", "0");

    [Theory]
    [InlineData("10", "450")]
    [InlineData("91", "45")]
    [InlineData("100", "0")]
    public void The_discount_comes_after_the_maximum(string percent, string credits) =>
        AssertCumulative(PerUnit(1m) with { MaximumPerPeriod = 500m }, "600", credits, Percent.From(Number(percent)));

    [Theory]
    [InlineData("1.5", "50", "0.000000001")] // 0.75 nano-credits
    [InlineData("3.5", "50", "0.000000002")] // 1.75
    [InlineData("1.2", "60", "0")] // 0.48
    [InlineData("1.4", "64", "0.000000001")] // 0.504; rounded before the discount it would be 1, then 0.36, then 0
    public void The_discount_is_taken_off_before_the_one_rounding(string quantity, string percent, string credits) =>
        AssertCumulative(PerUnit(0.000000001m), quantity, credits, Percent.From(Number(percent)));

    [Fact]
    public void The_finest_discount_of_the_longest_product_is_exact()
    {
        // 100 − 12.123456789 = 87.876543211, so the product of the three mantissas counts 10^-29 of a credit.
        var units = System.Numerics.BigInteger.Parse("123456789012345678123456789", CultureInfo.InvariantCulture) * 123_456_789 * 87_876_543_211;
        var unit = System.Numerics.BigInteger.Pow(10, 20);
        var rounded = (units + (unit / 2)) / unit;
        var credits = (decimal)rounded / 1_000_000_000m;
        AssertCumulative(
            PerUnit(0.123456789m), "123456789012345678.123456789", credits.ToString(CultureInfo.InvariantCulture), Percent.From(12.123456789m));
    }

    private static void AssertCumulative(PriceDraft draft, string quantity, string credits, Percent discount = default)
    {
        Assert.True(Build(draft).TryCumulative(Quantity.From(Number(quantity)), discount, out var actual), "The price should be in range.");
        Assert.Equal(Number(credits), actual.Value);
    }

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
}
