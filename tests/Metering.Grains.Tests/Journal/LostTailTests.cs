using Metering.Grains.Journal;
using Metering.Grains.Tests.Accounts;

namespace Metering.Grains.Tests.Journal;

/// <summary>A store that forgets what it acknowledged last: the owner still has it, and puts it back.</summary>
public sealed class LostTailTests : IAsyncLifetime
{
    private readonly FaultyJournalStore _store = new() { IsShared = true, MayLoseTail = true };
    private readonly TestSilo _owner;
    private AccountJournal _acme = null!;

    public LostTailTests() => _owner = new TestSilo(_store);

    /// <summary>The owner has committed two records with entries, after its claim.</summary>
    public async ValueTask InitializeAsync()
    {
        _acme = await _owner.Open("acme");
        await _acme.Append(1, "a1");
        await _acme.Append(2, "a2");
    }

    public ValueTask DisposeAsync()
    {
        _owner.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Next_append_finds_what_is_missing_and_puts_it_back_first()
    {
        _store.LoseTail(TestSilo.Log, 2);
        await _acme.Append(3, "a3");
        Assert.False(_acme.IsLost);
        await RecoversAsync("a1", "a2", "a3");
    }

    [Fact]
    public async Task Next_read_finds_what_is_missing_and_is_answered_once_it_is_back()
    {
        _store.LoseTail(TestSilo.Log, 1);
        await _acme.Confirm();
        await RecoversAsync("a1", "a2");
    }

    [Fact]
    public async Task Even_a_log_that_came_back_empty_is_filled_again()
    {
        _store.LoseTail(TestSilo.Log, 3);
        await _acme.Confirm();
        await RecoversAsync("a1", "a2");
    }

    [BoundedFact]
    public async Task Without_any_traffic_it_is_found_at_the_next_look()
    {
        _store.LoseTail(TestSilo.Log, 1);
        _owner.Time.Advance(_owner.Options.TailCheckInterval);
        await Entries.Until(() => _store.Numbers(TestSilo.Log).Length == 3);
        await RecoversAsync("a1", "a2");
    }

    [BoundedFact]
    public async Task However_long_the_store_was_away_what_it_lost_is_still_there()
    {
        _store.IsDown = true;
        for (var looks = 0; looks < 10; looks++)
        {
            _owner.Time.Advance(_owner.Options.RetainedFor);
        }

        _store.LoseTail(TestSilo.Log, 1);
        _store.IsDown = false;
        await Entries.Until(() =>
        {
            _owner.Time.Advance(_owner.Options.TailCheckInterval);
            return _store.Numbers(TestSilo.Log).Length == 3;
        });
        await RecoversAsync("a1", "a2");
    }

    [Fact]
    public async Task Once_the_log_was_seen_to_hold_it_long_enough_nothing_is_kept_and_nobody_looks()
    {
        _owner.Time.Advance(_owner.Options.RetainedFor);
        await _acme.Confirm();
        _owner.Time.Advance(_owner.Options.TailCheckInterval);
        var checks = _store.Checks;
        for (var looks = 0; looks < 10; looks++)
        {
            _owner.Time.Advance(_owner.Options.TailCheckInterval);
        }

        Assert.Equal(checks, _store.Checks);
        _store.LoseTail(TestSilo.Log, 1);
        await Assert.ThrowsAsync<JournalLostException>(() => _acme.Append(3, "a3"));
        _owner.Time.Advance(_owner.Options.ReopenDelay);
        await Assert.ThrowsAsync<AccountQuarantinedException>(() => _owner.Open("acme"));
    }

    [Fact]
    public async Task Opening_after_an_append_in_doubt_puts_back_what_the_store_lost_when_it_failed()
    {
        _store.Holds = true;
        var uncertain = _acme.Append(3, "a3");
        (await _store.NextHeldAsync()).Let(AppendFate.Dropped);
        await Assert.ThrowsAsync<JournalLostException>(() => uncertain);
        _store.Holds = false;
        _store.LoseTail(TestSilo.Log, 2);
        _owner.Time.Advance(_owner.Options.ReopenDelay);
        Assert.Equal(["a1", "a2"], (await _owner.Open("acme")).Tail.Text());
    }

    /// <summary>Only this silo has it, and it might die before anybody asks.</summary>
    [BoundedFact]
    public async Task What_the_store_lost_with_an_append_in_doubt_is_put_back_though_nobody_asks()
    {
        _store.Holds = true;
        var uncertain = _acme.Append(3, "a3");
        (await _store.NextHeldAsync()).Let(AppendFate.Dropped);
        await Assert.ThrowsAsync<JournalLostException>(() => uncertain);
        _store.Holds = false;
        _store.LoseTail(TestSilo.Log, 2);
        Assert.Single(_owner.Journal.Faults());

        _owner.Journal.OpenUnasked();
        Assert.Single(_owner.Journal.Faults());
        _owner.Time.Advance(_owner.Options.ReopenDelay);
        _owner.Journal.OpenUnasked();

        await Entries.Until(() => _owner.Journal.Faults().Count == 0);
        await RecoversAsync("a1", "a2");
    }

    [Fact]
    public async Task New_owner_puts_back_what_the_former_wrote_last()
    {
        using var latter = new TestSilo(_store);
        var acme = await latter.Open("acme");
        _store.LoseTail(TestSilo.Log, 3);
        await acme.Append(3, "a3");
        await RecoversAsync("a1", "a2", "a3");
    }

    [Fact]
    public async Task Owner_whose_shortened_log_another_has_claimed_appends_nothing_to_it()
    {
        _store.LoseTail(TestSilo.Log, 2);
        using var latter = new TestSilo(_store);
        var acme = await latter.Open("acme");
        await Assert.ThrowsAsync<JournalLostException>(() => _acme.Append(3, "stale"));
        await acme.Append(1, "other");
        await RecoversAsync("other");
    }

    [Fact]
    public async Task Other_records_under_the_lost_numbers_are_damage_and_nobody_serves_a_guess()
    {
        _store.LoseTail(TestSilo.Log, 1);
        using var latter = new TestSilo(_store);
        var acme = await latter.Open("acme");

        // As many records as the former owner knows of: it cannot tell by the numbers, but what it appends tells everybody after.
        await _acme.Append(3, "a3");
        await Assert.ThrowsAsync<JournalLostException>(() => acme.Append(2, "other"));
        using var third = new TestSilo(_store);
        await Assert.ThrowsAsync<AccountQuarantinedException>(() => third.Open("acme"));
    }

    [Fact]
    public async Task More_lost_than_is_kept_quarantines_the_partition()
    {
        using var silo = new TestSilo(_store, new JournalOptions { MaxRetainedBytes = 4096 });
        var acme = await silo.Open("acme");
        for (var sequence = 3; sequence <= 7; sequence++)
        {
            await acme.Append(sequence, new byte[1500]);
        }

        _store.LoseTail(TestSilo.Log, 2);
        await acme.Confirm();
        _store.LoseTail(TestSilo.Log, 3);
        await Assert.ThrowsAsync<JournalLostException>(acme.Confirm);
        silo.Time.Advance(silo.Options.ReopenDelay);
        await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"));
    }

    [Fact]
    public async Task Release_looks_whether_all_is_there_before_it_lets_go()
    {
        _store.LoseTail(TestSilo.Log, 1);
        await _owner.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        await RecoversAsync("a1", "a2");
    }

    private async Task RecoversAsync(params string[] entries)
    {
        using var next = new TestSilo(_store);
        Assert.Equal(entries, (await next.Open("acme")).Tail.Text());
    }
}
