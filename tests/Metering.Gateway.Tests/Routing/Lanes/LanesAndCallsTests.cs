using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Routing.Lanes;

/// <summary>What becomes of charges that the lanes bring no answer to.</summary>
public sealed class LanesAndCallsTests
{
    private static readonly Refusal TooFew = new() { Code = Code.InsufficientCredits, Detail = "Too few." };

    [Fact]
    public async Task What_a_silo_leaves_goes_by_ordinary_calls_in_its_order_and_the_rest_does_not()
    {
        var cluster = new FakeCluster(silos: 2);
        var leaving = cluster.Silos[0];
        leaving.Straight.OnCharge = static charges => Task.FromResult(new Answer<ChargeReply>[charges.Length]);
        var charges = Enumerable.Range(0, 100).Select(i => FakeCluster.Charge($"a{i % 10}", $"c{i}")).ToList();

        var answers = await cluster.Batches().Send([.. charges.Select(static routed => new BatchItem(routed.Account, routed.Charge, null))]);

        Assert.All(answers, static answer => Assert.NotNull(answer.Reply));
        foreach (var account in charges.GroupBy(static routed => routed.Account))
        {
            var called = cluster.Grains.Account(account.Key).Charges.Select(static charge => charge.Id);
            Assert.Equal(cluster.OwnerOf(account.Key) == leaving ? account.Select(static routed => routed.Charge.Id) : [], called);
        }
    }

    [Fact]
    public async Task A_single_charge_that_a_silo_leaves_goes_by_an_ordinary_call()
    {
        var cluster = new FakeCluster(silos: 1);
        cluster.Silos[0].Straight.OnCharge = static charges => Task.FromResult(new Answer<ChargeReply>[charges.Length]);

        var answer = await cluster.Charges().Charge("acme", FakeCluster.Charge("acme", "c").Charge);

        Assert.Equal("c", answer.Reply?.Id);
        Assert.Single(cluster.Grains.Account("acme").Charges);
    }

    [Fact]
    public async Task What_was_in_a_message_that_failed_goes_again_by_the_lanes_and_no_account_is_called()
    {
        var cluster = new FakeCluster(silos: 1);
        cluster.Silos[0].Straight.OnCharge = static _ => throw new SiloUnavailableException();

        var answers = await cluster.Batches().Send([.. Enumerable.Range(0, 5).Select(i => new BatchItem("acme", FakeCluster.Charge("acme", $"c{i}").Charge, null))]);

        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"acme/c{i}"), answers.Select(static answer => answer.Reply?.Id));
        Assert.Single(cluster.Silos[0].Roundabout.Messages);
        Assert.Empty(cluster.Grains.Account("acme").Charges);
    }

    [Fact]
    public async Task A_silo_that_cannot_be_reached_is_left_to_ordinary_calls()
    {
        var cluster = new FakeCluster(silos: 1);
        cluster.Silos[0].Straight.OnCharge = cluster.Silos[0].Roundabout.OnCharge = static _ => throw new SiloUnavailableException();

        var single = await cluster.Charges().Charge("acme", FakeCluster.Charge("acme", "c").Charge);
        var batch = await cluster.Batches().Send([new BatchItem("acme", FakeCluster.Charge("acme", "d").Charge, null), BatchItem.Refused("x", TooFew)]);

        Assert.Equal(["c", "d"], [single.Reply!.Id, batch[0].Reply!.Id]);
        Assert.Same(TooFew, batch[1].Refusal);
    }

    /// <summary>The first attempt, still in some socket, may be done when a grant has come: whoever was told of the refusal would be charged after all.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refusal_is_not_told_while_an_attempt_that_got_no_answer_may_still_be_done(bool inBatch)
    {
        var cluster = new FakeCluster(silos: 1, siloTimeout: TimeSpan.FromMilliseconds(50));
        cluster.Silos[0].Straight.OnCharge = static _ => new TaskCompletionSource<Answer<ChargeReply>[]>().Task;
        cluster.Silos[0].Roundabout.OnCharge = static charges => Task.FromResult(Array.ConvertAll(charges, static _ => (Answer<ChargeReply>)TooFew));
        var began = cluster.Time.GetTimestamp();
        var asked = TimeSpan.Zero;
        cluster.Grains.Account("acme").OnCharge = charge =>
        {
            asked = cluster.Time.GetElapsedTime(began);
            return Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id) with { Replayed = true });
        };
        var charge = FakeCluster.Charge("acme", "c").Charge;

        var answer = inBatch
            ? (await cluster.Batches().Send([BatchItem.Refused("x", TooFew), new BatchItem("acme", charge, null)]))[1]
            : await cluster.Charges().Charge("acme", charge);

        Assert.True(answer.Reply is { Replayed: true }, $"It was charged by the first attempt, and the caller heard {answer.Refusal?.Code}.");
        Assert.True(asked >= Doubt.LastsAfter(TimeSpan.FromMilliseconds(50)), $"It was asked again after {asked.TotalMilliseconds} ms, when the first attempt could still be done.");
        Assert.Single(cluster.Grains.Account("acme").Charges);
    }

    /// <summary>What the lost silo still had of it comes to nothing: it has no partitions any more.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refusal_is_told_once_another_silo_says_it_in_the_place_of_one_that_is_gone(bool inBatch)
    {
        var cluster = new FakeCluster(silos: 2, siloTimeout: TimeSpan.FromMilliseconds(50));
        var (lost, heir) = (cluster.Silos[0], cluster.Silos[1]);
        var account = cluster.AccountOf(lost);
        lost.Straight.OnCharge = static _ => new TaskCompletionSource<Answer<ChargeReply>[]>().Task;
        lost.Roundabout.OnCharge = charges =>
        {
            // Refused while the first attempt is not heard of; and then the cluster declares the silo dead.
            cluster.Silos.Remove(lost);
            cluster.Tell();
            return Task.FromResult(Array.ConvertAll(charges, static _ => (Answer<ChargeReply>)TooFew));
        };

        // The account sleeps there until it is called.
        var isAwake = false;
        cluster.Grains.Account(account).OnGet = () =>
        {
            isAwake = true;
            return Task.FromResult<Answer<AccountView>>(Samples.Account(account));
        };
        heir.Straight.OnCharge = charges => Task.FromResult(Array.ConvertAll(charges, _ => isAwake ? TooFew : default(Answer<ChargeReply>)));
        var began = cluster.Time.GetTimestamp();
        var charge = FakeCluster.Charge(account, "c").Charge;

        var answer = inBatch
            ? (await cluster.Batches().Send([BatchItem.Refused("x", TooFew), new BatchItem(account, charge, null)]))[1]
            : await cluster.Charges().Charge(account, charge);

        Assert.Same(TooFew, answer.Refusal);
        Assert.Equal(2, heir.Straight.Messages.Count);
        Assert.Empty(cluster.Grains.Account(account).Charges);
        Assert.True(cluster.Time.GetElapsedTime(began) < Doubt.LastsAfter(TimeSpan.FromMilliseconds(50)), "It waited for a silo that is gone.");
    }

    [Fact]
    public async Task A_charge_that_was_never_sent_is_in_no_doubt()
    {
        var cluster = new FakeCluster(silos: 1, siloTimeout: TimeSpan.FromMilliseconds(200));
        var accounts = cluster.Neighbours(cluster.Silos[0], 2);
        cluster.Silos[0].Straight.OnCharge = static _ => new TaskCompletionSource<Answer<ChargeReply>[]>().Task;
        cluster.Silos[0].Roundabout.OnCharge = static charges => Task.FromResult(Array.ConvertAll(charges, static _ => (Answer<ChargeReply>)TooFew));
        var began = cluster.Time.GetTimestamp();

        // The second waits in the lane behind the first, whose message fails.
        var first = cluster.Lanes.Charge([FakeCluster.Charge(accounts[0], "sent")], cluster.Deadline);
        await cluster.Silos[0].Straight.Reached;
        var second = await cluster.Charges().Charge(accounts[1], FakeCluster.Charge(accounts[1], "waiting").Charge);

        Assert.NotNull((await first)!.Unheard);
        Assert.Same(TooFew, second.Refusal);
        Assert.True(cluster.Time.GetElapsedTime(began) < Doubt.LastsAfter(TimeSpan.FromMilliseconds(200)), "It waited for what nobody has.");
    }

    [Fact]
    public async Task A_refusal_in_doubt_is_unavailable_when_the_callers_time_is_over_first()
    {
        var cluster = new FakeCluster(silos: 1, siloTimeout: TimeSpan.FromMilliseconds(50));
        cluster.Options.RequestTimeout = TimeSpan.FromSeconds(1);
        cluster.Silos[0].Straight.OnCharge = static _ => throw new TimeoutException();
        cluster.Silos[0].Roundabout.OnCharge = static charges => Task.FromResult(Array.ConvertAll(charges, static _ => (Answer<ChargeReply>)TooFew));

        var single = await cluster.Charges().Charge("acme", FakeCluster.Charge("acme", "c").Charge);

        Assert.Equal(Code.Unavailable, single.Refusal?.Code);
        Assert.Empty(cluster.Grains.Account("acme").Charges);
    }

    [Fact]
    public async Task A_refusal_at_the_first_attempt_is_told_at_once()
    {
        var cluster = new FakeCluster(silos: 1);
        cluster.Silos[0].Straight.OnCharge = static charges => Task.FromResult(Array.ConvertAll(charges, static _ => (Answer<ChargeReply>)TooFew));

        var single = await cluster.Charges().Charge("acme", FakeCluster.Charge("acme", "c").Charge);

        Assert.Equal(Code.InsufficientCredits, single.Refusal?.Code);
        Assert.Single(cluster.Silos[0].Straight.Messages);
    }
}
