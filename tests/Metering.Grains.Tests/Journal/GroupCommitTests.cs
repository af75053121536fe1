using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class GroupCommitTests
{
    private readonly FaultyJournalStore _store = new();

    [Fact]
    public async Task Lone_append_goes_out_at_once_in_a_record_of_its_own()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        Assert.Equal([1L, 2L], _store.Numbers(TestSilo.Log));
        Assert.Equal(2, acme.LastRecordNumber);
    }

    [Fact]
    public async Task What_comes_during_an_append_shares_the_next_record_and_its_task()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        var globex = await silo.Open("globex");
        _store.Holds = true;
        var first = acme.Append(1, "a1");
        var inFlight = await _store.NextHeldAsync();
        var second = acme.Append(2, "a2");
        var third = globex.Append(1, "g1");
        var fourth = acme.Append(3, "a3");
        Assert.Same(second, third);
        Assert.Same(second, fourth);

        inFlight.Let();
        await first;
        Assert.False(second.IsCompleted, "An answer may not leave before its own record is durable.");
        (await _store.NextHeldAsync()).Let();
        await second;
        Assert.Equal([1L, 2L, 3L], _store.Numbers(TestSilo.Log));
        Assert.Equal(RecordFormatTests.Build(3, 0, 0, ("acme", 3, "a2a3"), ("globex", 1, "g1")).Length, _store.Bytes(TestSilo.Log, 3).Length);
    }

    [Fact]
    public async Task Last_commit_of_an_account_is_the_record_that_last_got_entries_of_it()
    {
        using var silo = new TestSilo(_store, new JournalOptions { MaxRecordBytes = 4096 });
        var acme = await silo.Open("acme");
        var globex = await silo.Open("globex");
        Assert.True(acme.LastCommit.IsCompletedSuccessfully, "Nothing was appended, so nothing is to be waited for.");

        _store.Holds = true;
        var written = acme.Append(1, "a1");
        var inFlight = await _store.NextHeldAsync();
        Assert.Same(written, acme.LastCommit);
        var full = acme.Append(2, new byte[acme.MaxAppendBytes]);
        Assert.Same(full, acme.LastCommit);
        var filling = globex.Append(1, "g1");
        Assert.Same(full, acme.LastCommit);
        Assert.Same(filling, globex.LastCommit);

        inFlight.Let();
        await written;
        Assert.False(acme.LastCommit.IsCompleted, "The account has entries that are not durable yet.");
        (await _store.NextHeldAsync()).Let();
        await full;
        Assert.True(acme.LastCommit.IsCompletedSuccessfully, "All entries of the account are durable.");

        (await _store.NextHeldAsync()).Let(AppendFate.Conflict);
        await Assert.ThrowsAsync<JournalLostException>(() => filling);
        await Assert.ThrowsAsync<JournalLostException>(() => globex.LastCommit);
        Assert.True(acme.LastCommit.IsCompletedSuccessfully, "What was durable before the partition was lost still is.");
    }

    [Fact]
    public async Task Record_is_full_exactly_at_its_limit_and_the_rest_waits_for_the_next()
    {
        const int limit = 4096;
        using var silo = new TestSilo(_store, new JournalOptions { MaxRecordBytes = limit });
        var acme = await silo.Open("acme");
        Assert.Equal(limit - 64 - 21 - 4, acme.MaxAppendBytes);
        _store.Holds = true;
        var first = acme.Append(1, "a1");
        var inFlight = await _store.NextHeldAsync();
        var half = acme.Append(2, new byte[acme.MaxAppendBytes - 1]);
        var fits = acme.Append(3, new byte[1]);
        var over = acme.Append(4, new byte[1]);
        Assert.Same(half, fits);
        Assert.NotSame(half, over);
        _store.Holds = false;
        inFlight.Let();
        await over;
        Assert.True(half.IsCompletedSuccessfully);
        Assert.Equal(limit, _store.Bytes(TestSilo.Log, 3).Length);
        await first;
    }

    [Fact]
    public async Task Append_that_no_record_can_hold_is_refused_and_nothing_is_lost()
    {
        using var silo = new TestSilo(_store, new JournalOptions { MaxRecordBytes = 4096 });
        var acme = await silo.Open("acme");
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = acme.Append(1, new byte[acme.MaxAppendBytes + 1]); });
        await acme.Append(1, new byte[acme.MaxAppendBytes]);
        Assert.False(acme.IsLost);
    }

    [Fact]
    public async Task There_is_no_room_from_exactly_the_pending_limit_until_an_append_is_durable()
    {
        using var silo = new TestSilo(_store, new JournalOptions { MaxRecordBytes = 4096, MaxPendingBytes = 4096 });
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var first = acme.Append(1, new byte[4096 - 25 - 64]);
        var inFlight = await _store.NextHeldAsync();

        // 25 of index and 4,007 of entries are pending in the first; the second brings 25 more and 38.
        var second = acme.Append(2, new byte[38]);
        Assert.True(acme.HasRoom);
        var third = acme.Append(3, new byte[1]);
        Assert.False(acme.HasRoom);
        _store.Holds = false;
        inFlight.Let();
        await third;
        Assert.True(acme.HasRoom);
        await Task.WhenAll(first, second);
    }

    [Fact]
    public async Task Answers_become_free_in_the_order_of_the_records()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var commits = new List<Task> { acme.Append(1, "a1") };
        for (var sequence = 2; sequence <= 5; sequence++)
        {
            var held = await _store.NextHeldAsync();
            commits.Add(acme.Append(sequence, $"a{sequence}"));
            held.Let();
            await commits[sequence - 2];
            Assert.False(commits[sequence - 1].IsCompleted, "A later record cannot be durable before it was written.");
        }

        (await _store.NextHeldAsync()).Let();
        await Task.WhenAll(commits);
    }

    [Fact]
    public async Task Sequence_that_does_not_rise_and_empty_entries_are_refused()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        await acme.Append(5, "a5");
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = acme.Append(5, "a5"); });
        Assert.Throws<ArgumentException>(() => { _ = acme.Append(6, ""); });
    }

    [Fact]
    public async Task Stop_waits_for_what_was_taken_in_and_takes_nothing_after()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var commit = acme.Append(1, "a1");
        var held = await _store.NextHeldAsync();
        var stop = silo.Journal.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(stop.IsCompleted);
        Assert.Throws<JournalLostException>(() => { _ = acme.Append(2, "a2"); });
        held.Let();
        await stop;
        Assert.True(commit.IsCompletedSuccessfully);
        Assert.True(acme.IsLost);
        await Assert.ThrowsAsync<JournalUnavailableException>(() => silo.Open("acme"));
    }

    [Fact]
    public async Task Many_threads_append_and_every_entry_is_in_the_log_once_and_in_order()
    {
        const int accounts = 8;
        const int appends = 5_000;
        using var silo = new TestSilo(_store, new JournalOptions { MaxRecordBytes = 8192 });
        await Task.WhenAll(Enumerable.Range(0, accounts).Select(number => Task.Run(async () =>
        {
            var journal = await silo.Open($"account-{number}");
            var last = Task.CompletedTask;
            for (var sequence = 1; sequence <= appends; sequence++)
            {
                last = journal.Append(sequence, $"{sequence};");
            }

            await last;
        })));
        await silo.Journal.StopAsync(TestContext.Current.CancellationToken);
        using var next = new TestSilo(_store);
        var expected = string.Concat(Enumerable.Range(1, appends).Select(sequence => $"{sequence};"));
        for (var number = 0; number < accounts; number++)
        {
            Assert.Equal(expected, string.Concat((await next.Open($"account-{number}")).Tail.Text()));
        }
    }
}
