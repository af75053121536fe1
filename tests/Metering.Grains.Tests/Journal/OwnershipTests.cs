using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class OwnershipTests
{
    private static readonly TimeSpan ReopenDelay = TimeSpan.FromSeconds(1);

    private readonly FaultyJournalStore _store = new();

    [Fact]
    public async Task Who_opens_later_owns_the_partition_and_the_former_owner_acknowledges_nothing_more()
    {
        using var former = new TestSilo(_store);
        using var latter = new TestSilo(_store);
        var old = await former.Open("acme");
        var idle = await former.Open("globex");
        await old.Append(1, "a1");
        var current = await latter.Open("acme");
        Assert.Equal(["a1"], current.Tail.Text());

        await Assert.ThrowsAsync<JournalLostException>(() => old.Append(2, "stale"));
        Assert.True(old.IsLost);
        Assert.True(idle.IsLost, "All accounts of the lost partition are lost, also those that did nothing.");
        Assert.Throws<JournalLostException>(() => { _ = old.Append(3, "stale"); });
        await current.Append(2, "a2");

        using var third = new TestSilo(_store);
        Assert.Equal(["a1", "a2"], (await third.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Everything_that_waits_behind_a_conflict_fails()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var first = acme.Append(1, "a1");
        var held = await _store.NextHeldAsync();
        var second = acme.Append(2, "a2");
        held.Let(AppendFate.Conflict);
        await Assert.ThrowsAsync<JournalLostException>(() => first);
        await Assert.ThrowsAsync<JournalLostException>(() => second);
        Assert.False(_store.HasHeld, "A lost partition appends nothing more.");
    }

    [Theory]
    [InlineData(AppendFate.LandedButFailed, "a1,a2")]
    [InlineData(AppendFate.Dropped, "a1")]
    public async Task After_an_append_of_unknown_outcome_the_next_opening_reads_the_truth(object fate, string truth)
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        _store.Holds = true;
        var uncertain = acme.Append(2, "a2");
        (await _store.NextHeldAsync()).Let((AppendFate)fate);
        await Assert.ThrowsAsync<JournalLostException>(() => uncertain);
        Assert.True(acme.IsLost);

        _store.Holds = false;
        silo.Time.Advance(ReopenDelay);
        Assert.Equal(truth.Split(','), (await silo.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Append_without_an_answer_is_given_up_at_the_timeout_and_its_late_success_acknowledges_nothing()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var late = acme.Append(1, "a1");
        var held = await _store.NextHeldAsync();
        await silo.Time.UntilSetAsync(silo.Options.AppendTimeout);
        silo.Time.Advance(silo.Options.AppendTimeout - TimeSpan.FromTicks(1));
        Assert.False(acme.IsLost);
        silo.Time.Advance(TimeSpan.FromTicks(1));
        await Assert.ThrowsAsync<JournalLostException>(() => late);
        held.Let();
        await Entries.Until(() => _store.Numbers(TestSilo.Log).Length == 2);
        Assert.True(late.IsFaulted);
        Assert.True(acme.IsLost);

        _store.Holds = false;
        silo.Time.Advance(ReopenDelay);
        Assert.Equal(["a1"], (await silo.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Append_that_would_land_after_the_next_claim_finds_its_number_taken()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var late = acme.Append(1, "a1");
        var held = await _store.NextHeldAsync();
        _store.Holds = false;
        using var next = new TestSilo(_store);
        Assert.Empty((await next.Open("acme")).Tail);
        held.Let();
        await Assert.ThrowsAsync<JournalLostException>(() => late);
        Assert.Equal([1L, 2L], _store.Numbers(TestSilo.Log));
    }

    [Fact]
    public async Task After_a_loss_opening_is_refused_until_exactly_the_delay_has_passed()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var lost = acme.Append(1, "a1");
        (await _store.NextHeldAsync()).Let(AppendFate.Dropped);
        await Assert.ThrowsAsync<JournalLostException>(() => lost);
        _store.Holds = false;

        silo.Time.Advance(ReopenDelay - TimeSpan.FromMilliseconds(1));
        var refused = await Assert.ThrowsAsync<JournalUnavailableException>(() => silo.Open("acme"));
        Assert.Equal(TimeSpan.FromMilliseconds(1), refused.RetryAfter);
        silo.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False((await silo.Open("acme")).IsLost);
    }

    [Fact]
    public async Task Store_that_cannot_be_reached_makes_accounts_unavailable_and_is_tried_again_after_the_delay()
    {
        using var silo = new TestSilo(_store);
        await silo.Open("acme");
        await silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        _store.IsDown = true;
        await Assert.ThrowsAsync<JournalUnavailableException>(() => silo.Open("acme"));
        _store.IsDown = false;
        await Assert.ThrowsAsync<JournalUnavailableException>(() => silo.Open("acme"));
        silo.Time.Advance(ReopenDelay);
        await silo.Open("acme");
    }

    [Fact]
    public async Task Accounts_that_open_at_the_same_time_share_one_opening()
    {
        using var silo = new TestSilo(_store);
        _store.Holds = true;
        var opens = Enumerable.Range(0, 20).Select(number => silo.Open($"account-{number}")).ToArray();
        (await _store.NextHeldAsync()).Let();
        await Task.WhenAll(opens);
        Assert.Equal([1L], _store.Numbers(TestSilo.Log));
    }

    [Fact]
    public async Task Claim_that_another_owner_wins_is_made_again_on_what_that_owner_wrote()
    {
        using var busy = new TestSilo(_store);
        var acme = await busy.Open("acme");
        using var silo = new TestSilo(_store);
        _store.Holds = true;
        var open = silo.Open("acme");
        var claim = await _store.NextHeldAsync();
        _store.Holds = false;
        await acme.Append(1, "a1");
        claim.Let();
        Assert.Equal(["a1"], (await open).Tail.Text());
        Assert.Equal([1L, 2L, 3L], _store.Numbers(TestSilo.Log));
    }

    [Fact]
    public async Task Claims_that_lose_every_time_end_as_unavailable()
    {
        using var silo = new TestSilo(_store);
        _store.Holds = true;
        var open = silo.Open("acme");
        while (!open.IsCompleted)
        {
            if (_store.HasHeld)
            {
                (await _store.NextHeldAsync()).Let(AppendFate.Conflict);
            }

            await Task.Yield();
        }

        await Assert.ThrowsAsync<JournalUnavailableException>(() => open);
    }

    [Fact]
    public async Task Released_partition_is_flushed_first_and_can_be_opened_elsewhere_and_here_at_once()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        var commit = acme.Append(1, "a1");
        await silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        Assert.True(commit.IsCompletedSuccessfully);
        Assert.True(acme.IsLost);
        using var other = new TestSilo(_store);
        Assert.Equal(["a1"], (await other.Open("acme")).Tail.Text());
        Assert.Equal(["a1"], (await silo.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Account_opened_again_in_the_same_silo_takes_over_with_all_that_was_enqueued()
    {
        using var silo = new TestSilo(_store);
        var first = await silo.Open("acme");
        _store.Holds = true;
        var commit = first.Append(1, "a1");
        var held = await _store.NextHeldAsync();
        var open = silo.Open("acme");
        Assert.True(first.IsLost);
        Assert.Throws<JournalLostException>(() => { _ = first.Append(2, "a2"); });
        Assert.False(open.IsCompleted, "The tail is not complete before what was enqueued is durable.");
        held.Let();
        await commit;
        Assert.Equal(["a1"], (await open).Tail.Text());
    }

    [Fact]
    public async Task Snapshot_of_a_newer_owner_tells_the_former_that_it_is_fenced_and_quarantines_nobody()
    {
        using var former = new TestSilo(_store);
        var stale = await former.Open("acme");
        using var latter = new TestSilo(_store);
        var current = await latter.Open("acme");
        await current.Append(1, "a1");
        await Assert.ThrowsAsync<JournalUnavailableException>(() => stale.Verify(current.LastRecordNumber));
        Assert.True(stale.IsLost);
        Assert.False(current.IsLost);
    }
}
