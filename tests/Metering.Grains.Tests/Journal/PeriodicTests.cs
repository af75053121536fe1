using Metering.Contracts;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class PeriodicTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly FaultyJournalStore _store = new();

    [Fact]
    public async Task Entries_leave_at_half_the_interval_after_the_first_of_them_in_one_record()
    {
        using var silo = Silo();
        var acme = await silo.Open("acme");
        var first = acme.Append(1, "a1");
        silo.Time.Advance((Interval / 2) - Tick);
        var second = acme.Append(2, "a2");
        Assert.Same(first, second);
        Assert.Equal([1L], _store.Numbers(TestSilo.Log));
        silo.Time.Advance(TimeSpan.FromMilliseconds(1));
        await second;
        Assert.Equal([1L, 2L], _store.Numbers(TestSilo.Log));
    }

    [Fact]
    public async Task Crash_loses_no_answer_older_than_the_interval_because_older_than_that_nothing_is_answered()
    {
        using var silo = Silo();
        var acme = await silo.Open("acme");
        _store.Holds = true;
        _ = acme.Append(1, "a1");
        silo.Time.Advance(Interval / 2);
        var held = await _store.NextHeldAsync();
        silo.Time.Advance((Interval / 2) - Tick);
        Assert.True(acme.HasRoom);
        silo.Time.Advance(Tick);
        Assert.False(acme.HasRoom, "The oldest answer that is not durable is an interval old: no further one may join it.");
        held.Let();
        await Entries.Until(() => acme.HasRoom);
    }

    [Fact]
    public async Task Entries_that_came_during_an_append_have_their_own_half_interval()
    {
        using var silo = Silo();
        var acme = await silo.Open("acme");
        _store.Holds = true;
        var first = acme.Append(1, "a1");
        silo.Time.Advance(Interval / 2);
        var held = await _store.NextHeldAsync();
        var second = acme.Append(2, "a2");
        silo.Time.Advance(Interval / 4);
        held.Let();
        await first;
        silo.Time.Advance(Interval / 4);
        (await _store.NextHeldAsync()).Let();
        await second;
    }

    [Fact]
    public async Task Half_of_the_pending_limit_goes_out_at_once()
    {
        using var silo = Silo(4096);
        var acme = await silo.Open("acme");

        // The index entry takes 25 of the 2,048 bytes.
        var waits = acme.Append(1, new byte[2047 - 25]);
        Assert.Equal([1L], _store.Numbers(TestSilo.Log));
        Assert.False(waits.IsCompleted);
        await acme.Append(2, new byte[1]);
        Assert.True(waits.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Stop_and_the_next_activation_do_not_wait_for_the_interval()
    {
        using var silo = Silo();
        var acme = await silo.Open("acme");
        _ = acme.Append(1, "a1");
        acme.Close();
        var next = await silo.Open("acme");
        Assert.Equal(["a1"], next.Tail.Text());
        var last = next.Append(2, "a2");
        await silo.Journal.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(last.IsCompletedSuccessfully);
    }

    private TestSilo Silo(int limit = 1 << 20) => new(
        _store,
        new JournalOptions { Durability = Durability.Periodic, PeriodicInterval = Interval, MaxPendingBytes = limit, MaxRecordBytes = limit });
}
