using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class ArchivingTests
{
    private static readonly JournalOptions Options = new() { ArchiveInterval = TimeSpan.FromSeconds(30), CheckpointInterval = TimeSpan.FromMinutes(1) };

    private readonly FaultyJournalStore _store = new();
    private readonly MemoryArchive _archive = new();

    [Fact]
    public async Task Committed_entries_come_to_the_archive_within_the_interval_in_order()
    {
        using var silo = NewSilo();
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        await (await silo.Open("globex")).Append(1, "g1");
        await acme.Append(2, "a2");
        Assert.Empty(_archive.Taken);
        Assert.True(silo.Journal.Backlog().Bytes > 0, "What is not archived yet should show.");
        silo.Time.Advance(Options.ArchiveInterval);
        await Entries.Until(() => _archive.Progress.Record == 4);
        Assert.Equal([("acme", "a1"), ("globex", "g1"), ("acme", "a2")], _archive.Taken);
        await Entries.Until(() => silo.Journal.Backlog() == default);
    }

    [Fact]
    public async Task A_full_batch_does_not_wait_for_the_interval()
    {
        using var silo = NewSilo(new JournalOptions { MaxRecordBytes = 4096, MaxArchiveBatchBytes = 4096 });
        var acme = await silo.Open("acme");
        for (var sequence = 1; sequence <= 5; sequence++)
        {
            await acme.Append(sequence, new byte[1500]);
        }

        await Entries.Until(() => _archive.Taken.Length >= 3);
    }

    [Fact]
    public async Task What_a_former_owner_left_comes_to_the_archive_though_nobody_asks_for_an_account()
    {
        using (var former = NewSilo())
        {
            await (await former.Open("acme")).Append(1, "a1");
        }

        using var next = NewSilo();
        next.IsOwner = false;
        next.Journal.OpenUnasked();
        next.Time.Advance(TimeSpan.FromMinutes(1));
        next.IsOwner = true;
        next.Journal.OpenUnasked();
        Assert.False(next.Journal.IsOpen(0), "A partition that is on its way here should be left to its former owner for a moment.");
        next.Time.Advance(TimeSpan.FromSeconds(2));
        await OpensForTheArchiveAsync(next);
    }

    [Fact]
    public async Task What_is_left_by_one_that_fenced_this_silo_out_and_then_went_comes_to_the_archive_though_nobody_asks_for_an_account()
    {
        using var silo = NewSilo();
        var lost = await silo.Open("acme");
        silo.Journal.OpenUnasked();
        silo.Time.Advance(TimeSpan.FromSeconds(2));
        using (var other = NewSilo())
        {
            await (await other.Open("acme")).Append(1, "a1");
        }

        await Assert.ThrowsAsync<JournalLostException>(() => lost.Append(1, "doomed"));
        silo.Time.Advance(TimeSpan.FromSeconds(14));
        silo.Journal.OpenUnasked();
        Assert.False(silo.Journal.IsOpen(0), "The one that fenced this silo out should be left alone for a while.");
        silo.Time.Advance(TimeSpan.FromSeconds(1));
        await OpensForTheArchiveAsync(silo);
    }

    [Fact]
    public async Task The_log_is_trimmed_only_through_what_is_in_a_snapshot_and_in_the_archive()
    {
        using var silo = NewSilo();
        _archive.IsFull = true;
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        acme.Snapshotted(1);
        await AdvanceAsync(silo, 20);
        Assert.True(_archive.Appends > 2, "An archive that failed should be tried again.");
        Assert.Equal(1, _store.Numbers(TestSilo.Log)[0]);
        Assert.Equal("The disk is full.", silo.Journal.Backlog().Fault);

        // The mark moves nevertheless: recovery reads no more than it would without an archive.
        Assert.Empty((await NewSilo().Open("acme")).Tail);
    }

    [Fact]
    public async Task What_was_kept_for_a_full_archive_comes_to_it_when_there_is_room_and_goes_from_the_log()
    {
        using var silo = NewSilo();
        _archive.IsFull = true;
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        acme.Snapshotted(1);
        await AdvanceAsync(silo, 4);
        _archive.IsFull = false;
        await Entries.Until(() =>
        {
            silo.Time.Advance(TimeSpan.FromSeconds(10));
            return _store.Numbers(TestSilo.Log)[0] > 2;
        });
        Assert.Equal([("acme", "a1")], _archive.Taken);
        Assert.Null(silo.Journal.Backlog().Fault);
    }

    [Fact]
    public async Task There_is_no_room_while_the_archive_is_as_far_behind_as_it_may_be()
    {
        var options = new JournalOptions { MaxRecordBytes = 4096, MaxArchiveBatchBytes = 4096, MaxArchiveBacklogBytes = 16384, ArchiveInterval = Options.ArchiveInterval };
        using var silo = NewSilo(options);
        _archive.IsFull = true;
        var acme = await silo.Open("acme");
        var sequence = 0;
        while (acme.HasRoom)
        {
            Assert.True(sequence < 10, "The backlog should be bounded.");
            await acme.Append(++sequence, new byte[2000]);
            acme.Snapshotted(sequence);
        }

        Assert.Equal(8, sequence);
        _archive.IsFull = false;
        await Entries.Until(() =>
        {
            silo.Time.Advance(Options.ArchiveInterval);
            return acme.HasRoom;
        });
        await Entries.Until(() => _archive.Taken.Length == 8);
    }

    [Fact]
    public async Task While_the_archive_is_behind_it_shows_how_long_the_oldest_has_been_waiting()
    {
        using var silo = NewSilo(new JournalOptions { MaxRecordBytes = 4096, MaxArchiveBatchBytes = 4096, ArchiveInterval = Options.ArchiveInterval });
        _archive.Room = 0;
        var acme = await silo.Open("acme");
        for (var sequence = 1; sequence <= 5; sequence++)
        {
            await acme.Append(sequence, new byte[1500]);
        }

        await Entries.Until(() => silo.Journal.Backlog().Fault is not null);
        var waited = TimeSpan.FromMinutes(5);
        silo.Time.Advance(waited);
        var appends = _archive.Appends;
        _archive.Room = 1;
        await Entries.Until(() =>
        {
            silo.Time.Advance(Options.ArchiveInterval);
            return _archive.Taken.Length > 0 && _archive.Appends >= appends + 2;
        });
        Assert.InRange(_archive.Taken.Length, 1, 4);
        Assert.True(silo.Journal.Backlog().Age >= waited, $"An entry has been waiting for {waited}, and what shows is {silo.Journal.Backlog().Age}.");
        _archive.Room = int.MaxValue;
        await Entries.Until(() =>
        {
            silo.Time.Advance(Options.ArchiveInterval);
            return silo.Journal.Backlog() == default;
        });
    }

    [Fact]
    public async Task The_next_owner_goes_on_where_the_archive_has_come_to()
    {
        using (var silo = NewSilo())
        {
            var acme = await silo.Open("acme");
            await acme.Append(1, "a1");
            silo.Time.Advance(Options.ArchiveInterval);
            await Entries.Until(() => _archive.Taken.Length == 1);
            await acme.Append(2, "a2");
        }

        using var next = NewSilo();
        await next.Open("acme");
        next.Time.Advance(Options.ArchiveInterval);
        await Entries.Until(() => _archive.Taken.Length == 2);
        Assert.Equal([("acme", "a1"), ("acme", "a2")], _archive.Taken);
        Assert.Empty(_archive.Skips);
    }

    [Fact]
    public async Task What_was_taken_without_an_answer_is_handed_over_again_and_nothing_is_left_out()
    {
        using var silo = NewSilo();
        _archive.Forgets = 2;
        await (await silo.Open("acme")).Append(1, "a1");
        await Entries.Until(() =>
        {
            silo.Time.Advance(TimeSpan.FromSeconds(5));
            return _archive.Progress.Record == 2;
        });
        Assert.Equal([("acme", "a1"), ("acme", "a1"), ("acme", "a1")], _archive.Taken);
    }

    [Fact]
    public async Task An_archive_of_another_journal_takes_nothing_of_this_one()
    {
        _archive.Progress = new ArchiveProgress(1, 4711);
        using var silo = NewSilo();
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        acme.Snapshotted(1);
        await AdvanceAsync(silo, 10);
        await Entries.Until(() => silo.Journal.Backlog().Fault is { } fault && fault.Contains("belongs to another journal", StringComparison.Ordinal));
        Assert.Empty(_archive.Taken);
        Assert.Equal(1, _store.Numbers(TestSilo.Log)[0]);
    }

    [Fact]
    public async Task An_archive_switched_on_over_a_trimmed_journal_begins_with_what_is_there()
    {
        using (var without = new TestSilo(_store, Options))
        {
            var acme = await without.Open("acme");
            await acme.Append(1, "a1");
            acme.Snapshotted(1);
            await Entries.Until(() =>
            {
                without.Time.Advance(Options.CheckpointInterval);
                return _store.Numbers(TestSilo.Log)[0] > 2;
            });
        }

        using var silo = NewSilo();
        await (await silo.Open("acme")).Append(2, "a2");
        silo.Time.Advance(Options.ArchiveInterval);
        await Entries.Until(() => _archive.Taken.Length == 1);
        Assert.Equal([("acme", "a2")], _archive.Taken);
        Assert.Single(_archive.Skips);
    }

    [Fact]
    public async Task A_damaged_record_stops_the_archive_and_nothing_is_trimmed()
    {
        using var silo = NewSilo();
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        acme.Snapshotted(1);
        _store.Bytes(TestSilo.Log, 2)[^1] ^= 1;
        await AdvanceAsync(silo, 10);
        await Entries.Until(() => silo.Journal.Backlog().Fault is not null);
        Assert.Empty(_archive.Taken);
        Assert.Equal(1, _store.Numbers(TestSilo.Log)[0]);
    }

    [Fact]
    public async Task What_the_store_may_still_lose_is_not_archived()
    {
        var forgetful = new FaultyJournalStore { IsShared = true, MayLoseTail = true };
        using var silo = new TestSilo(forgetful, new JournalOptions { ArchiveInterval = TimeSpan.FromSeconds(1), RetainedFor = TimeSpan.FromSeconds(5) }, _archive);
        await (await silo.Open("acme")).Append(1, "a1");
        silo.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Empty(_archive.Taken);
        await Entries.Until(() =>
        {
            silo.Time.Advance(TimeSpan.FromSeconds(1));
            return _archive.Taken.Length == 1;
        });
    }

    private TestSilo NewSilo() => NewSilo(Options);

    private TestSilo NewSilo(JournalOptions options) => new(_store, options, _archive);

    /// <summary>Opens the partition unasked, and waits for what its former owner left in the log.</summary>
    private async Task OpensForTheArchiveAsync(TestSilo silo)
    {
        silo.Journal.OpenUnasked();
        await Entries.Until(() => silo.Journal.IsOpen(0));
        silo.Time.Advance(Options.ArchiveInterval);
        await Entries.Until(() => _archive.Taken is [("acme", "a1")]);
    }

    /// <summary>Lets the clock go on in steps, with time for what it starts.</summary>
    private async Task AdvanceAsync(TestSilo silo, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            var (appends, looked) = (_archive.Appends, DateTimeOffset.UtcNow);
            silo.Time.Advance(TimeSpan.FromSeconds(10));
            await Entries.Until(() => _archive.Appends > appends || DateTimeOffset.UtcNow - looked > TimeSpan.FromMilliseconds(20));
        }
    }
}
