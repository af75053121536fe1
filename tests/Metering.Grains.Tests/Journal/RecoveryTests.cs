using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class RecoveryTests
{
    private readonly FaultyJournalStore _store = new();

    [Fact]
    public async Task New_owner_gets_each_accounts_entries_in_order_and_nobody_elses()
    {
        using (var silo = new TestSilo(_store))
        {
            var acme = await silo.Open("acme");
            var globex = await silo.Open("globex");
            await acme.Append(1, "a1");
            await globex.Append(1, "g1");
            await acme.Append(2, "a2");
        }

        using var next = new TestSilo(_store);
        Assert.Equal(["a1", "a2"], (await next.Open("acme")).Tail.Text());
        Assert.Equal(["g1"], (await next.Open("globex")).Tail.Text());
        Assert.Empty((await next.Open("initech")).Tail);
    }

    [Fact]
    public async Task Tail_counts_bytes_since_the_snapshot_committed_or_not()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        await acme.Append(1, "12345");
        await acme.Append(2, "123");
        Assert.Equal(8, acme.TailBytes);
        acme.Snapshotted(1);
        Assert.Equal(3, acme.TailBytes);
        _store.Holds = true;
        var pending = acme.Append(3, "12");
        Assert.Equal(5, acme.TailBytes);
        acme.Snapshotted(2);
        Assert.Equal(2, acme.TailBytes);
        (await _store.NextHeldAsync()).Let();
        await pending;
        acme.Snapshotted(3);
        Assert.Equal(0, acme.TailBytes);
    }

    [Fact]
    public async Task Recovered_tail_is_counted_and_replayed_once_from_memory()
    {
        using (var silo = new TestSilo(_store))
        {
            await (await silo.Open("acme")).Append(1, "a1");
        }

        using var next = new TestSilo(_store);
        var acme = await next.Open("acme");
        var reads = _store.Reads;
        Assert.Equal(2, acme.TailBytes);
        acme.Recovered();
        Assert.Empty(acme.Tail);
        Assert.Equal(2, acme.TailBytes);
        Assert.Equal(reads, _store.Reads);
    }

    [Fact]
    public async Task Activation_that_ended_without_a_snapshot_is_followed_by_one_that_reads_its_tail_from_the_log()
    {
        using var silo = new TestSilo(_store);
        var first = await silo.Open("acme");
        var globex = await silo.Open("globex");
        await first.Append(1, "a1");
        await globex.Append(1, "g1");
        await first.Append(2, "a2");
        first.Snapshotted(1);
        await first.Append(3, "a3");
        first.Close();
        var second = await silo.Open("acme");
        Assert.Equal(["a2", "a3"], second.Tail.Text());
        Assert.Equal(4, second.TailBytes);
    }

    [Fact]
    public async Task Activation_that_ended_before_it_had_recovered_leaves_the_tail_to_the_next()
    {
        using (var silo = new TestSilo(_store))
        {
            await (await silo.Open("acme")).Append(1, "a1");
        }

        using var next = new TestSilo(_store);
        (await next.Open("acme")).Close();
        Assert.Equal(["a1"], (await next.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Account_covered_by_its_snapshot_opens_with_an_empty_tail()
    {
        using var silo = new TestSilo(_store);
        var first = await silo.Open("acme");
        await first.Append(1, "a1");
        first.Snapshotted(1);
        first.Close();
        var second = await silo.Open("acme");
        Assert.Empty(second.Tail);
        await second.Append(2, "a2");
        second.Close();
        Assert.Equal(["a2"], (await silo.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Snapshot_of_an_activation_that_was_replaced_does_not_unpin_what_the_new_one_relies_on()
    {
        using var silo = new TestSilo(_store);
        var first = await silo.Open("acme");
        await first.Append(1, "a1");
        var second = await silo.Open("acme");
        first.Snapshotted(1);
        Assert.Equal(["acme"], silo.Journal.AccountsInTail("", "", 10));
        second.Snapshotted(1);
        Assert.Empty(silo.Journal.AccountsInTail("", "", 10));
    }

    [Fact]
    public async Task Damage_found_when_a_tail_is_read_again_gives_up_the_partition_and_then_quarantines_the_account_alone()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        await (await silo.Open("globex")).Append(1, "g1");
        acme.Close();
        var bytes = _store.Bytes(TestSilo.Log, 2);
        bytes[^1] ^= 1;
        await Assert.ThrowsAsync<JournalUnavailableException>(() => silo.Open("acme"));
        silo.Time.Advance(silo.Options.ReopenDelay);
        await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"));
        Assert.Equal(["g1"], (await silo.Open("globex")).Tail.Text());
    }

    [Fact]
    public async Task Accounts_without_a_snapshot_are_listed_by_prefix_in_ordinal_order_over_all_partitions()
    {
        var options = new JournalOptions { Partitions = 4 };
        using (var silo = new TestSilo(_store, options))
        {
            foreach (var account in (string[])["b", "a.2", "B", "a.1", "a.10", "snapshotted"])
            {
                var journal = await silo.Open(account);
                await journal.Append(1, "x");
                journal.Snapshotted(account == "snapshotted" ? 1 : 0);
            }

            Assert.Equal(["B", "a.1", "a.10", "a.2", "b"], silo.Journal.AccountsInTail("", "", 10));
            Assert.Equal(["a.10", "a.2"], silo.Journal.AccountsInTail("a.", "a.1", 10));
            Assert.Equal(["B", "a.1"], silo.Journal.AccountsInTail("", "", 2));
        }

        using var next = new TestSilo(_store, options);
        Assert.Empty(next.Journal.AccountsInTail("", "", 10));
        await next.Journal.OpenAllAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["B", "a.1", "a.10", "a.2", "b", "snapshotted"], next.Journal.AccountsInTail("", "", 10));
    }
}
