using Metering.Contracts;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Metering.Grains.Tests.RateCards;

/// <summary>The silo's cache, with a source that answers when it is told to and a clock advanced by hand.</summary>
public sealed class RateCardsTests
{
    private static readonly TimeSpan Lead = TimeSpan.FromSeconds(30);
    private readonly FakeTimeProvider _time = new(RateCardCluster.Noon);
    private readonly Source _source = new();

    [Fact]
    public async Task A_card_is_loaded_once_however_many_ask()
    {
        var cards = Cards();
        Assert.False(cards.TryGet("default", out _));
        _source.Publish("default", 1);
        var gate = _source.Hold();
        var loads = Enumerable.Range(0, 10).Select(_ => cards.LoadAsync("default").AsTask()).ToArray();
        gate.SetResult();
        var loaded = await Task.WhenAll(loads);
        Assert.All(loaded, card => Assert.Equal(1, card?.LatestVersion));
        Assert.Equal(1, _source.Asked);
        Assert.True(cards.TryGet("default", out var cached));
        Assert.Same(loaded[0], cached);
    }

    [Fact]
    public async Task A_card_that_is_not_there_is_asked_for_again_after_a_while()
    {
        var cards = Cards();
        Assert.Null(await cards.LoadAsync("default"));
        _source.Publish("default", 1);
        _time.Advance(TimeSpan.FromSeconds(2) - TimeSpan.FromTicks(1));
        Assert.True(cards.TryGet("default", out var missing) && missing is null, "For two seconds it should be known not to be there.");
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(cards.TryGet("default", out _));
        Assert.Equal(1, (await cards.LoadAsync("default"))?.LatestVersion);
    }

    [Fact]
    public async Task A_source_that_fails_is_asked_again()
    {
        var cards = Cards();
        _source.Failing = true;
        await Assert.ThrowsAsync<TimeoutException>(async () => await cards.LoadAsync("default"));
        _source.Failing = false;
        _source.Publish("default", 1);
        Assert.Equal(1, (await cards.LoadAsync("default"))?.LatestVersion);
    }

    [Fact]
    public async Task A_card_that_could_not_be_refreshed_for_the_lead_time_is_not_handed_out()
    {
        var cards = Cards(Lead);
        _source.Publish("default", 1);
        _ = await cards.LoadAsync("default");
        _source.Failing = true;
        _time.Advance(Lead - TimeSpan.FromTicks(1));
        await cards.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.True(cards.TryGet("default", out _));
        Assert.False(cards.IsStale);

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(cards.TryGet("default", out _));
        Assert.True(cards.IsStale);
        await Assert.ThrowsAsync<TimeoutException>(async () => await cards.LoadAsync("default"));

        _source.Failing = false;
        Assert.Equal(1, (await cards.LoadAsync("default"))?.LatestVersion);
        Assert.False(cards.IsStale);
    }

    [Fact]
    public async Task A_refresh_brings_new_versions_and_makes_the_card_young_again()
    {
        var cards = Cards(Lead);
        _source.Publish("default", 1);
        _ = await cards.LoadAsync("default");
        _source.Publish("default", 2);
        _source.Publish("default", 3);
        _time.Advance(Lead / 2);
        await cards.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.True(cards.TryGet("default", out var card) && card?.LatestVersion == 3, "Both new versions should be there.");
        _time.Advance(Lead - TimeSpan.FromTicks(1));
        Assert.True(cards.TryGet("default", out _));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(cards.TryGet("default", out _));
    }

    [Fact]
    public async Task A_card_is_as_old_as_the_question_not_as_the_answer()
    {
        var cards = Cards(Lead);
        _source.Publish("default", 1);
        var gate = _source.Hold();
        var load = cards.LoadAsync("default");
        await _source.FirstAsked;
        _time.Advance(Lead);
        gate.SetResult();
        Assert.NotNull(await load);
        Assert.False(cards.TryGet("default", out _));
    }

    [Fact]
    public async Task Without_a_lead_time_a_card_never_grows_old()
    {
        var cards = Cards();
        _source.Publish("default", 1);
        _ = await cards.LoadAsync("default");
        _time.Advance(TimeSpan.FromDays(365));
        Assert.True(cards.TryGet("default", out _));
        Assert.False(cards.IsStale);
    }

    [Fact]
    public async Task A_version_published_while_the_card_is_on_its_way_is_not_lost()
    {
        var cards = Cards();
        var first = _source.Publish("default", 1);
        var gate = _source.Hold();
        var load = cards.LoadAsync("default");
        await _source.FirstAsked;
        cards.Publish(RateCardMapping.Rebuild(_source.Publish("default", 2)));
        gate.SetResult();
        Assert.Equal(2, (await load)?.LatestVersion);
        Assert.True(cards.TryGet("default", out var card) && card?.LatestVersion == 2, "The version published meanwhile should be in the cache.");
        cards.Publish(RateCardMapping.Rebuild(first));
        Assert.True(cards.TryGet("default", out var same) && ReferenceEquals(same, card), "A version that is there changes nothing.");
    }

    [Fact]
    public async Task A_card_with_a_hole_is_loaded_again()
    {
        var cards = Cards();
        _source.Publish("default", 1);
        _ = await cards.LoadAsync("default");
        _source.Publish("default", 2);
        cards.Publish(RateCardMapping.Rebuild(_source.Publish("default", 3)));
        Assert.False(cards.TryGet("default", out _));
        Assert.Equal(3, (await cards.LoadAsync("default"))?.Versions.Count);
    }

    [Fact]
    public async Task Beyond_its_limit_the_cache_forgets_a_card_that_was_not_used_lately()
    {
        var cards = Cards(configure: options => options.MaxCachedCards = 2);
        _source.Publish("a", 1);
        _source.Publish("b", 1);
        _source.Publish("c", 1);
        _ = await cards.LoadAsync("a");
        _ = await cards.LoadAsync("b");
        _ = await cards.LoadAsync("c");
        Assert.Equal(2, Held(cards, "a", "b", "c"));
        Assert.True(cards.TryGet("c", out _));
        Assert.Equal(1, (await cards.LoadAsync("a"))?.LatestVersion);
        Assert.Equal(1, (await cards.LoadAsync("b"))?.LatestVersion);
        Assert.Equal(2, Held(cards, "a", "b", "c"));
    }

    [Theory]
    [InlineData(0, 5, true)]
    [InlineData(30, 15, true)]
    [InlineData(30, 16, false)]
    [InlineData(-1, 5, false)]
    [InlineData(30, 0, false)]
    public void Settings_that_could_not_work_are_refused(int leadTimeSeconds, int refreshIntervalSeconds, bool valid) =>
        Assert.Equal(
            valid,
            new RateCardOptions { LeadTime = TimeSpan.FromSeconds(leadTimeSeconds), RefreshInterval = TimeSpan.FromSeconds(refreshIntervalSeconds) }.IsValid);

    private static int Held(Grains.RateCards cards, params string[] ids) => ids.Count(id => cards.TryGet(id, out _));

    private Grains.RateCards Cards(TimeSpan leadTime = default, Action<RateCardOptions>? configure = null)
    {
        var options = new RateCardOptions { LeadTime = leadTime };
        configure?.Invoke(options);
        return new Grains.RateCards(_source, Options.Create(options), _time, NullLogger<Grains.RateCards>.Instance);
    }

    private sealed class Source : IRateCardSource
    {
        private readonly Dictionary<string, List<RateCardView>> _published = [];
        private readonly TaskCompletionSource _firstAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _held;
        private int _asked;

        internal bool Failing { get; set; }

        internal int Asked => _asked;

        internal Task FirstAsked => _firstAsked.Task;

        /// <summary>What is asked from now on is answered, as of when it was asked, once the result is set.</summary>
        internal TaskCompletionSource Hold() => _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal RateCardView Publish(string card, int version)
        {
            var view = new RateCardView
            {
                Id = card,
                Version = version,
                EffectiveFrom = RateCardCluster.Noon,
                PublishedAt = RateCardCluster.Noon,
                ContentHash = "",
                Card = CardDrafts.Calls(version),
                LatestVersion = version,
            };
            lock (_published)
            {
                _published.TryAdd(card, []);
                _published[card].Add(view);
            }

            return view;
        }

        public async Task<IReadOnlyList<RateCardView>> GetAfter(string card, int version)
        {
            Interlocked.Increment(ref _asked);
            RateCardView[] views;
            lock (_published)
            {
                views = [.. _published.GetValueOrDefault(card, []).Where(view => view.Version > version)];
            }

            _firstAsked.TrySetResult();
            if (_held is { } held)
            {
                await held.Task;
            }

            return Failing ? throw new TimeoutException("The card's grain does not answer.") : views;
        }
    }
}
