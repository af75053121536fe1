using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class CheckpointTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly FaultyJournalStore _store = new();
    private readonly List<string> _asked = [];

    [Fact]
    public async Task Sleeping_account_is_woken_once_its_entries_are_as_old_as_the_interval_and_the_log_is_trimmed()
    {
        using var silo = new TestSilo(_store);
        SnapshotWhenAsked(silo);
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        await acme.Append(2, "a2");
        acme.Close();
        silo.Time.Advance(Interval - TimeSpan.FromTicks(1));
        Assert.Equal([1L, 2L, 3L], _store.Numbers(TestSilo.Log));
        silo.Time.Advance(TimeSpan.FromTicks(1));

        // Records 2 and 3 are covered; record 4 carries the mark that says so.
        await Entries.Until(() => _store.Numbers(TestSilo.Log) is [4L]);
        Assert.Equal(["acme"], _asked);
        Assert.Empty((await silo.Open("acme")).Tail);
    }

    [Fact]
    public async Task Log_is_trimmed_up_to_the_oldest_entries_without_a_snapshot_and_no_further()
    {
        using var silo = new TestSilo(_store);
        silo.OnCheckpoint = account => account == "globex" ? throw new TimeoutException("The snapshot store is slow.") : SnapshotAsync(silo, account);
        var acme = await silo.Open("acme");
        var globex = await silo.Open("globex");
        await acme.Append(1, "a1");
        await globex.Append(1, "g1");
        await acme.Append(2, "a2");
        silo.Time.Advance(Interval);
        await Entries.Until(() => _store.Numbers(TestSilo.Log) is [3L, ..]);

        using var next = new TestSilo(_store);
        Assert.Equal(["g1"], (await next.Open("globex")).Tail.Text());
    }

    [Fact]
    public async Task With_a_delay_records_stay_after_they_could_go()
    {
        using var silo = new TestSilo(_store, new JournalOptions { TrimDelay = TimeSpan.FromMinutes(10) });
        SnapshotWhenAsked(silo);
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        acme.Close();
        silo.Time.Advance(Interval);
        await Entries.Until(() => _asked.Count == 1 && _store.Numbers(TestSilo.Log) is [1L, 2L, 3L]);
        silo.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal([1L, 2L, 3L], _store.Numbers(TestSilo.Log));
        silo.Time.Advance(TimeSpan.FromMinutes(2));
        await Entries.Until(() => _store.Numbers(TestSilo.Log) is [3L]);
    }

    [Fact]
    public async Task Lowered_marks_bring_back_what_older_snapshots_lack()
    {
        var options = new JournalOptions { TrimDelay = TimeSpan.FromMinutes(10) };
        using (var silo = new TestSilo(_store, options))
        {
            SnapshotWhenAsked(silo);
            var acme = await silo.Open("acme");
            await acme.Append(1, "a1");
            await acme.Append(2, "a2");
            silo.Time.Advance(Interval);

            // The fourth carries the mark.
            await Entries.Until(() => _store.Numbers(TestSilo.Log) is [1L, 2L, 3L, 4L]);
        }

        using (var next = new TestSilo(_store, options))
        {
            Assert.Empty((await next.Open("acme")).Tail);
        }

        using var restored = new TestSilo(_store, options);
        Assert.True(await restored.Journal.LowerMarksAsync(TestContext.Current.CancellationToken) > 3);
        Assert.Equal(["a1", "a2"], (await restored.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Account_that_could_not_write_its_snapshot_is_asked_again_later()
    {
        using var silo = new TestSilo(_store);
        var fails = true;
        silo.OnCheckpoint = account =>
        {
            _asked.Add(account);
            return fails ? throw new TimeoutException("The snapshot store is slow.") : SnapshotAsync(silo, account);
        };
        await (await silo.Open("acme")).Append(1, "a1");
        silo.Time.Advance(Interval);
        await Entries.Until(() => _asked.Count == 1);
        fails = false;
        await Entries.Until(() =>
        {
            silo.Time.Advance(Interval / 16);
            return _store.Numbers(TestSilo.Log) is [> 2L, ..];
        });
        Assert.Equal(["acme", "acme"], _asked);
    }

    [Fact]
    public async Task Busy_account_whose_snapshot_is_a_few_records_behind_still_lets_go_of_the_old_ones()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        for (var sequence = 1; sequence <= 100; sequence++)
        {
            await acme.Append(sequence, $"{sequence};");
        }

        // Record n + 1 holds sequence n. The index remembers few places on the way, so it may keep somewhat more than it must.
        acme.Snapshotted(97);
        silo.Time.Advance(Interval / 16);
        await Entries.Until(() => _store.Numbers(TestSilo.Log)[0] > 1);
        Assert.InRange(_store.Numbers(TestSilo.Log)[0], 90, 99);
        acme.Close();
        var tail = string.Concat((await silo.Open("acme")).Tail.Text());
        Assert.EndsWith("98;99;100;", tail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_over_a_quarter_of_its_limit_presses_the_oldest_accounts_at_once_whatever_their_age()
    {
        using var silo = new TestSilo(_store, new JournalOptions { MaxRecordBytes = 4096, MaxTailBytes = 16384 });
        SnapshotWhenAsked(silo);
        var acme = await silo.Open("acme");
        var globex = await silo.Open("globex");
        await acme.Append(1, new byte[4000]);
        Assert.Empty(_asked);
        await globex.Append(1, new byte[100]);
        await Entries.Until(() => _store.Numbers(TestSilo.Log)[0] > 2);
        Assert.Equal("acme", _asked[0]);
    }

    [Fact]
    public async Task The_longer_the_log_the_more_accounts_are_asked_at_once()
    {
        using var silo = new TestSilo(_store, new JournalOptions { MaxRecordBytes = 4096, MaxTailBytes = 65_536, MaxConcurrentCheckpoints = 4 });
        var (first, all) = (new TaskCompletionSource(), new TaskCompletionSource());
        var asked = 0;
        silo.OnCheckpoint = _ => Interlocked.Increment(ref asked) switch
        {
            1 => first.Task,
            <= 5 => Task.CompletedTask,
            _ => all.Task,
        };

        // Five records are somewhat more than a quarter of the limit: one is asked, and the next when that has answered.
        await AppendAsync(1, 5);
        await Entries.Until(() => Volatile.Read(ref asked) > 0);
        Assert.Equal(1, Volatile.Read(ref asked));

        // Nine are more than half. The five that were asked wrote nothing and are left in peace; the other four are asked before any has answered.
        await AppendAsync(6, 9);
        first.SetResult();
        await Entries.Until(() => Volatile.Read(ref asked) == 9);
        all.SetResult();

        async Task AppendAsync(int first, int last)
        {
            for (var number = first; number <= last; number++)
            {
                await (await silo.Open($"account-{number}")).Append(1, new byte[4000]);
            }
        }
    }

    [Fact]
    public async Task There_is_no_room_from_exactly_the_tail_limit_until_the_checkpoint_has_caught_up()
    {
        using var silo = new TestSilo(_store, new JournalOptions { MaxRecordBytes = 4096, MaxTailBytes = 16384 });
        var acme = await silo.Open("acme");

        // A record of one append to acme has 64 + 25 bytes beside the entries.
        for (var sequence = 1; sequence <= 3; sequence++)
        {
            await acme.Append(sequence, new byte[4096 - 89]);
        }

        await acme.Append(4, new byte[4096 - 89 - 90]);
        Assert.True(acme.HasRoom);
        await acme.Append(5, new byte[1]);
        Assert.Equal(16384, _store.Numbers(TestSilo.Log).Skip(1).Sum(number => _store.Bytes(TestSilo.Log, number).Length));
        Assert.False(acme.HasRoom);
        acme.Snapshotted(1);
        Assert.True(acme.HasRoom);
    }

    [Fact]
    public async Task Failed_trim_is_tried_again()
    {
        using var silo = new TestSilo(_store);
        SnapshotWhenAsked(silo);
        _store.FailingTrims = 2;
        await (await silo.Open("acme")).Append(1, "a1");
        silo.Time.Advance(Interval);
        await Entries.Until(() =>
        {
            silo.Time.Advance(Interval / 16);
            return _store.Numbers(TestSilo.Log) is [3L];
        });
    }

    [Fact]
    public async Task Idle_partition_writes_no_marks_for_its_marks()
    {
        using var silo = new TestSilo(_store);
        SnapshotWhenAsked(silo);
        await (await silo.Open("acme")).Append(1, "a1");
        silo.Time.Advance(Interval);
        await Entries.Until(() => _store.Numbers(TestSilo.Log) is [3L]);
        silo.Time.Advance(Interval * 100);
        await silo.Journal.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal([3L], _store.Numbers(TestSilo.Log));
    }

    [Fact]
    public async Task No_more_accounts_are_asked_at_once_than_the_limit()
    {
        const int limit = 3;
        using var silo = new TestSilo(_store, new JournalOptions { MaxConcurrentCheckpoints = limit });
        var (running, most, done) = (0, 0, 0);
        var release = new SemaphoreSlim(0);
        silo.OnCheckpoint = async _ =>
        {
            var now = Interlocked.Increment(ref running);
            most = Math.Max(most, now);
            await release.WaitAsync(TestContext.Current.CancellationToken);
            Interlocked.Decrement(ref running);
            Interlocked.Increment(ref done);
        };
        for (var account = 0; account < 10; account++)
        {
            await (await silo.Open($"account-{account}")).Append(1, "x");
        }

        silo.Time.Advance(Interval);
        await Entries.Until(() => Volatile.Read(ref running) == limit);
        release.Release(100);
        await Entries.Until(() => Volatile.Read(ref done) == 10);
        Assert.Equal(limit, most);
    }

    private void SnapshotWhenAsked(TestSilo silo) => silo.OnCheckpoint = account =>
    {
        lock (_asked)
        {
            _asked.Add(account);
        }

        return SnapshotAsync(silo, account);
    };

    private static async Task SnapshotAsync(TestSilo silo, string account)
    {
        // An account grain that wakes up finds everything in its tail, and its snapshot covers it all.
        var journal = await silo.Open(account);
        journal.Recovered();
        journal.Snapshotted(long.MaxValue);
    }
}
