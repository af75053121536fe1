using Metering.Contracts;
using static Metering.Grains.Tests.RateCards.CardDrafts;
using static Metering.Grains.Tests.RateCards.RateCardCluster;

namespace Metering.Grains.Tests.RateCards;

public sealed class RateCardGrainTests
{
    [Fact]
    public async Task The_first_version_takes_effect_at_once_and_reads_back_as_it_was_published()
    {
        await using var cluster = await RateCardCluster.Start();
        var published = Reply(await cluster.Card("default").Publish(Everything()));
        Assert.Equal(("default", 1, Noon), (published.Id, published.Version, published.EffectiveFrom));
        Assert.Matches("^[0-9a-f]{64}$", published.ContentHash);

        var view = Reply(await cluster.Card("default").Get(null));
        Assert.Equal((1, 1, Noon, Noon, published.ContentHash), (view.Version, view.LatestVersion, view.EffectiveFrom, view.PublishedAt, view.ContentHash));
        Assert.Null(view.Card.EffectiveFrom);
        Assert.Equal(published.ContentHash, RateCardContent.Hash(view.Card));
        Assert.Equal("output", view.Card.Meters[0].Prices[0].When["kind"]);
        Assert.Equal(10m, view.Card.Meters[0].Prices[0].Tiers[0].UpTo);
    }

    [Fact]
    public async Task A_faulty_draft_is_refused_with_every_fault_and_publishes_nothing()
    {
        await using var cluster = await RateCardCluster.Start();
        var draft = Calls(-1m, Noon.AddTicks(-1)) with { CreditDefinition = new('x', 1_025) };
        Assert.Equal(
            [("creditDefinition", "too_long"), ("meters[0].prices[0].unitPrice", "out_of_range"), ("effectiveFrom", "in_past")],
            Faults(await cluster.Card("default").Publish(draft)));
        Assert.Equal(Code.RateCardNotFound, (await cluster.Card("default").Get(null)).Refusal?.Code);
        Assert.Equal([("meters", "required")], Faults(await cluster.Card("default").Publish(new RateCardDraft { Meters = null! })));
        Assert.Equal([("id", "bad_format")], Faults(await cluster.Card("not a name").Publish(Calls(1m))));
    }

    [Fact]
    public async Task Publishing_the_same_again_answers_the_version_there_is()
    {
        await using var cluster = await RateCardCluster.Start();
        var first = Reply(await cluster.Card("default").Publish(Calls(1m)));
        cluster.Clock.Now = Noon.AddDays(1);
        Assert.Equal(first, Reply(await cluster.Card("default").Publish(Calls(1.000m))));

        // Its own instant is in the past by now, and still names the same version.
        Assert.Equal(first, Reply(await cluster.Card("default").Publish(Calls(1m, Noon))));
        Assert.Equal(1, Reply(await cluster.Card("default").Get(null)).LatestVersion);
    }

    [Fact]
    public async Task The_same_content_at_another_instant_is_another_version()
    {
        await using var cluster = await RateCardCluster.Start();
        _ = Reply(await cluster.Card("default").Publish(Calls(1m)));
        Assert.Equal(2, Reply(await cluster.Card("default").Publish(Calls(1m, Noon.AddHours(1)))).Version);
    }

    [Fact]
    public async Task Content_of_an_older_version_is_another_version()
    {
        await using var cluster = await RateCardCluster.Start();
        _ = Reply(await cluster.Card("default").Publish(Calls(1m)));
        _ = Reply(await cluster.Card("default").Publish(Calls(2m)));
        Assert.Equal(3, Reply(await cluster.Card("default").Publish(Calls(1m))).Version);
    }

    [Fact]
    public async Task A_version_may_take_effect_now_or_later_but_not_before()
    {
        await using var cluster = await RateCardCluster.Start();
        Assert.Equal([("effectiveFrom", "in_past")], Faults(await cluster.Card("default").Publish(Calls(1m, Noon.AddTicks(-1)))));
        Assert.Equal(Noon, Reply(await cluster.Card("default").Publish(Calls(1m, Noon))).EffectiveFrom);
        Assert.Equal(Noon.AddHours(1), Reply(await cluster.Card("default").Publish(Calls(2m, Noon.AddHours(1)))).EffectiveFrom);
    }

    [Fact]
    public async Task A_version_does_not_take_effect_before_the_one_it_follows()
    {
        await using var cluster = await RateCardCluster.Start();
        _ = Reply(await cluster.Card("default").Publish(Calls(1m, Noon.AddHours(1))));
        Assert.Equal([("effectiveFrom", "conflict")], Faults(await cluster.Card("default").Publish(Calls(2m, Noon.AddHours(1).AddTicks(-1)))));
        Assert.Equal(2, Reply(await cluster.Card("default").Publish(Calls(2m, Noon.AddHours(1)))).Version);

        // Left out, it is the earliest allowed; and of two at the same instant the later one prices.
        var third = Reply(await cluster.Card("default").Publish(Calls(3m)));
        Assert.Equal((3, Noon.AddHours(1)), (third.Version, third.EffectiveFrom));
        Assert.Equal(3, (await cluster.Cache().LoadAsync("default"))?.EffectiveAt(Noon.AddHours(1))?.Version);
    }

    [Fact]
    public async Task With_a_lead_time_a_version_takes_effect_that_far_ahead()
    {
        var lead = TimeSpan.FromSeconds(30);
        await using var cluster = await RateCardCluster.Start(options => options.LeadTime = lead);
        Assert.Equal([("effectiveFrom", "in_past")], Faults(await cluster.Card("default").Publish(Calls(1m, Noon + lead - TimeSpan.FromTicks(1)))));
        Assert.Equal(Noon + lead, Reply(await cluster.Card("default").Publish(Calls(1m, Noon + lead))).EffectiveFrom);
        cluster.Clock.Now = Noon.AddHours(1);
        Assert.Equal(Noon.AddHours(1) + lead, Reply(await cluster.Card("default").Publish(Calls(2m))).EffectiveFrom);
    }

    [Fact]
    public async Task A_clock_set_back_does_not_reorder_versions()
    {
        await using var cluster = await RateCardCluster.Start();
        _ = Reply(await cluster.Card("default").Publish(Calls(1m)));
        cluster.Clock.Now = Noon.AddHours(-1);
        Assert.Equal(Noon, Reply(await cluster.Card("default").Publish(Calls(2m))).EffectiveFrom);
        Assert.Equal([("effectiveFrom", "in_past")], Faults(await cluster.Card("default").Publish(Calls(3m, Noon.AddMinutes(-30)))));
    }

    [Fact]
    public async Task Versions_are_read_one_by_one_or_from_one_on()
    {
        await using var cluster = await RateCardCluster.Start();
        var card = cluster.Card("default");
        for (var price = 1; price <= 3; price++)
        {
            _ = Reply(await card.Publish(Calls(price)));
        }

        var second = Reply(await card.Get(2));
        Assert.Equal((2, 3, 2m), (second.Version, second.LatestVersion, second.Card.Meters[0].Prices[0].UnitPrice));
        Assert.Equal(Code.RateCardNotFound, (await card.Get(4)).Refusal?.Code);
        Assert.Equal(Code.RateCardNotFound, (await card.Get(0)).Refusal?.Code);
        Assert.Equal([2, 3], (await card.GetAfter(1)).Select(view => view.Version));
        Assert.Empty(await card.GetAfter(3));
        Assert.Empty(await cluster.Card("nobody").GetAfter(0));
    }

    [Fact]
    public async Task Versions_outlive_the_activation()
    {
        await using var cluster = await RateCardCluster.Start();
        var card = cluster.Card("default");
        var published = Reply(await card.Publish(Everything()));
        await cluster.Cluster.DeactivateAsync(card);
        var reads = cluster.Storage.Reads;
        var view = Reply(await card.Get(null));
        Assert.True(cluster.Storage.Reads > reads, "The card should be read from storage again.");
        Assert.Equal((published.Version, published.ContentHash), (view.Version, RateCardContent.Hash(view.Card)));
        Assert.Equal(published, Reply(await card.Publish(Everything())));
    }

    [Fact]
    public async Task A_write_that_failed_publishes_nothing_and_can_be_sent_again()
    {
        await using var cluster = await RateCardCluster.Start();
        var card = cluster.Card("default");
        _ = Reply(await card.Publish(Calls(1m)));
        cluster.Storage.NextWrite = UnsteadyStorage.Failure.Before;
        Assert.Equal(Code.Unavailable, (await card.Publish(Calls(2m))).Refusal?.Code);
        Assert.Equal(1, Reply(await card.Get(null)).LatestVersion);
        Assert.Equal(1, (await cluster.Cache().LoadAsync("default"))?.LatestVersion);
        Assert.Equal(2, Reply(await card.Publish(Calls(2m))).Version);
    }

    [Fact]
    public async Task A_write_whose_answer_got_lost_is_found_when_it_is_sent_again()
    {
        await using var cluster = await RateCardCluster.Start();
        var card = cluster.Card("default");
        _ = Reply(await card.Publish(Calls(1m)));
        cluster.Storage.NextWrite = UnsteadyStorage.Failure.After;
        Assert.Equal(Code.Unavailable, (await card.Publish(Calls(2m))).Refusal?.Code);
        Assert.Equal(2, Reply(await card.Get(null)).LatestVersion);
        cluster.Clock.Now = Noon.AddHours(1);
        var again = Reply(await card.Publish(Calls(2m)));
        Assert.Equal((2, Noon), (again.Version, again.EffectiveFrom));
    }

    [Fact]
    public async Task A_card_keeps_a_bounded_number_of_versions()
    {
        await using var cluster = await RateCardCluster.Start(options => options.MaxVersions = 2);
        _ = Reply(await cluster.Card("default").Publish(Calls(1m)));
        _ = Reply(await cluster.Card("default").Publish(Calls(2m)));
        Assert.Equal(Code.OutOfRange, (await cluster.Card("default").Publish(Calls(3m))).Refusal?.Code);
        Assert.Equal(2, Reply(await cluster.Card("default").Publish(Calls(2m))).Version);
    }

    [Fact]
    public async Task The_silos_cache_prices_by_a_version_as_soon_as_it_is_answered()
    {
        await using var cluster = await RateCardCluster.Start();
        var cache = cluster.Cache();
        Assert.Null(await cache.LoadAsync("default"));
        _ = Reply(await cluster.Card("default").Publish(Calls(1m)));
        Assert.True(cache.TryGet("default", out var first) && first?.EffectiveAt(Noon)?.Version == 1, "The first version should be there at once.");
        _ = Reply(await cluster.Card("default").Publish(Calls(2m)));
        Assert.True(cache.TryGet("default", out var second) && second?.EffectiveAt(Noon)?.Version == 2, "The second version should be there at once.");
        Assert.False(cache.IsStale);
    }

    [Fact]
    public async Task Another_silo_learns_of_a_version_when_it_refreshes()
    {
        await using var cluster = await RateCardCluster.Start(options => options.LeadTime = TimeSpan.FromHours(1), silos: 2);
        _ = Reply(await cluster.Card("default").Publish(Calls(1m)));
        Assert.Equal(1, (await cluster.Cache(0).LoadAsync("default"))?.LatestVersion);
        Assert.Equal(1, (await cluster.Cache(1).LoadAsync("default"))?.LatestVersion);
        _ = Reply(await cluster.Card("default").Publish(Calls(2m)));
        await cluster.Cache(0).RefreshAsync(TestContext.Current.CancellationToken);
        await cluster.Cache(1).RefreshAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, (await cluster.Cache(0).LoadAsync("default"))?.LatestVersion);
        Assert.Equal(2, (await cluster.Cache(1).LoadAsync("default"))?.LatestVersion);
    }

    [Fact(Timeout = 180_000)]
    public async Task Silos_refresh_by_themselves_while_they_are_active()
    {
        await using var cluster = await RateCardCluster.Start(
            options =>
            {
                options.LeadTime = TimeSpan.FromMinutes(1);
                options.RefreshInterval = TimeSpan.FromMilliseconds(20);
            },
            silos: 2);
        _ = Reply(await cluster.Card("default").Publish(Calls(1m)));
        _ = await cluster.Cache(0).LoadAsync("default");
        _ = await cluster.Cache(1).LoadAsync("default");
        _ = Reply(await cluster.Card("default").Publish(Calls(2m)));

        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!Knows(cluster.Cache(0), version: 2) || !Knows(cluster.Cache(1), version: 2))
        {
            await poll.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    private static bool Knows(Grains.RateCards cards, int version) => cards.TryGet("default", out var card) && card?.LatestVersion == version;

    private static T Reply<T>(Answer<T> answer)
        where T : class
    {
        Assert.True(answer.Reply is not null, $"There should be a reply, but it was refused: {answer.Refusal?.Detail}");
        return answer.Reply;
    }

    private static (string Path, string Code)[] Faults(Answer<PublishReply> answer)
    {
        Assert.Equal(Code.InvalidRequest, answer.Refusal?.Code);
        return [.. answer.Refusal!.Errors.Select(fault => (fault.Path, fault.Code))];
    }
}
