using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

/// <summary>A partition goes to another silo on purpose.</summary>
public sealed class HandOverTests
{
    private readonly FaultyJournalStore _store = new() { IsShared = true };

    [Fact]
    public async Task Silo_that_is_not_the_owner_opens_nothing_and_claims_nothing()
    {
        using var silo = new TestSilo(_store) { IsOwner = false };
        var refused = await Assert.ThrowsAsync<JournalUnavailableException>(() => silo.Open("acme"));
        Assert.Equal(silo.Options.HandOverDelay, refused.RetryAfter);
        Assert.Empty(_store.Numbers(TestSilo.Log));
        silo.IsOwner = true;
        await silo.Open("acme");
    }

    [Fact]
    public async Task Release_makes_durable_what_was_taken_in_refuses_new_accounts_briefly_and_tells_the_others_to_leave()
    {
        using var silo = new TestSilo(_store);
        var (acme, owner) = (await silo.Open("acme"), new Owner());
        acme.Owner = owner;
        _store.Holds = true;
        var commit = acme.Append(1, "a1");
        var held = await _store.NextHeldAsync();
        var release = silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<JournalUnavailableException>(() => silo.Open("globex"));
        Assert.Equal(silo.Options.HandOverDelay, refused.RetryAfter);
        Assert.Equal(silo.Options.HandOverDelay, acme.RetryAfter);
        Assert.Throws<JournalLostException>(() => { _ = acme.Append(2, "a2"); });
        Assert.False(owner.IsTold, "Its answer is still on the way.");
        held.Let();
        await release;
        Assert.True(commit.IsCompletedSuccessfully);
        Assert.True(owner.IsTold);

        _store.Holds = false;
        Assert.Equal(["a1"], (await silo.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Release_waits_for_reads_that_are_under_way()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.HoldsChecks = true;
        var read = acme.Confirm();
        var asked = await _store.NextHeldCheckAsync();
        var release = silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        Assert.False(release.IsCompleted);
        asked.SetResult();
        await release;
        Assert.True(read.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Release_during_an_opening_gives_the_opening_up()
    {
        using var silo = new TestSilo(_store);
        _store.Holds = true;
        var open = silo.Open("acme");
        var claim = await _store.NextHeldAsync();
        var release = silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        claim.Let();
        await release;
        Assert.False(silo.Journal.IsOpen(0));
        if (!open.IsCompletedSuccessfully)
        {
            Assert.Equal(silo.Options.HandOverDelay, (await Assert.ThrowsAsync<JournalUnavailableException>(() => open)).RetryAfter);
        }

        _store.Holds = false;
        await silo.Open("acme");
    }

    [Fact]
    public async Task Release_of_what_is_not_open_does_nothing_and_two_at_once_end_together()
    {
        using var silo = new TestSilo(_store);
        await silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var commit = acme.Append(1, "a1");
        var held = await _store.NextHeldAsync();
        Task[] releases = [silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken), silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken)];
        Assert.All(releases, release => Assert.False(release.IsCompleted));
        held.Let();
        await Task.WhenAll([.. releases, commit]);
    }

    [Fact]
    public async Task Account_that_hears_who_to_tell_after_the_loss_is_told_at_once()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        await silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        var owner = new Owner();
        acme.Owner = owner;
        Assert.True(owner.IsTold);
    }

    [Fact]
    public async Task Partition_that_should_be_open_and_is_not_is_named_with_the_reason()
    {
        using var silo = new TestSilo(_store);
        await silo.Open("acme");
        Assert.Empty(silo.Journal.Faults());
        using var other = new TestSilo(_store);
        await other.Open("acme");
        _store.IsDown = true;
        await silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        Assert.Empty(silo.Journal.Faults());
        await Assert.ThrowsAsync<JournalUnavailableException>(() => silo.Open("acme"));
        Assert.Equal(0, Assert.Single(silo.Journal.Faults()).Partition);
    }

    private sealed class Owner : IJournalOwner
    {
        internal bool IsTold { get; private set; }

        public void JournalLost() => IsTold = true;
    }
}
