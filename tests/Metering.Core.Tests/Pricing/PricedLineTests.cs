using System.Globalization;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Pricing.Drafts;

namespace Metering.Core.Tests.Pricing;

/// <summary>What one line costs after others, and how it is explained. Worked out by hand.</summary>
public sealed class PricedLineTests
{
    private static readonly PriceDraft ThreeTiers =
        Graduated(Tier(10m, unitPrice: 3m, flatPrice: 2m), Tier(30m, unitPrice: 2m), Tier(null, packageSize: 8m, packagePrice: 10m));

    private static readonly PriceDraft Cheaper = Volume(Tier(100m, unitPrice: 1m, flatPrice: 7m), Tier(null, unitPrice: 0.8m, flatPrice: 2m));

    [Fact]
    public void A_line_across_tiers_shows_each_tier_its_share()
    {
        var line = Line(ThreeTiers, before: 4m, quantity: 30m);
        Assert.Equal(68m, line.Credits.Value);
        Assert.Equal([Part(1, 6m, 3m, 0m, 18m), Part(2, 20m, 2m, 0m, 40m), Part(3, 4m, 0m, 0m, 10m)], line.Tiers);
        Assert.Empty(line.Adjustments);
    }

    [Fact]
    public void The_flat_price_is_in_the_line_that_enters_the_tier_and_in_no_other()
    {
        Assert.Equal([Part(1, 1m, 3m, 2m, 5m)], Line(ThreeTiers, 0m, 1m).Tiers);
        Assert.Equal([Part(1, 1m, 3m, 0m, 3m)], Line(ThreeTiers, 1m, 1m).Tiers);
        Assert.Equal([Part(2, 1m, 0.8m, 2m, 2.8m)], Line(Cheaper, 100m, 1m).Tiers);
        Assert.Equal([Part(2, 1m, 0.8m, 0m, 0.8m)], Line(Cheaper, 101m, 1m).Tiers);
    }

    [Fact]
    public void A_line_that_ends_at_a_bound_does_not_enter_the_next_tier()
    {
        Assert.Equal([Part(1, 6m, 3m, 0m, 18m)], Line(ThreeTiers, 4m, 6m).Tiers);
        Assert.Equal([Part(2, 0.000000001m, 2m, 0m, 0.000000002m)], Line(ThreeTiers, 10m, 0.000000001m).Tiers);
    }

    [Fact]
    public void Units_of_a_started_block_cost_nothing_but_are_shown() =>
        Assert.Equal([Part(1, 3m, 0m, 0m, 0m)], Line(Package(10m, 4m), 2m, 3m).Tiers);

    [Fact]
    public void A_volume_line_that_reaches_a_cheaper_tier_shows_the_repricing_of_the_earlier_units()
    {
        // Before: 7 + 100 × 1 = 107. After: 2 + 150 × 0.8 = 122. The line's own 50 units cost 2 + 40; the 100 earlier ones 80 instead of 107.
        var line = Line(Cheaper, 100m, 50m);
        Assert.Equal(15m, line.Credits.Value);
        Assert.Equal([Part(2, 50m, 0.8m, 2m, 42m)], line.Tiers);
        Assert.Equal([new Adjustment(AdjustmentKind.Repricing, Credits.From(-27m))], line.Adjustments);
    }

    [Fact]
    public void A_volume_line_can_give_credits_back()
    {
        var line = Line(Cheaper, 100m, 1m);
        Assert.Equal(-24.2m, line.Credits.Value); // 2 + 101 × 0.8 − 107
        Assert.Equal([Part(2, 1m, 0.8m, 2m, 2.8m)], line.Tiers);
        Assert.Equal([new Adjustment(AdjustmentKind.Repricing, Credits.From(-27m))], line.Adjustments);
    }

    [Fact]
    public void The_first_line_of_a_volume_price_reprices_nothing()
    {
        var line = Line(Cheaper, 0m, 150m);
        Assert.Equal(122m, line.Credits.Value);
        Assert.Equal([Part(2, 150m, 0.8m, 2m, 122m)], line.Tiers);
        Assert.Empty(line.Adjustments);
    }

    [Fact]
    public void Repricing_counts_the_blocks_that_were_started()
    {
        // Before: 15 units at 1 = 15. Then blocks of 10 for 6 over all: 15 units are 2 blocks (12), 21 units 3 blocks (18).
        var line = Line(Volume(Tier(20m, unitPrice: 1m), Tier(null, packageSize: 10m, packagePrice: 6m)), 15m, 6m);
        Assert.Equal(3m, line.Credits.Value);
        Assert.Equal([Part(2, 6m, 0m, 0m, 6m)], line.Tiers);
        Assert.Equal([new Adjustment(AdjustmentKind.Repricing, Credits.From(-3m))], line.Adjustments);
    }

    [Fact]
    public void The_cap_takes_off_what_is_above_the_maximum()
    {
        var line = Line(PerUnit(1m) with { MaximumPerPeriod = 500m }, 490m, 30m);
        Assert.Equal(10m, line.Credits.Value);
        Assert.Equal([Part(1, 30m, 1m, 0m, 30m)], line.Tiers);
        Assert.Equal([new Adjustment(AdjustmentKind.Cap, Credits.From(-20m))], line.Adjustments);
    }

    [Fact]
    public void Cap_and_discount_are_shown_each_for_itself()
    {
        var line = Line(PerUnit(1m) with { MaximumPerPeriod = 500m }, 490m, 30m, discount: 10m);
        Assert.Equal(9m, line.Credits.Value);
        Assert.Equal([new(AdjustmentKind.Cap, Credits.From(-20m)), new(AdjustmentKind.Discount, Credits.From(-1m))], line.Adjustments);
    }

    [Fact]
    public void A_discount_that_a_cap_would_hide_is_still_shown()
    {
        // Volume falls from 100 to 50 while the maximum was 60: cap +40, discount +5 (of 60 → 50), repricing and tier the rest.
        var price = Volume(Tier(100m, unitPrice: 1m), Tier(null, flatPrice: 50m)) with { MaximumPerPeriod = 60m };
        var line = Line(price, 100m, 1m, discount: 50m);
        Assert.Equal(-5m, line.Credits.Value); // 25 − 30
        Assert.Equal([Part(2, 1m, 0m, 50m, 50m)], line.Tiers);
        Assert.Equal(
            [new(AdjustmentKind.Repricing, Credits.From(-100m)), new(AdjustmentKind.Cap, Credits.From(40m)), new(AdjustmentKind.Discount, Credits.From(5m))],
            line.Adjustments);
    }

    [Theory]
    [InlineData("58", "1.75", "0.0158")] // 58 × 0.0299 = 1.7342
    [InlineData("58.528428093", "1.75", "0.00000000001930")] // 1.74999999998…, rounded 1.75: nothing to add
    [InlineData("58.6", "1.75214", "0")]
    public void A_charge_costs_at_least_its_minimum(string quantity, string credits, string added)
    {
        var line = Line(PerUnit(0.0299m) with { PerCharge = new() { Minimum = 1.75m } }, 0m, Number(quantity));
        Assert.Equal(Number(credits), line.Credits.Value);
        Assert.Equal(decimal.Round(Number(added), 9), line.Adjustments.Sum(adjustment => adjustment.Credits.Value));
        Assert.All(line.Adjustments, adjustment => Assert.Equal(AdjustmentKind.Minimum, adjustment.Kind));
    }

    [Theory]
    [InlineData("12", "12.5")]
    [InlineData("12.000000001", "12.5")]
    [InlineData("11.999999999", "12.499999999")]
    [InlineData("5", "6.5")] // the minimum, 6, then the flat
    public void Minimum_then_maximum_then_flat(string quantity, string credits)
    {
        var perCharge = new PerChargeDraft { Minimum = 6m, Maximum = 12m, Flat = 0.5m };
        Assert.Equal(Number(credits), Line(PerUnit(1m) with { PerCharge = perCharge }, 100m, Number(quantity)).Credits.Value);
    }

    [Fact]
    public void A_flat_that_makes_up_for_the_maximum_hides_neither()
    {
        var line = Line(PerUnit(1m) with { PerCharge = new() { Maximum = 12m, Flat = 3m } }, 0m, 15m);
        Assert.Equal(15m, line.Credits.Value);
        Assert.Equal([new(AdjustmentKind.Maximum, Credits.From(-3m)), new(AdjustmentKind.Flat, Credits.From(3m))], line.Adjustments);
    }

    [Fact]
    public void What_is_per_charge_does_not_count_towards_the_maximum_of_the_period()
    {
        var price = PerUnit(1m) with { MaximumPerPeriod = 10m, PerCharge = new() { Flat = 1m } };
        Assert.Equal(11m, Line(price, 0m, 20m).Credits.Value);
        Assert.Equal(1m, Line(price, 20m, 20m).Credits.Value);
    }

    [Fact]
    public void A_line_of_no_quantity_costs_nothing_at_all()
    {
        var line = Line(PerUnit(1m) with { PerCharge = new() { Minimum = 5m, Flat = 1m } }, 3m, 0m);
        Assert.Equal(Credits.Zero, line.Credits);
        Assert.Empty(line.Tiers);
        Assert.Empty(line.Adjustments);
    }

    [Fact]
    public void A_line_within_the_free_units_has_no_parts_but_may_have_a_minimum()
    {
        var free = PerUnit(1m) with { FreeUnits = 10m };
        Assert.Empty(Line(free, 0m, 10m).Tiers);
        var line = Line(free with { PerCharge = new() { Minimum = 0.5m } }, 0m, 10m);
        Assert.Equal(0.5m, line.Credits.Value);
        Assert.Empty(line.Tiers);
        Assert.Equal([new Adjustment(AdjustmentKind.Minimum, Credits.From(0.5m))], line.Adjustments);
    }

    [Fact]
    public void Converted_units_are_what_a_tier_shows()
    {
        // 1.5 GB after 0.5 GB, by started GB: 1 before, 2 after.
        var price = PerUnit(1m) with { Convert = new() { Divide = 1_000_000_000m, Rounding = ConversionRounding.Up, Decimals = 0 } };
        Assert.Equal([Part(1, 1m, 1m, 0m, 1m)], Line(price, 500_000_000m, 1_500_000_000m).Tiers);
        Assert.Empty(Line(price, 500_000_000m, 500_000_000m).Tiers);
    }

    [Fact]
    public void Thirds_of_a_unit_are_shown_rounded_and_sum_to_the_whole()
    {
        var price = PerUnit(1m) with { Convert = new() { Divide = 3m } };
        Assert.Equal([Part(1, 0.333333333m, 1m, 0m, 0.333333333m)], Line(price, 0m, 1m).Tiers);
        Assert.Equal([Part(1, 0.333333334m, 1m, 0m, 0.333333334m)], Line(price, 1m, 1m).Tiers);
        Assert.Equal([Part(1, 0.333333333m, 1m, 0m, 0.333333333m)], Line(price, 2m, 1m).Tiers);
    }

    [Fact]
    public void A_quantity_beyond_the_range_of_the_period_is_refused()
    {
        var price = Build(PerUnit(0m));
        Assert.True(price.TryLine(Quantity.From(1m), Quantity.Max - Quantity.From(1m), Percent.Zero, out _));
        Assert.False(price.TryLine(Quantity.From(1m), Quantity.Max, Percent.Zero, out var line));
        Assert.Same(PricedLine.Nothing, line);
        Assert.False(price.TryLine(Quantity.Max, Quantity.Max, Percent.Zero, out _));
    }

    [Fact]
    public void Credits_beyond_their_range_are_refused()
    {
        var price = Build(PerUnit(1m) with { PerCharge = new() { Flat = 1m } });
        Assert.True(price.TryLine(Quantity.Zero, Quantity.Max - Quantity.From(1m), Percent.Zero, out var line));
        Assert.Equal(Credits.Max, line.Credits);
        Assert.False(price.TryLine(Quantity.Zero, Quantity.Max, Percent.Zero, out _));
        Assert.False(Build(PerUnit(2m)).TryLine(Quantity.Zero, Quantity.Max, Percent.Zero, out _));
    }

    private static TierPart Part(int tier, decimal quantity, decimal unitPrice, decimal flatPrice, decimal credits) =>
        new(tier, Quantity.From(quantity), Credits.From(unitPrice), Credits.From(flatPrice), Credits.From(credits));

    private static PricedLine Line(PriceDraft draft, decimal before, decimal quantity, decimal discount = 0m)
    {
        Assert.True(
            Build(draft).TryLine(Quantity.From(before), Quantity.From(quantity), Percent.From(discount), out var line), "The line should be in range.");
        return line;
    }

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
}
