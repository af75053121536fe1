using CsCheck;
using Metering.Core.Accounts;
using Metering.Core.Charges;

namespace Metering.Core.Tests.Accounts;

/// <summary>Reversals of charges that the account has forgotten, by what its entries say of them.</summary>
public sealed class OldReversalTests
{
    private static readonly AccountLimits Mindful = new() { IdWindow = TimeSpan.FromDays(365) };
    private static readonly AccountLimits Forgetful = Mindful with { MaxIds = 3 };

    private static readonly Gen<(int Kind, int Charge, int Quantity, int Pause)> Step = Gen.Select(Gen.Int[0, 9], Gen.Int[0, 30], Gen.Int[0, 4], Gen.Int[0, 40]);

    [Fact]
    public void An_account_that_forgets_gives_back_as_one_that_does_not_whatever_is_asked() => Step.Array[1, 120].Sample(
        steps =>
        {
            var (remembers, forgets) = (new Scene(Mindful), new Scene(Forgetful));
            Each(scene => scene.Grant(Scene.Terms("first", "40", priority: 1, expiresAt: Scene.Start.AddHours(20))));
            Each(scene => scene.Grant("second", "200"));
            for (var i = 0; i < steps.Length; i++)
            {
                var (kind, charge, quantity, pause) = steps[i];
                Each(scene => scene.Clock += TimeSpan.FromMinutes(pause));
                if (kind < 5)
                {
                    Each(scene => scene.Charge($"c{i}", kind < 3 ? "tokens" : "disk", $"{quantity}", ChargeMode.Record));
                    continue;
                }

                var id = kind == 9 ? $"r{i - 1}" : $"r{i}";
                var asked = kind < 7 ? null : $"{quantity + 1}";
                var expected = remembers.Reverse(id, $"c{charge}", asked);
                var actual = forgets.Reverse(id, $"c{charge}", asked, forgets.Evidence($"c{charge}"));
                Assert.Equal((expected.Outcome, expected.Replayed, expected.Reversed?.Payment.ToString()), (actual.Outcome, actual.Replayed, actual.Reversed?.Payment.ToString()));
                Assert.Equal(remembers.Account.Balance, forgets.Account.Balance);
                if (i % 7 == 0)
                {
                    forgets.Restart();
                }
            }

            Assert.Equal(Scene.Bytes(forgets.Replayed()), Scene.Bytes(forgets.Account));

            void Each(Action<Scene> act)
            {
                act(remembers);
                act(forgets);
            }
        },
        iter: 400);

    [Fact]
    public void A_charge_that_is_forgotten_is_not_given_back_without_evidence()
    {
        var scene = Forgot();
        var decision = scene.Reverse("r", "old");
        Assert.Equal((Outcome.ChargeNotFound, true), (decision.Outcome, decision.NeedsEvidence));
        Assert.Equal(Outcome.Done, scene.Reverse("r", "old", evidence: scene.Evidence("old")).Outcome);
        Assert.Equal(Outcome.ExceedsCharge, scene.Reverse("again", "old", evidence: scene.Evidence("old")).Outcome);
    }

    [Fact]
    public void Evidence_that_a_reversal_came_after_is_not_taken()
    {
        var scene = Forgot();
        var evidence = scene.Evidence("old")!;
        Assert.Equal(Outcome.Done, scene.Reverse("r1", "old", evidence: evidence).Outcome);
        var late = scene.Reverse("r2", "old", evidence: evidence);
        Assert.Equal((Outcome.ChargeNotFound, true), (late.Outcome, late.NeedsEvidence));

        // Nor after a restart, when the account cannot know whether one came.
        scene.Charge("one more", "calls", "1");
        evidence = evidence with { Through = scene.Account.Sequence - 1 };
        scene.Restart();
        Assert.True(scene.Reverse("r2", "old", evidence: evidence).NeedsEvidence);
        Assert.Equal("100", (scene.Account.Balance + Scene.Of("4")).ToString());
    }

    [Fact]
    public void A_retry_of_a_reversal_that_was_forgotten_hears_the_original_answer()
    {
        var scene = Forgot();
        var original = scene.Reverse("r", "old", "2", scene.Evidence("old")).Reversed!;
        Forget(scene);
        var again = scene.Reverse("r", "old", "2", scene.Evidence("old"));
        Assert.Equal((Outcome.Done, true, original.Sequence), (again.Outcome, again.Replayed, again.Reversed!.Sequence));
        Assert.Equal(Outcome.IdReused, scene.Reverse("r", "old", "1", scene.Evidence("old")).Outcome);
    }

    [Fact]
    public void Nothing_is_kept_of_what_was_given_back_of_forgotten_charges()
    {
        var scene = Forgot();
        Forget(scene);
        var before = Scene.State(scene.Account).Length;
        for (var i = 0; i < 5; i++)
        {
            scene.Reverse($"r{i}", "old", "1", scene.Evidence("old"));
        }

        Forget(scene);
        Assert.InRange(Scene.State(scene.Account).Length, 0, before + 20);
    }

    /// <summary>An account of 100 credits that has forgotten charge <c>old</c> of 5.</summary>
    private static Scene Forgot()
    {
        var scene = new Scene(Forgetful);
        scene.Grant("plan", "100");
        scene.Charge("old", "calls", "5");
        Forget(scene);
        return scene;
    }

    private static void Forget(Scene scene)
    {
        for (var i = 0; i < Forgetful.MaxIds; i++)
        {
            scene.Charge($"new{scene.Account.Sequence}", "calls", "1");
        }
    }
}
