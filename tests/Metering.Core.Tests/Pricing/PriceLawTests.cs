using System.Numerics;
using CsCheck;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Pricing.Drafts;

namespace Metering.Core.Tests.Pricing;

/// <summary>Law 6 and what rests on it, over random prices, quantities and splits. A failure prints the seed that repeats it.</summary>
public sealed class PriceLawTests
{
    [Fact]
    public void Every_price_agrees_with_the_plain_calculation_to_the_last_digit() =>
        Gen.Select(Prices.Any, Prices.Quantity, Prices.Discount).Sample(
            (draft, quantity, discount) =>
            {
                var expected = PriceReference.Cumulative(draft, quantity, discount);
                var fits = Build(draft).TryCumulative(Quantity.From(quantity), Percent.From(discount), out var credits);
                Assert.Equal(expected, fits ? (BigInteger)credits.Nanos : null);
            },
            iter: 20_000);

    [Fact]
    public void However_usage_is_split_or_ordered_its_lines_sum_to_the_price_of_the_total() =>
        Gen.Select(Prices.Any, Prices.Quantity.Array[1, 12], Prices.Discount, Gen.Int[0, 1_000_000]).Sample(
            (draft, quantities, discount, order) =>
            {
                var price = Build(draft);
                var percent = Percent.From(discount);
                var total = quantities.Sum();
                if (!Quantity.TryFrom(total, out var all) || !price.TryCumulative(all, percent, out var expected))
                {
                    return;
                }

                var turn = order % quantities.Length;
                foreach (decimal[] split in new decimal[][] { quantities, [.. quantities.Reverse()], [.. quantities.Skip(turn), .. quantities.Take(turn)] })
                {
                    var lines = Lines(price, split, percent);

                    // A volume price can fall from above all credits into their range: then the whole has a price and a part of it none.
                    Assert.True(lines is not null || price.Kind == PriceKind.Volume, "A part of what fits should fit.");
                    Assert.Equal(expected.Value, lines?.Sum(line => line.Credits.Value) ?? expected.Value);
                }
            },
            iter: 10_000);

    [Fact]
    public void The_parts_of_a_line_sum_to_its_credits() =>
        Gen.Select(Prices.Any, Prices.PerCharge, Prices.Quantity, Prices.Quantity, Prices.Discount).Sample(
            (draft, perCharge, before, quantity, discount) =>
            {
                var price = Build(draft with { PerCharge = perCharge });
                if (Quantity.Fits(before + quantity)
                    && price.TryLine(Quantity.From(before), Quantity.From(quantity), Percent.From(discount), out var line))
                {
                    Assert.Equal(line.Credits.Value, line.Tiers.Sum(part => part.Credits.Value) + line.Adjustments.Sum(adjustment => adjustment.Credits.Value));
                    Assert.DoesNotContain(line.Adjustments, adjustment => adjustment.Credits.IsZero);
                    Assert.DoesNotContain(line.Tiers, part => part.Credits.IsZero && part.Quantity.IsZero);
                    Assert.Equal(line.Adjustments.Select(adjustment => adjustment.Kind).Distinct(), line.Adjustments.Select(adjustment => adjustment.Kind));
                }
            },
            iter: 20_000);

    [Fact]
    public void The_tiers_of_a_graduated_period_sum_tier_by_tier_to_those_of_one_line() =>
        Gen.Select(Prices.Graduated, Prices.Quantity.Array[1, 12]).Sample(
            (draft, quantities) =>
            {
                var price = Build(draft);
                if (!Quantity.TryFrom(quantities.Sum(), out var total) || !price.TryLine(Quantity.Zero, total, Percent.Zero, out var whole))
                {
                    return;
                }

                var parts = Lines(price, quantities, Percent.Zero)!.SelectMany(line => line.Tiers).GroupBy(part => part.Tier).ToDictionary(
                    tier => tier.Key,
                    tier => (tier.Sum(part => part.Quantity.Value), tier.Sum(part => part.FlatPrice.Value), tier.Sum(part => part.Credits.Value)));
                Assert.Equal(
                    whole.Tiers.ToDictionary(part => part.Tier, part => (part.Quantity.Value, part.FlatPrice.Value, part.Credits.Value)),
                    parts);
            },
            iter: 10_000);

    [Fact]
    public void More_usage_never_costs_less_unless_volume_reprices_it() =>
        Gen.Select(Prices.Any, Prices.Quantity, Prices.Quantity, Prices.Discount).Sample(
            (draft, one, other, discount) =>
            {
                var price = Build(draft);
                if (draft.Kind != PriceKind.Volume
                    && price.TryCumulative(Quantity.From(Math.Min(one, other)), Percent.From(discount), out var less)
                    && price.TryCumulative(Quantity.From(Math.Max(one, other)), Percent.From(discount), out var more))
                {
                    Assert.True(less <= more, $"{Math.Min(one, other)} cost {less} and {Math.Max(one, other)} cost {more}.");
                }
            },
            iter: 10_000);

    [Fact]
    public void No_price_without_charges_of_its_own_costs_anything_for_nothing() =>
        Gen.Select(Prices.Any, Prices.Discount).Sample((draft, discount) =>
        {
            Assert.True(Build(draft).TryCumulative(Quantity.Zero, Percent.From(discount), out var credits));
            Assert.Equal(Credits.Zero, credits);
        });

    private static List<PricedLine>? Lines(Price price, decimal[] quantities, Percent discount)
    {
        var lines = new List<PricedLine>();
        var before = Quantity.Zero;
        foreach (var quantity in quantities)
        {
            if (!price.TryLine(before, Quantity.From(quantity), discount, out var line))
            {
                return null;
            }

            lines.Add(line);
            before += Quantity.From(quantity);
        }

        return lines;
    }
}
