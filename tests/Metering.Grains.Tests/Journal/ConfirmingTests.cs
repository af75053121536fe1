using Metering.Contracts;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

/// <summary>An owner that answers without an append asks the store first whether it still is one.</summary>
public sealed class ConfirmingTests
{
    private readonly FaultyJournalStore _store = new() { IsShared = true };

    [Fact]
    public async Task Owner_that_lost_the_log_without_noticing_confirms_nothing()
    {
        using var former = new TestSilo(_store);
        using var latter = new TestSilo(_store);
        var stale = await former.Open("acme");
        await stale.Confirm();
        await latter.Open("acme");
        await Assert.ThrowsAsync<JournalLostException>(stale.Confirm);
        Assert.True(stale.IsLost);
        Assert.Throws<JournalLostException>(() => { _ = stale.Confirm(); });
    }

    [Fact]
    public async Task Who_asks_while_the_store_is_asked_waits_for_the_next_time_and_all_share_it()
    {
        using var silo = new TestSilo(_store);
        var (acme, globex) = (await silo.Open("acme"), await silo.Open("globex"));
        _store.HoldsChecks = true;
        var first = acme.Confirm();
        var asked = await _store.NextHeldCheckAsync();
        var second = acme.Confirm();
        Assert.Same(second, globex.Confirm());
        asked.SetResult();
        await first;
        var next = await _store.NextHeldCheckAsync();
        Assert.False(second.IsCompleted, "What was asked before a read says nothing about who owned the log when it was decided.");
        next.SetResult();
        await second;
        Assert.Equal(2, _store.Checks);
    }

    [Fact]
    public async Task Next_append_confirms_too_but_not_the_one_under_way()
    {
        using var silo = new TestSilo(_store);
        var (acme, globex) = (await silo.Open("acme"), await silo.Open("globex"));
        _store.Holds = true;
        var first = acme.Append(1, "a1");
        var held = await _store.NextHeldAsync();
        var confirmed = globex.Confirm();
        var second = acme.Append(2, "a2");
        held.Let();
        await first;
        held = await _store.NextHeldAsync();
        Assert.False(confirmed.IsCompleted);
        held.Let();
        await Task.WhenAll(second, confirmed);
        Assert.Equal(0, _store.Checks);
    }

    [Fact]
    public async Task Append_waits_for_a_look_at_the_log_that_is_under_way()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.HoldsChecks = true;
        _store.Holds = true;
        var confirmed = acme.Confirm();
        var asked = await _store.NextHeldCheckAsync();
        var commit = acme.Append(1, "a1");
        Assert.False(_store.HasHeld, "Beside an append the last number would say nothing.");
        asked.SetResult();
        await confirmed;
        (await _store.NextHeldAsync()).Let();
        await commit;
    }

    [Fact]
    public async Task Where_nobody_else_can_append_nothing_is_asked_and_nothing_allocated()
    {
        var own = new FaultyJournalStore();
        using var silo = new TestSilo(own);
        using var periodic = new TestSilo(_store, new JournalOptions { Durability = Durability.Periodic });
        var (acme, globex) = (await silo.Open("acme"), await periodic.Open("globex"));
        Assert.Same(Task.CompletedTask, acme.Confirm());
        Assert.Same(Task.CompletedTask, globex.Confirm());
        Assert.Equal((0, 0), (own.Checks, _store.Checks));
    }

    [Fact]
    public async Task Store_that_cannot_be_asked_leaves_reads_unanswered_and_the_partition_as_it_is()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.IsDown = true;
        await Assert.ThrowsAsync<JournalUnavailableException>(acme.Confirm);
        _store.IsDown = false;
        _store.HoldsChecks = true;
        var late = acme.Confirm();
        await _store.NextHeldCheckAsync();
        await silo.Time.UntilSetAsync(silo.Options.AppendTimeout);
        silo.Time.Advance(silo.Options.AppendTimeout);
        await Assert.ThrowsAsync<JournalUnavailableException>(() => late);
        _store.HoldsChecks = false;
        await acme.Confirm();
        await acme.Append(1, "a1");
        Assert.Equal([1L, 2L], _store.Numbers(TestSilo.Log));
    }

    [Fact]
    public async Task List_of_accounts_is_not_given_by_a_silo_that_lost_the_partition()
    {
        using var former = new TestSilo(_store);
        using var latter = new TestSilo(_store);
        await (await former.Open("acme")).Append(1, "a1");
        Assert.Equal(["acme"], await former.Journal.AccountsInTailAsync(0, "", "", 10, TestContext.Current.CancellationToken));
        await (await latter.Open("globex")).Append(1, "g1");
        await Assert.ThrowsAsync<JournalUnavailableException>(() => former.Journal.AccountsInTailAsync(0, "", "", 10, TestContext.Current.CancellationToken));
        Assert.Equal(["acme", "globex"], await latter.Journal.AccountsInTailAsync(0, "", "", 10, TestContext.Current.CancellationToken));
    }
}
