using Metering.Core.Accounts;
using Metering.Core.Charges;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class ProducerTests
{
    [Fact]
    public void A_repeat_is_answered_as_a_repeat_a_gap_blocks_nothing_and_late_numbers_arrive_within_the_window()
    {
        var scene = Rich();
        var first = Send(scene, 1).Charged!;
        Assert.Equal(Outcome.Done, Send(scene, 64).Outcome);
        Assert.True(Send(scene, 1).Replayed);
        Assert.Equal(first.Encoded, Send(scene, 1).Charged!.Encoded);
        Assert.False(Send(scene, 2).Replayed);

        Assert.Equal(Outcome.Done, Send(scene, 1_000_000).Outcome);
        Assert.False(Send(scene, 1_000_000 - 63).Replayed);
        Assert.Equal(Outcome.TooOld, Send(scene, 1_000_000 - 64).Outcome);
        Assert.Equal(Outcome.TooOld, Send(scene, 64).Outcome);
        Assert.Equal("95", scene.Account.Balance.ToString());
    }

    [Fact]
    public void A_number_with_another_body_is_refused()
    {
        var scene = Rich();
        Send(scene, 5);
        Assert.Equal(Outcome.IdReused, Send(scene, 5, quantity: "2").Outcome);
        Assert.Equal(Outcome.Done, Send(scene, 5, producer: "q").Outcome);
    }

    [Fact]
    public void A_refused_number_is_not_remembered()
    {
        var scene = Rich();
        Assert.Equal(Outcome.InsufficientCredits, Send(scene, 7, quantity: "101").Outcome);
        scene.Grant("more", "1");
        Assert.Equal(Outcome.Done, Send(scene, 7, quantity: "101").Outcome);
    }

    [Fact]
    public void Numbers_and_names_share_one_set_of_ids()
    {
        var scene = Rich();
        Send(scene, 5);
        Assert.Equal(Outcome.IdReused, scene.Charge("p:5", "calls", "1").Outcome);
        Assert.Equal(Outcome.IdReused, scene.Hold("p:5", "1").Outcome);
        scene.Charge("p:6", "calls", "1");
        Assert.Equal(Outcome.IdReused, Send(scene, 6).Outcome);
        Assert.Equal(Outcome.Done, Send(scene, 7).Outcome);
    }

    [Fact]
    public void Memory_is_the_same_however_many_charges_come_and_the_window_survives_a_restart()
    {
        var scene = new Scene();
        scene.Grant("plan", "1000000");
        var sizes = new List<int>();
        foreach (var through in new[] { 200, 2_000, 20_000 })
        {
            for (var number = through / 2; number <= through; number++)
            {
                Send(scene, number);
                if (number % 500 == 0)
                {
                    scene.Reverse($"r{number}", $"p:{number}");
                }
            }

            scene.Clock = scene.Clock.AddHours(25);
            scene.Charge($"forgets-{through}", "calls", "0");
            sizes.Add(Bytes(scene.Account).Length);
        }

        Assert.InRange(sizes[2], 1, sizes[0] + 1_000);
        scene.Restart();
        Assert.True(Send(scene, 20_000 - 63).Replayed);
        Assert.Equal(Outcome.TooOld, Send(scene, 20_000 - 64).Outcome);
    }

    [Fact]
    public void A_numbered_charge_is_reversed_by_its_number_as_long_as_it_is_known()
    {
        var scene = Rich();
        Send(scene, 1, quantity: "5");
        Assert.Equal("-2", scene.Reverse("r1", "p:1", "2").Reversed!.Payment.Credits.ToString());
        Assert.Equal("-3", scene.Reverse("r2", "p:1").Reversed!.Payment.Credits.ToString());
        Assert.Equal(Outcome.ExceedsCharge, scene.Reverse("r3", "p:1").Outcome);
        Send(scene, 65);
        Assert.Equal(Outcome.ChargeNotFound, scene.Reverse("r3", "p:1").Outcome);
    }

    [Fact]
    public void Producers_silent_for_long_make_room_and_others_do_not()
    {
        var scene = new Scene(new AccountLimits { MaxProducers = 1 });
        scene.Grant("plan", "10");
        Send(scene, 1, producer: "old");
        Assert.Equal(Outcome.TooManyProducers, Send(scene, 1, producer: "new").Outcome);
        scene.Clock = Start.AddHours(24).AddTicks(-1);
        Assert.Equal(Outcome.TooManyProducers, Send(scene, 1, producer: "new").Outcome);
        scene.Clock = Start.AddHours(24);
        Assert.Equal(Outcome.Done, Send(scene, 1, producer: "new").Outcome);
        Assert.Equal(Bytes(scene.Account), Bytes(scene.Replayed()));
    }

    private static Scene Rich()
    {
        var scene = new Scene();
        scene.Grant("plan", "100");
        return scene;
    }

    private static ChargeDecision Send(Scene scene, long number, string quantity = "1", string producer = "p") =>
        scene.Charge(new Charge($"{producer}:{number}", [Line("calls", quantity)], null, ChargeMode.Enforce, producer, number));
}
