using Metering.Core.Pricing;
using static Metering.Core.Tests.Pricing.Drafts;

namespace Metering.Core.Tests.Pricing;

public sealed class RateCardRulesTests
{
    private static readonly string Long = new('x', 129);

    public static TheoryData<string, string, PriceDraft> FaultyPrices => new()
    {
        { "unitPrice", "required", new() { Id = "p", Kind = PriceKind.PerUnit } },
        { "unitPrice", "out_of_range", PerUnit(-0.000000001m) },
        { "unitPrice", "out_of_range", PerUnit(1_000_000_000_000_000_000m) },
        { "unitPrice", "too_precise", PerUnit(0.0000000001m) },
        { "packageSize", "conflict", PerUnit(1m) with { PackageSize = 1m } },
        { "packagePrice", "conflict", PerUnit(1m) with { PackagePrice = 1m } },
        { "tiers", "conflict", PerUnit(1m) with { Tiers = [Tier(null)] } },
        { "packageSize", "required", new() { Id = "p", Kind = PriceKind.Package, PackagePrice = 1m } },
        { "packagePrice", "required", new() { Id = "p", Kind = PriceKind.Package, PackageSize = 1m } },
        { "packageSize", "out_of_range", Package(0m, 1m) },
        { "packagePrice", "out_of_range", Package(1m, -1m) },
        { "unitPrice", "conflict", Package(1m, 1m) with { UnitPrice = 1m } },
        { "tiers", "conflict", Package(1m, 1m) with { Tiers = [Tier(null)] } },
        { "tiers", "required", Graduated() },
        { "tiers", "required", Volume() },
        { "unitPrice", "conflict", Graduated(Tier(null)) with { UnitPrice = 1m } },
        { "packageSize", "conflict", Volume(Tier(null)) with { PackageSize = 1m } },
        { "packagePrice", "conflict", Volume(Tier(null)) with { PackagePrice = 1m } },
        { "tiers", "too_many", Graduated([.. Enumerable.Range(1, 101).Select(n => Tier(n < 101 ? n : null))]) },
        { "tiers[0].upTo", "gap", Graduated(Tier(10m)) },
        { "tiers[1].upTo", "gap", Volume(Tier(10m), Tier(20m)) },
        { "tiers[0].upTo", "conflict", Graduated(Tier(null), Tier(null)) },
        { "tiers[1].upTo", "not_rising", Graduated(Tier(10m), Tier(10m), Tier(null)) },
        { "tiers[1].upTo", "not_rising", Graduated(Tier(10m), Tier(9.999999999m), Tier(null)) },
        { "tiers[0].upTo", "out_of_range", Graduated(Tier(0m), Tier(null)) },
        { "tiers[0].unitPrice", "out_of_range", Graduated(Tier(null, unitPrice: -1m)) },
        { "tiers[0].flatPrice", "out_of_range", Graduated(Tier(null, flatPrice: -1m)) },
        { "tiers[0].flatPrice", "too_precise", Graduated(Tier(null, flatPrice: 0.0000000001m)) },
        { "tiers[0].packagePrice", "required", Graduated(Tier(null, packageSize: 1m)) },
        { "tiers[0].packageSize", "required", Graduated(Tier(null, packagePrice: 1m)) },
        { "tiers[0].packageSize", "out_of_range", Graduated(Tier(null, packageSize: 0m, packagePrice: 1m)) },
        { "tiers[0].unitPrice", "conflict", Graduated(Tier(null, unitPrice: 1m, packageSize: 1m, packagePrice: 1m)) },
        { "kind", "bad_format", PerUnit(1m) with { Kind = (PriceKind)4 } },
        { "freeUnits", "out_of_range", PerUnit(1m) with { FreeUnits = -1m } },
        { "maximumPerPeriod", "out_of_range", PerUnit(1m) with { MaximumPerPeriod = -1m } },
        { "convert", "required", PerUnit(1m) with { Convert = new() } },
        { "convert.divide", "conflict", PerUnit(1m) with { Convert = new() { Multiply = 1m, Divide = 1m } } },
        { "convert.multiply", "out_of_range", PerUnit(1m) with { Convert = new() { Multiply = 0m } } },
        { "convert.divide", "out_of_range", PerUnit(1m) with { Convert = new() { Divide = 0m } } },
        { "convert.divide", "too_precise", PerUnit(1m) with { Convert = new() { Divide = 0.0000000001m } } },
        { "convert.rounding", "bad_format", PerUnit(1m) with { Convert = new() { Divide = 1m, Rounding = (ConversionRounding)4 } } },
        { "convert.decimals", "conflict", PerUnit(1m) with { Convert = new() { Divide = 1m, Decimals = 0 } } },
        { "convert.decimals", "out_of_range", PerUnit(1m) with { Convert = new() { Divide = 1m, Rounding = ConversionRounding.Up, Decimals = 10 } } },
        { "convert.decimals", "out_of_range", PerUnit(1m) with { Convert = new() { Divide = 1m, Rounding = ConversionRounding.Up, Decimals = -1 } } },
        { "perCharge.minimum", "out_of_range", PerUnit(1m) with { PerCharge = new() { Minimum = -1m } } },
        { "perCharge.maximum", "out_of_range", PerUnit(1m) with { PerCharge = new() { Maximum = -1m } } },
        { "perCharge.flat", "out_of_range", PerUnit(1m) with { PerCharge = new() { Flat = -1m } } },
        { "perCharge.maximum", "conflict", PerUnit(1m) with { PerCharge = new() { Minimum = 1m, Maximum = 0.999999999m } } },
        { "id", "required", PerUnit(1m) with { Id = null } },
        { "id", "required", PerUnit(1m) with { Id = "" } },
        { "id", "bad_format", PerUnit(1m) with { Id = "a b" } },
        { "id", "too_long", PerUnit(1m) with { Id = Long } },
        { "when", "too_many", PerUnit(1m) with { When = [.. Enumerable.Range(0, 17).Select(n => new Dimension($"d{n}", "v"))] } },
        { "when", "bad_format", PerUnit(1m) with { When = [new("a b", "v")] } },
        { "when", "bad_format", PerUnit(1m) with { When = [new("", "v")] } },
        { "when", "too_long", PerUnit(1m) with { When = [new(Long[..65], "v")] } },
        { "when.model", "too_long", PerUnit(1m) with { When = [new("model", new('x', 257))] } },
    };

    public static TheoryData<PriceDraft> PricesAtTheLimit => new()
    {
        PerUnit(0m),
        PerUnit(999_999_999_999_999_999.999999999m),
        PerUnit(0.1000000000000m),
        Package(0.000000001m, 0m),
        Graduated(Tier(null)),
        Graduated([.. Enumerable.Range(1, 100).Select(n => Tier(n < 100 ? n : null))]),
        Graduated(Tier(10m), Tier(10.000000001m), Tier(null)),
        PerUnit(1m) with { FreeUnits = 0m, MaximumPerPeriod = 0m },
        PerUnit(1m) with { Convert = new() { Divide = 0.000000001m, Rounding = ConversionRounding.HalfUp, Decimals = 9 } },
        PerUnit(1m) with { Convert = new() { Multiply = 1m, Rounding = ConversionRounding.Down, Decimals = 0 } },
        PerUnit(1m) with { PerCharge = new() { Minimum = 1m, Maximum = 1m, Flat = 0m } },
        PerUnit(1m) with { Id = Long[..128] },
        PerUnit(1m) with { When = [.. Enumerable.Range(0, 16).Select(n => new Dimension($"d{n}", new('x', 256)))] },
        PerUnit(1m) with { When = [new(Long[..64], "")] },
    };

    [Theory]
    [MemberData(nameof(FaultyPrices))]
    public void A_faulty_price_is_named_by_path(string path, string code, PriceDraft price) =>
        Assert.Equal([($"meters[0].prices[0].{path}", code)], Faults(Card(Meter(price))));

    [Theory]
    [MemberData(nameof(PricesAtTheLimit))]
    public void A_price_at_the_limit_is_published(PriceDraft price) => Assert.Empty(Faults(Card(Meter(price))));

    [Fact]
    public void All_faults_are_found_at_once()
    {
        var card = new RateCardDraft
        {
            CreditDefinition = new('x', 1_025),
            Meters =
            [
                Meter(PerUnit(1m) with { UnitPrice = null }, Graduated(Tier(5m), Tier(4m)) with { FreeUnits = -1m }) with { Unit = new('u', 65) },
                new() { Meter = "a/b", Unit = " ", Prices = [] },
            ],
        };

        Assert.Equal(
            [
                ("creditDefinition", "too_long"),
                ("meters[0].unit", "too_long"),
                ("meters[0].prices[0].unitPrice", "required"),
                ("meters[0].prices[1].tiers[1].upTo", "gap"),
                ("meters[0].prices[1].tiers[1].upTo", "not_rising"),
                ("meters[0].prices[1].freeUnits", "out_of_range"),
                ("meters[0].prices[1].id", "duplicate"),
                ("meters[0].prices[1].when", "duplicate"),
                ("meters[1].meter", "bad_format"),
                ("meters[1].unit", "required"),
                ("meters[1].prices", "required"),
            ],
            Faults(card));
    }

    [Fact]
    public void Meters_ids_and_dimensions_are_each_used_once()
    {
        Assert.Equal([("meters[1].meter", "duplicate")], Faults(Card(Meter(PerUnit(1m)), Meter(PerUnit(1m)))));
        var model = new Dimension("model", "gpt-4");
        var kind = new Dimension("kind", "output");
        Assert.Equal(
            [("meters[0].prices[1].when", "duplicate")],
            Faults(Card(Meter(PerUnit(1m) with { When = [model, kind] }, PerUnit(2m) with { Id = "other", When = [kind, model] }))));
        Assert.Equal([("meters[0].prices[1].id", "duplicate")], Faults(Card(Meter(PerUnit(1m) with { When = [model] }, PerUnit(2m)))));
    }

    [Fact]
    public void A_price_that_an_earlier_one_hides_is_allowed() =>
        Assert.Empty(Faults(Card(Meter(PerUnit(1m), PerUnit(2m) with { Id = "never", When = [new("model", "gpt-4")] }))));

    [Fact]
    public void The_same_price_id_may_be_used_by_two_meters() =>
        Assert.Empty(Faults(Card(Meter(PerUnit(1m)), Meter(PerUnit(1m)) with { Meter = "other" })));

    [Fact]
    public void Dimensions_that_only_read_alike_are_not_the_same() =>
        Assert.Empty(Faults(Card(Meter(
            PerUnit(1m) with { When = [new("a", "b"), new("c", "d")] },
            PerUnit(1m) with { Id = "other", When = [new("a", "b1:c1:d")] }))));

    [Fact]
    public void A_card_has_between_one_and_a_thousand_meters_of_at_most_a_hundred_prices()
    {
        MeterDraft[] meters = [.. Enumerable.Range(0, 1_001).Select(n => Meter(PerUnit(1m)) with { Meter = $"m{n}" })];
        PriceDraft[] prices = [.. Enumerable.Range(0, 101).Select(n => PerUnit(1m) with { Id = $"p{n}", When = [new("n", $"{n}")] })];
        Assert.Equal([("meters", "required")], Faults(Card()));
        Assert.Empty(Faults(Card(meters[..1_000])));
        Assert.Equal([("meters", "too_many")], Faults(Card(meters)));
        Assert.Empty(Faults(Card(Meter(prices[..100]))));
        Assert.Equal([("meters[0].prices", "too_many")], Faults(Card(Meter(prices))));
    }

    [Fact]
    public void The_texts_of_a_card_end_at_their_longest()
    {
        Assert.Empty(Faults(Card(Meter(PerUnit(1m)) with { Unit = new('u', 64) }) with { CreditDefinition = new('x', 1_024) }));
        Assert.Empty(Faults(Card(Meter(PerUnit(1m))) with { CreditDefinition = null }));
    }

    [Fact]
    public void A_flood_of_faults_stops_at_a_thousand()
    {
        var card = Card([.. Enumerable.Range(0, 600).Select(_ => new MeterDraft { Meter = null, Unit = null, Prices = [] })]);
        Assert.Equal(1_000, Faults(card).Length);
    }

    private static (string Path, string Code)[] Faults(RateCardDraft draft)
    {
        var version = RateCardRules.Build("default", 1, default, draft, out var faults);
        Assert.Equal(faults.Count == 0, version is not null);
        Assert.All(faults, fault => Assert.NotEmpty(fault.Message));
        return [.. faults.Select(fault => (fault.Path, fault.Code))];
    }
}
