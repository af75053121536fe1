using System.Security.Cryptography;
using Metering.Grains.Journal;

namespace Metering.Storage.Tests;

/// <summary>What every journal store keeps. A store's tests derive from it and say how the store is opened and closed.</summary>
public abstract partial class JournalStoreSuite : IAsyncLifetime
{
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected IJournalStore Store { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync() => Store = await OpenStoreAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await CloseStoreAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_log_that_never_had_a_record_is_empty()
    {
        var log = NewLog();

        Assert.Equal(new JournalExtent(0, 0), await Store.OpenAsync(log, Cancel));
        Assert.Empty(await ReadAsync(log));
        Assert.Equal(new JournalExtent(0, 0), await Store.OpenAsync(log, Cancel));
    }

    [Fact]
    public async Task The_last_number_follows_every_append_and_no_trim()
    {
        var log = await NewOpenLogAsync();
        Assert.Equal(0, await Store.LastAsync(log, Cancel));

        await Store.AppendAsync(log, 1, Bytes(1), Cancel);
        await Store.AppendAsync(log, 2, Bytes(2), Cancel);
        Assert.Equal(2, await Store.LastAsync(log, Cancel));

        await Store.TrimAsync(log, 2, Cancel);
        Assert.Equal(2, await Store.LastAsync(log, Cancel));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(1 << 20)]
    public async Task A_record_is_read_back_as_it_was_appended(int bytes)
    {
        var log = await NewOpenLogAsync();
        var record = RandomNumberGenerator.GetBytes(bytes);

        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, 1, record, Cancel));

        var read = Assert.Single(await ReadAsync(log));
        Assert.Equal(1, read.Number);
        Assert.True(read.Bytes.Span.SequenceEqual(record), "The record's bytes changed on the way.");
    }

    [Fact]
    public async Task A_record_as_large_as_the_store_takes_is_read_back()
    {
        var log = await NewOpenLogAsync();
        var record = RandomNumberGenerator.GetBytes(Store.MaxRecordBytes);

        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, 1, record, Cancel));
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, 2, Bytes(2), Cancel));

        var read = await ReadAsync(log);
        Assert.Equal([1, 2], read.Select(r => r.Number));
        Assert.True(read[0].Bytes.Span.SequenceEqual(record), "The record's bytes changed on the way.");
    }

    [Fact]
    public async Task A_record_of_no_bytes_or_of_one_too_many_is_a_bug_of_the_caller()
    {
        var log = await NewOpenLogAsync();

        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.AppendAsync(log, 1, ReadOnlyMemory<byte>.Empty, Cancel));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.AppendAsync(log, 1, new byte[Store.MaxRecordBytes + 1], Cancel));

        Assert.Equal(new JournalExtent(0, 0), await Store.OpenAsync(log, Cancel));
    }

    [Fact]
    public async Task A_part_of_a_larger_buffer_is_appended_without_the_rest()
    {
        var log = await NewOpenLogAsync();
        byte[] buffer = [9, 9, 1, 2, 3, 9];

        await Store.AppendAsync(log, 1, buffer.AsMemory(2, 3), Cancel);

        Assert.Equal([1, 2, 3], Assert.Single(await ReadAsync(log)).Bytes.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(long.MaxValue)]
    public async Task A_number_that_is_not_the_next_writes_nothing_and_the_answer_tells_which_side_is_behind(long number)
    {
        var log = await NewLogWithAsync(3);

        Assert.Equal(number <= 3 ? AppendOutcome.Conflict : AppendOutcome.TailLost, await Store.AppendAsync(log, number, Bytes(99), Cancel));

        Assert.Equal(new JournalExtent(1, 3), await Store.OpenAsync(log, Cancel));
        AssertRecords([1, 2, 3], await ReadAsync(log));
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, 4, Bytes(4), Cancel));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task An_empty_log_takes_only_number_one(long number)
    {
        var log = await NewOpenLogAsync();

        Assert.Equal(number == 0 ? AppendOutcome.Conflict : AppendOutcome.TailLost, await Store.AppendAsync(log, number, Bytes(1), Cancel));
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, 1, Bytes(1), Cancel));
    }

    [Theory]
    [InlineData(0, new long[] { 1, 2, 3, 4, 5 })]
    [InlineData(2, new long[] { 3, 4, 5 })]
    [InlineData(4, new long[] { 5 })]
    [InlineData(5, new long[0])]
    [InlineData(6, new long[0])]
    public async Task Reading_begins_right_after_the_number_asked(long after, long[] expected)
    {
        var log = await NewLogWithAsync(5);

        AssertRecords(expected, await ReadAsync(log, after));
    }

    [Fact]
    public async Task A_long_log_is_read_whole_and_in_order()
    {
        var log = await NewLogWithAsync(1_000);

        AssertRecords([.. Enumerable.Range(1, 1_000).Select(n => (long)n)], await ReadAsync(log));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(4, 5)]
    [InlineData(5, 5)]
    [InlineData(1_000, 5)]
    public async Task A_trim_removes_up_to_its_number_but_never_the_last_record(long through, long first)
    {
        var log = await NewLogWithAsync(5);

        await Store.TrimAsync(log, through, Cancel);

        Assert.Equal(new JournalExtent(first, 5), await Store.OpenAsync(log, Cancel));
        AssertRecords([.. Enumerable.Range(1, 5).Select(n => (long)n).Where(n => n >= first)], await ReadAsync(log));
    }

    [Fact]
    public async Task A_trim_behind_an_earlier_one_changes_nothing()
    {
        var log = await NewLogWithAsync(5);
        await Store.TrimAsync(log, 3, Cancel);

        await Store.TrimAsync(log, 3, Cancel);
        await Store.TrimAsync(log, 1, Cancel);

        AssertRecords([4, 5], await ReadAsync(log, after: 1));
    }

    [Fact]
    public async Task Trimming_an_empty_log_changes_nothing()
    {
        var log = await NewOpenLogAsync();

        await Store.TrimAsync(log, 10, Cancel);

        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, 1, Bytes(1), Cancel));
    }

    [Fact]
    public async Task A_long_log_is_trimmed_whole()
    {
        var log = await NewLogWithAsync(1_000);

        await Store.TrimAsync(log, 999, Cancel);

        Assert.Equal(new JournalExtent(1_000, 1_000), await Store.OpenAsync(log, Cancel));
    }

    [Fact]
    public async Task Numbers_go_on_after_a_trim_and_a_restart()
    {
        var log = await NewLogWithAsync(3);
        await Store.TrimAsync(log, 3, Cancel);

        await ReopenAsync();

        Assert.Equal(new JournalExtent(3, 3), await Store.OpenAsync(log, Cancel));
        Assert.Equal(AppendOutcome.Conflict, await Store.AppendAsync(log, 1, Bytes(1), Cancel));
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, 4, Bytes(4), Cancel));
        AssertRecords([3, 4], await ReadAsync(log));
    }

    [Fact]
    public async Task Logs_know_nothing_of_each_other()
    {
        var first = await NewLogWithAsync(3);
        var second = await NewLogWithAsync(5);

        await Store.TrimAsync(first, 2, Cancel);

        AssertRecords([3], await ReadAsync(first));
        AssertRecords([1, 2, 3, 4, 5], await ReadAsync(second));
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(first, 4, Bytes(4), Cancel));
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(second, 6, Bytes(6), Cancel));
    }

    /// <summary>Opens the store over the same data as before, as a process that starts would.</summary>
    protected abstract Task<IJournalStore> OpenStoreAsync();

    /// <summary>Closes what <see cref="OpenStoreAsync"/> opened.</summary>
    protected abstract Task CloseStoreAsync();

    /// <summary>The store as another process sees it; the same where only one process may use it.</summary>
    protected virtual Task<IJournalStore> OpenSecondStoreAsync() => Task.FromResult(Store);

    protected async Task ReopenAsync()
    {
        await CloseStoreAsync();
        Store = await OpenStoreAsync();
    }

    protected static string NewLog() => "log-" + Guid.NewGuid().ToString("N");

    protected async Task<string> NewOpenLogAsync()
    {
        var log = NewLog();
        await Store.OpenAsync(log, Cancel);
        return log;
    }

    /// <summary>A log with the records 1 to <paramref name="count"/>, each of <see cref="Bytes"/>.</summary>
    protected async Task<string> NewLogWithAsync(int count)
    {
        var log = await NewOpenLogAsync();
        for (var number = 1L; number <= count; number++)
        {
            Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, number, Bytes(number), Cancel));
        }

        return log;
    }

    protected async Task<List<JournalRecord>> ReadAsync(string log, long after = 0)
    {
        var records = new List<JournalRecord>();
        await foreach (var record in Store.ReadAsync(log, after, Cancel))
        {
            records.Add(record);
        }

        return records;
    }

    /// <summary>What record <paramref name="number"/> holds in these tests.</summary>
    protected static byte[] Bytes(long number) => BitConverter.GetBytes(number * 31);

    protected static void AssertRecords(long[] numbers, IReadOnlyList<JournalRecord> records)
    {
        Assert.Equal(numbers, records.Select(record => record.Number));
        Assert.All(records, record => Assert.Equal(Bytes(record.Number), record.Bytes.ToArray()));
    }
}
