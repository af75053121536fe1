using CsCheck;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Holds;
using Metering.Core.Pricing;
using Metering.Core.Tests.Reference;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

/// <summary>What stored usage would have cost. A failure prints the seed; <c>CsCheck_Seed=… ./test</c> repeats it.</summary>
public sealed class RepricingTests
{
    private const int Games = 300;

    /// <summary>Names of <see cref="StandardCard"/> at other prices, tiers and kinds, with a cap, free units and a flat fee.</summary>
    private static readonly RateCard OtherCard = CardOf(
        Meter("calls", new PriceDraft { Id = "calls", Kind = PriceKind.Graduated, FreeUnits = 3m, Tiers = [new() { UpTo = 7m, UnitPrice = 1.5m }, new() { UnitPrice = 0.333333333m, FlatPrice = 2m }] }),
        Meter("tokens", new PriceDraft { Id = "tokens", Kind = PriceKind.Volume, Tiers = [new() { UpTo = 20m, UnitPrice = 1m }, new() { UnitPrice = 0.25m }] }),
        Meter("disk", new PriceDraft { Id = "team", When = [new Dimension("team", "t1")], Kind = PriceKind.PerUnit, UnitPrice = 4m }, new PriceDraft { Id = "disk", Kind = PriceKind.Package, PackageSize = 3m, PackagePrice = 2m, MaximumPerPeriod = 9m }),
        Meter("drops", new PriceDraft { Id = "drops", Kind = PriceKind.PerUnit, UnitPrice = 1m, PerCharge = new() { Minimum = 0.5m, Maximum = 6m, Flat = 0.25m } }));

    private static readonly string[] Meters = ["calls", "tokens", "disk", "drops"];

    [Fact]
    public void The_card_that_was_in_force_makes_no_difference_whatever_was_done_and_wherever_the_range_begins()
    {
        Gen.Select(Moves.Any.Array[1, 80], Gen.Int[0, 1_000], Gen.Int[0, 1_000]).Sample(
            (moves, first, last) =>
            {
                var duel = new Duel();
                foreach (var move in moves)
                {
                    move(duel);
                }

                var entries = Stored(duel.Scene);
                var (from, to) = Range(entries, first, last);
                var repricing = Priced(entries, ReferencePrices.Card.Versions[0], from, to, Begin(entries, from, to));
                Assert.Equal(Told(Usage(entries, from, to)), Told(repricing, static meter => meter.Credits));
                Assert.Equal(Told(repricing, static meter => meter.Credits), Told(repricing, static meter => meter.Simulated));
                Assert.All(repricing.Meters, static meter => Assert.Equal(0m, meter.Unpriced));
            },
            iter: Games);
    }

    [Fact]
    public void Under_another_card_usage_costs_what_the_same_requests_cost_an_account_that_had_it()
    {
        var amount = Gen.Select(Gen.Int[0, 12], Gen.Int[0, 2]).Select(static (whole, rest) => $"{whole}{(rest == 0 ? "" : rest == 1 ? ".5" : ".333333333")}");
        var step = Gen.Frequency<Action<Scene>>(
            (8, Gen.Select(Gen.Int[0, 30], Gen.Int[0, 3], amount, Gen.Int[0, 2], Gen.Int[-90, 5]).Select<int, int, string, int, int, Action<Scene>>((id, meter, quantity, team, hours) => scene =>
                scene.Charge(new Charge($"c{id}", [Line(Meters[meter], quantity, team == 0 ? [] : [new Dimension("team", $"t{team}")]), Line(Meters[(meter + team) % 4], "2")], Stamp(scene, hours), ChargeMode.Record)))),
            (6, Gen.Select(Gen.Int[0, 30], Gen.Int[0, 3], amount).Select<int, int, string, Action<Scene>>((id, meter, quantity) => scene =>
                scene.Charge(new Charge($"c{id}", [Line(Meters[meter], quantity)], null, ChargeMode.Record)))),
            (3, Gen.Select(Gen.Int[0, 30], Gen.Int[0, 3]).Select<int, int, Action<Scene>>((id, meter) => scene =>
                scene.Hold(new PlaceHold($"h{id}", Line(Meters[meter], "1"), null, TimeSpan.FromDays(1), ChargeMode.Enforce)))),
            (3, Gen.Select(Gen.Int[0, 60], Gen.Int[0, 30], amount).Select<int, int, string, Action<Scene>>((id, hold, quantity) => scene =>
                scene.Settle(new Settle($"s{id}", $"h{hold}", Quantity.From(Of(quantity).Value), null, Final: id % 2 == 0, ChargeMode.Record)))),
            (4, Gen.Select(Gen.Int[0, 60], Gen.Int[0, 30], Gen.Int[0, 3]).Select<int, int, int, Action<Scene>>((id, charge, part) => scene =>
                scene.Reverse($"r{id}", $"{(part == 3 ? "s" : "c")}{charge}", part == 0 ? null : $"{part}.333333333"))),
            (1, Gen.Select(Gen.Int[0, 3], Gen.Enum<PeriodUnit>()).Select<int, PeriodUnit, Action<Scene>>((discount, every) => scene =>
                scene.Set("1000000000", $"{discount * 12.5m}", new Period(every, Period.Default.Anchor)))),
            (4, Gen.Int[-5, 300].Select<int, Action<Scene>>(hours => scene => scene.Clock = scene.Clock.AddHours(hours))));
        Gen.Select(step.Array[1, 100], Gen.Int[0, 1_000], Gen.Int[0, 1_000]).Sample(
            (steps, first, last) =>
            {
                var (had, other) = (new Scene(creditLimit: "1000000000"), new Scene(creditLimit: "1000000000", card: OtherCard));
                foreach (var each in steps)
                {
                    each(had);
                    each(other);
                }

                var (entries, expected) = (Stored(had), Stored(other));
                Assert.Equal(expected.Count, entries.Count);
                var (from, to) = Range(entries, first, last);
                var repricing = Priced(entries, OtherCard.Versions[0], from, to, begin: DateTimeOffset.MinValue);
                Assert.Equal(Told(Usage(entries, from, to)), Told(repricing, static meter => meter.Credits));
                Assert.Equal(Told(Usage(expected, from, to)), Told(repricing, static meter => meter.Simulated));
            },
            iter: Games);
    }

    [Fact]
    public void What_the_period_used_before_the_range_counts_for_its_tiers()
    {
        var scene = new Scene(creditLimit: "1000");
        scene.Charge("before", "tokens", "9");
        scene.Clock += TimeSpan.FromHours(1);
        scene.Charge("in", "tokens", "2");

        // Of the ten at 2 nine are used, so the one at 2 is followed by one at 1; the draft has one at 3 and one at 0.5.
        var draft = CardOf(Meter("tokens", new PriceDraft { Id = "other", Kind = PriceKind.Graduated, Tiers = [new() { UpTo = 10m, UnitPrice = 3m }, new() { UnitPrice = 0.5m }] })).Versions[0];
        Assert.Equal(["tokens 2 of which 0 unpriced: 3, 3.5"], Differences(scene, draft, from: scene.Clock));
    }

    [Fact]
    public void A_charge_that_was_cut_to_what_was_available_takes_no_more_under_a_dearer_card()
    {
        var scene = new Scene();
        scene.Grant("plan", "5");
        scene.Charge("cut", "calls", "8", ChargeMode.UpTo);
        Assert.Equal(["calls 8 of which 0 unpriced: 5, 5"], Differences(scene, Calls(2m)));
        Assert.Equal(["calls 8 of which 0 unpriced: 5, 4"], Differences(scene, Calls(0.5m)));
    }

    [Fact]
    public void A_reversal_gives_back_its_share_of_what_the_charge_would_have_taken()
    {
        // Three cost one credit, whose thirds do not end: the parts must come to it all the same.
        var draft = CardOf(Meter("calls", new PriceDraft { Id = "other", Kind = PriceKind.Package, PackageSize = 3m, PackagePrice = 1m })).Versions[0];
        var scene = new Scene(creditLimit: "1000");
        scene.Charge("c1", "calls", "3");
        scene.Reverse("r1", "c1", "1");
        Assert.Equal(["calls 2 of which 0 unpriced: 2, 0.666666667"], Differences(scene, draft));
        scene.Reverse("r2", "c1", "1");
        scene.Reverse("r3", "c1");
        Assert.Equal(["calls 0 of which 0 unpriced: 0, 0"], Differences(scene, draft));
    }

    [Fact]
    public void A_charge_before_all_that_is_looked_at_gives_back_what_it_did()
    {
        var scene = new Scene(creditLimit: "1000");
        scene.Charge("c1", "calls", "3");
        scene.Clock += TimeSpan.FromHours(1);
        scene.Reverse("r1", "c1");
        Assert.Equal(["calls -3 of which 0 unpriced: -3, -3"], Differences(scene, Calls(2m), from: scene.Clock));
    }

    [Fact]
    public void Usage_that_the_draft_has_no_price_for_is_told_and_costs_nothing()
    {
        var scene = new Scene(creditLimit: "1000");
        scene.Charge("c1", "disk", "3");
        scene.Charge(new Charge("c2", [Line("only-gold", "2", new Dimension("tier", "gold"))], null, ChargeMode.Enforce));
        var draft = CardOf(Meter("only-gold", new PriceDraft { Id = "silver", When = [new Dimension("tier", "silver")], Kind = PriceKind.PerUnit, UnitPrice = 1m })).Versions[0];
        Assert.Equal(["disk 3 of which 3 unpriced: 3, 0", "only-gold 2 of which 2 unpriced: 2, 0"], Differences(scene, draft));
    }

    [Fact]
    public void Credits_settled_as_such_stay_what_they_were()
    {
        var scene = new Scene(creditLimit: "1000");
        scene.Hold("h1", "5");
        scene.Settle(new Settle("s1", "h1", null, Of("4"), Final: true, ChargeMode.Record));
        Assert.Equal([" 0 of which 0 unpriced: 4, 4"], Differences(scene, Calls(2m)));
    }

    [Fact]
    public void A_draft_that_prices_out_of_range_is_noticed()
    {
        var scene = new Scene(creditLimit: "1000");
        scene.Charge("c1", "calls", "500");
        var repricing = new Repricing(Calls(900_000_000_000_000_000m), DateTimeOffset.MinValue, Percent.Zero, []);
        Assert.Equal([true, false], scene.Entries.Select(repricing.TryTake));
    }

    private static RateCardVersion Calls(decimal unitPrice) => CardOf(Meter("calls", new PriceDraft { Id = "other", Kind = PriceKind.PerUnit, UnitPrice = unitPrice })).Versions[0];

    private static string[] Differences(Scene scene, RateCardVersion draft, DateTimeOffset from = default)
    {
        var entries = Stored(scene);
        var repricing = Priced(entries, draft, from, DateTimeOffset.MaxValue, Begin(entries, from, DateTimeOffset.MaxValue));
        return [.. repricing.Meters.Select(static meter => $"{meter.Meter} {meter.Quantity:0.#########} of which {meter.Unpriced:0.#########} unpriced: {meter.Credits:0.#########}, {meter.Simulated:0.#########}")];
    }

    /// <summary>As the caller stamps it: within the late window mostly, and sometimes minutes ahead.</summary>
    private static DateTimeOffset? Stamp(Scene scene, int hours) => hours > 0 ? scene.Clock.AddMinutes(hours) : hours < -70 ? null : scene.Clock.AddHours(hours);

    /// <summary>Entries as they come back from where they were stored.</summary>
    private static List<Entry> Stored(Scene scene) => [.. scene.Entries.Select(static entry => Entry.Decode(entry.Encoded))];

    private static (DateTimeOffset From, DateTimeOffset To) Range(List<Entry> entries, int first, int last)
    {
        var instants = new[] { entries[first % entries.Count].At, entries[last % entries.Count].At };
        return (instants.Min(), instants.Max().AddTicks(last % 2));
    }

    /// <summary>Where the first period begins that counts usage of a range, and as much before as usage may be stamped ahead.</summary>
    private static DateTimeOffset Begin(List<Entry> entries, DateTimeOffset from, DateTimeOffset to)
    {
        var periods = entries.OfType<PaidOperation>()
            .Where(paid => paid.At >= from && paid.At < to && paid.Lines.Any(static line => line.Price.Length > 0))
            .Select(static paid => paid.PeriodStart).ToList();
        return periods.Count == 0 ? from : new[] { from, periods.Min() - Duel.Limits.MaxAhead }.Min();
    }

    private static Repricing Priced(List<Entry> entries, RateCardVersion draft, DateTimeOffset from, DateTimeOffset to, DateTimeOffset begin)
    {
        var discount = entries.OfType<SettingsChanged>().LastOrDefault(changed => changed.At < begin)?.Settings.Discount ?? Percent.Zero;
        var repricing = new Repricing(draft, from, discount, entries.OfType<Reversed>().Select(static reversed => reversed.ChargedSequence));
        Assert.All(entries.Where(entry => entry.At >= begin && entry.At < to), entry => Assert.True(repricing.TryTake(entry)));
        return repricing;
    }

    /// <summary>Credits by meter, added up from entries alone.</summary>
    private static SortedDictionary<string, decimal> Usage(List<Entry> entries, DateTimeOffset from, DateTimeOffset to)
    {
        var usage = new SortedDictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var entry in entries.Where(entry => entry.At >= from && entry.At < to))
        {
            var lines = entry switch
            {
                PaidOperation paid => paid.Lines.Select(static line => (line.Usage.Meter, Credits: line.Taken.Value)),
                Reversed reversed => reversed.Lines.Select(static line => (line.Meter, Credits: -line.Credits.Value)),
                _ => [],
            };
            foreach (var (meter, credits) in lines)
            {
                usage[meter] = usage.GetValueOrDefault(meter) + credits;
            }
        }

        return usage;
    }

    private static string Told(Repricing repricing, Func<RepricedMeter, decimal> credits) => string.Join("; ", repricing.Meters.Select(meter => $"{meter.Meter} {credits(meter):0.#########}"));

    private static string Told(SortedDictionary<string, decimal> usage) => string.Join("; ", usage.Select(static pair => $"{pair.Key} {pair.Value:0.#########}"));
}
