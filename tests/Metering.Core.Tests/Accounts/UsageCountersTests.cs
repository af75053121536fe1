using System.Globalization;
using Metering.Core.Pricing;

namespace Metering.Core.Tests.Accounts;

/// <summary>How much was used under each price in a period: what the next line's price goes on from.</summary>
public sealed class UsageCountersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(40)]
    public void However_many_prices_an_account_is_charged_by_each_goes_on_from_its_own_quantity(int prices)
    {
        var scene = new Scene(card: Scene.CardOf([.. Enumerable.Range(0, prices).Select(Tiered)]));
        scene.Grant("plan", "1000000");
        for (var round = 0; round < 3; round++)
        {
            for (var price = 0; price < prices; price++)
            {
                var line = scene.Charge($"c{round}.{price}", Name(price), Text(price + 1)).Charged!.Lines[0];
                Assert.Equal(round * (price + 1), line.QuantityBefore.Value);
            }

            scene.Restart();
        }

        scene.Reverse("r", "c2.0");
        Assert.Equal(
            Enumerable.Range(0, prices).Select(price => (Name(price), price == 0 ? 2m : 3m * (price + 1))),
            scene.Account.Counters.Select(counter => (counter.Price.Meter, counter.Quantity.Value)).Order());
        Assert.Equal(Scene.Bytes(scene.Replayed()), Scene.Bytes(scene.Account));
    }

    [Fact]
    public void The_next_version_of_a_card_goes_on_from_what_was_used_under_the_one_before()
    {
        var scene = new Scene(card: Scene.CardOf(Tiered(0)));
        scene.Grant("plan", "1000000");
        scene.Charge("before", Name(0), "7");

        scene.Card = Scene.CardOf(Tiered(0));

        Assert.Equal(7m, scene.Charge("after", Name(0), "1").Charged!.Lines[0].QuantityBefore.Value);
        Assert.Equal(8m, scene.Account.Counters.Single().Quantity.Value);
    }

    private static MeterDraft Tiered(int price) => Scene.Meter(
        Name(price), new PriceDraft { Id = "p", Kind = PriceKind.Graduated, Tiers = [new() { UpTo = 2m, UnitPrice = 2m }, new() { UnitPrice = 1m }] });

    private static string Name(int price) => $"meter{price:D2}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
