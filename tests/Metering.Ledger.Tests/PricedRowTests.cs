using System.Globalization;
using System.Text.Json.Nodes;
using Metering.Core;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Pricing;
using Metering.Core.Tests.Accounts;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Tests;

/// <summary>How rows of a charge say who paid, and how their lines were priced.</summary>
public sealed class PricedRowTests
{
    [Fact]
    public void What_one_grant_paid_is_said_by_each_line_and_what_several_did_by_the_first()
    {
        var scene = new Scene();
        scene.Grant(Scene.Terms("small", "7", priority: 1));
        scene.Grant("large", "100");
        Charge("by the small one", "2", "3");
        Charge("by both", "3", "4");
        Charge("by the large one", "0", "5");
        Assert.Equal(
            [[("small", "2")], [("small", "3")], [("small", "2"), ("large", "5")], [], [], [("large", "5")]],
            Charges(scene).SelectMany(static rows => rows.Select(static row => row.Burned.Select(static burn => (burn.Grant, burn.Credits.ToString())))).Select(static burns => burns.ToArray()));
        Assert.Equal(
            scene.Entries.OfType<Charged>().Select(static charged => charged.Payment.Burns),
            Charges(scene).Select(static rows => Assert.IsType<Charged>(RowEntries.Of(rows)).Payment.Burns));

        void Charge(string id, string one, string other) =>
            scene.Charge(new Charge(id, [Scene.Line("calls", one), Scene.Line("calls", other)], null, ChargeMode.Enforce));
    }

    [Theory]
    [InlineData("1000", null, 0, "1143", "1000", null)]
    [InlineData("1000", null, 0, "0.001", "1000", null)]
    [InlineData("1000000000", null, 0, "5", "1000000000", null)]
    [InlineData(null, "100", 0, "5", "0.01", null)]
    [InlineData("1", null, 0, "5", null, null)]
    [InlineData("1024", null, 0, "2048", null, "2")]
    [InlineData("3", null, 0, "1", null, "0.333333333")]
    [InlineData("1000", null, 500, "1143", null, "0.643")]
    [InlineData("1000", null, 0, "0.0000015", null, "0.000000002")]
    public void A_price_that_is_converted_by_a_power_of_ten_says_for_how_many_units_it_is(string? divide, string? multiply, int free, string used, string? per, string? quantity)
    {
        var price = new PriceDraft
        {
            Id = "tokens",
            Kind = PriceKind.PerUnit,
            UnitPrice = 0.25m,
            FreeUnits = free == 0 ? null : free / 1000m,
            Convert = new ConversionDraft { Divide = Number(divide), Multiply = Number(multiply) },
        };
        var scene = new Scene(card: Scene.CardOf(Scene.Meter("tokens", price)));
        scene.Grant("plan", "1000");
        scene.Charge("c", "tokens", used);
        var row = Assert.Single(Assert.Single(Charges(scene)));
        var tier = Assert.IsType<JsonObject>(Assert.Single(JsonNode.Parse(row.Tiers!)!.AsArray()));
        Assert.Equal((per, quantity), ((string?)tier["per"], (string?)tier["quantity"]));

        // Whoever reads it comes to the quantity that was priced.
        var priced = Assert.Single(Assert.Single(scene.Entries.OfType<Charged>()).Lines[0].Priced.Tiers);
        Assert.Equal(priced.Quantity, Quantity.From(Number((string?)tier["quantity"]) ?? row.Quantity!.Value.Value / (Number((string?)tier["per"]) ?? 1)));
    }

    private static decimal? Number(string? text) => text is null ? null : decimal.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The rows of each charge.</summary>
    private static List<List<LedgerRow>> Charges(Scene scene) =>
        [.. SegmentTests.Rows("acme", scene.Entries).Where(static row => row.Kind == EntryKind.Charged).GroupBy(static row => row.Sequence).Select(static rows => rows.ToList())];
}
