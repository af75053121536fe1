using Metering.Core.Accounts;
using Metering.Core.Charges;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

public sealed class IdempotencyTests
{
    [Fact]
    public void Retry_of_the_charge_that_emptied_the_account_gets_the_original_answer()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        var original = scene.Charge("c1", "calls", "10").Charged!;
        scene.Grant("more", "50");
        scene.Charge("c2", "calls", "3");

        var retry = scene.Charge("c1", "calls", "10");

        Assert.True(retry.Replayed);
        Assert.Equal(original.Encoded, retry.Charged!.Encoded);
        Assert.Equal("47", scene.Account.Balance.ToString());
    }

    [Theory]
    [InlineData("calls", "2", ChargeMode.Enforce, false)]
    [InlineData("drops", "1", ChargeMode.Enforce, false)]
    [InlineData("calls", "1", ChargeMode.Record, false)]
    [InlineData("calls", "1", ChargeMode.Enforce, true)]
    public void The_same_id_with_another_body_is_refused(string meter, string quantity, ChargeMode mode, bool stamped)
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "1");
        var before = Bytes(scene.Account);

        Assert.Equal(Outcome.IdReused, scene.Charge(Use("c1", meter, quantity, mode, stamped ? Start : null)).Outcome);
        Assert.Equal(before, Bytes(scene.Account));
    }

    [Fact]
    public void Dimensions_and_the_number_of_lines_belong_to_the_body()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge(new Charge("c1", [Line("calls", "1", new Dimension("team", "a"))], null, ChargeMode.Enforce));

        Assert.Equal(Outcome.IdReused, scene.Charge(new Charge("c1", [Line("calls", "1", new Dimension("team", "b"))], null, ChargeMode.Enforce)).Outcome);
        Assert.Equal(Outcome.IdReused, scene.Charge(new Charge("c1", [Line("calls", "1", new Dimension("team", "a")), Line("calls", "0")], null, ChargeMode.Enforce)).Outcome);
        Assert.True(scene.Charge(new Charge("c1", [Line("calls", "1.0", new Dimension("team", "a"))], null, ChargeMode.Enforce)).Replayed);
    }

    [Fact]
    public void An_id_is_remembered_until_its_window_has_passed()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "1");

        scene.Clock = Start.AddHours(24).AddTicks(-1);
        scene.Charge("tick", "calls", "0");
        Assert.True(scene.Charge("c1", "calls", "1").Replayed);

        scene.Clock = Start.AddHours(24);
        scene.Charge("tock", "calls", "0");
        Assert.Null(scene.Account.FindCharge("c1"));
    }

    [Fact]
    public void At_most_the_stated_number_of_ids_is_remembered_the_oldest_goes_first()
    {
        var scene = new Scene(new AccountLimits { MaxIds = 3 });
        scene.Grant("plan", "10");
        foreach (var id in new[] { "c1", "c2", "c3", "c4" })
        {
            scene.Charge(id, "calls", "1");
        }

        Assert.Equal(3, scene.Account.RememberedCount);
        Assert.Null(scene.Account.FindCharge("c1"));
        Assert.NotNull(scene.Account.FindCharge("c2"));
    }

    [Fact]
    public void A_request_stamped_no_later_than_a_forgotten_one_is_too_old_and_one_stamped_later_is_not()
    {
        var scene = new Scene(new AccountLimits { MaxIds = 1 });
        scene.Grant("plan", "10");
        var stamp = Start.AddMinutes(-10);
        scene.Charge(Use("c1", "calls", "1", time: stamp));
        scene.Charge("pushes-c1-out", "calls", "1");

        Assert.Equal(Outcome.TooOld, scene.Charge(Use("c1", "calls", "1", time: stamp)).Outcome);
        Assert.Equal(Outcome.TooOld, scene.Charge(Use("new", "calls", "1", time: stamp.AddTicks(-1))).Outcome);
        Assert.Equal(Outcome.Done, scene.Charge(Use("newer", "calls", "1", time: stamp.AddTicks(1))).Outcome);
    }

    [Fact]
    public void A_charge_sent_again_is_never_charged_when_its_id_may_be_forgotten()
    {
        var scene = new Scene(new AccountLimits { MaxIds = 1 });
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "1");
        scene.Clock = Start.AddSeconds(10);
        scene.Charge("pushes-c1-out", "calls", "1");
        scene.Restart();
        scene.Clock = Start.AddSeconds(20);

        // What is forgotten was used no later than what is remembered, which is from the tenth second; a second is for the way.
        Assert.Equal(Outcome.TooOld, scene.Charge(Use("c1", "calls", "1") with { FirstSentAgo = TimeSpan.FromSeconds(20) }).Outcome);
        Assert.Equal(Outcome.TooOld, scene.Charge(Use("new", "calls", "1") with { FirstSentAgo = TimeSpan.FromSeconds(9) }).Outcome);
        Assert.True(scene.Charge(Use("pushes-c1-out", "calls", "1") with { FirstSentAgo = TimeSpan.FromHours(1) }).Replayed);
        Assert.Equal(Outcome.Done, scene.Charge(Use("newer", "calls", "1") with { FirstSentAgo = TimeSpan.FromSeconds(9) - TimeSpan.FromTicks(1) }).Outcome);
        Assert.Equal("7", scene.Account.Balance.ToString());
    }

    [Fact]
    public void A_charge_sent_again_is_charged_where_no_id_was_ever_forgotten_and_says_the_same_as_the_first()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("other", "calls", "1");

        Assert.False(scene.Charge(Use("c1", "calls", "1") with { FirstSentAgo = TimeSpan.FromDays(300) }).Replayed);
        Assert.True(scene.Charge("c1", "calls", "1").Replayed);
        Assert.Equal("8", scene.Account.Balance.ToString());
    }

    [Fact]
    public void What_is_remembered_and_forgotten_survives_a_restart()
    {
        var scene = new Scene(new AccountLimits { MaxIds = 2 });
        scene.Grant("plan", "10");
        scene.Charge(Use("c1", "calls", "1", time: Start));
        scene.Charge("c2", "calls", "1");
        scene.Charge("c3", "calls", "1");
        scene.Restart();

        Assert.True(scene.Charge("c2", "calls", "1").Replayed);
        Assert.Equal(Outcome.TooOld, scene.Charge(Use("c1", "calls", "1", time: Start)).Outcome);
    }

    [Fact]
    public void A_grant_with_the_same_terms_gets_the_original_answer_whatever_happened_since()
    {
        var scene = new Scene();
        var terms = Terms("plan", "10", expiresAt: Start.AddDays(1));
        var original = scene.Grant(terms).Answer!;
        scene.Charge("c1", "calls", "4");
        scene.Restart();
        scene.Clock = Start.AddDays(2);

        var retry = scene.Grant(Terms("plan", "10.0", expiresAt: Start.AddDays(1)));

        Assert.Equal(Outcome.Done, retry.Outcome);
        Assert.Equal(original with { Replayed = true }, retry.Answer);
        Assert.Equal(Outcome.IdReused, scene.Grant(Terms("plan", "11", expiresAt: Start.AddDays(1))).Outcome);
    }

    [Fact]
    public void Voiding_again_gets_the_original_answer()
    {
        var scene = new Scene();
        scene.Grant("plan", "10");
        scene.Charge("c1", "calls", "4");
        var original = scene.Void("plan").Answer!;
        scene.Grant("more", "1");
        scene.Restart();

        Assert.Equal(original with { Replayed = true }, scene.Void("plan").Answer);
        Assert.Equal("6", original.Credits.ToString());
        Assert.Equal("1", scene.Account.Balance.ToString());
        Assert.Equal(Outcome.GrantNotFound, scene.Void("other").Outcome);
    }
}
