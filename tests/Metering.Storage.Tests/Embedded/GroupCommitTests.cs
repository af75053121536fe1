using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

/// <summary>Many callers share a write, and each hears only of its own part.</summary>
public sealed class GroupCommitTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly EmbeddedStore _store;

    public GroupCommitTests() => _store = TestStore.Open(_directory.Path);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Appends_that_wait_together_each_hear_their_own_outcome()
    {
        var store = new FileJournalStore(_store);
        await using var writer = await BlockedWriter.BlockAsync(_store);
        var first = store.AppendAsync("log", 1, new byte[] { 1 }, Cancel);
        var taken = store.AppendAsync("log", 1, new byte[] { 9 }, Cancel);
        var next = store.AppendAsync("log", 2, new byte[] { 2 }, Cancel);
        var ahead = store.AppendAsync("log", 4, new byte[] { 4 }, Cancel);
        var other = store.AppendAsync("other", 1, new byte[] { 1 }, Cancel);
        await writer.ReleaseAsync();

        Assert.Equal(
            [AppendOutcome.Appended, AppendOutcome.Conflict, AppendOutcome.Appended, AppendOutcome.TailLost, AppendOutcome.Appended],
            await Task.WhenAll(first, taken, next, ahead, other));
    }

    [Fact]
    public async Task A_part_of_a_transaction_that_throws_is_undone_and_the_others_are_written()
    {
        await using var writer = await BlockedWriter.BlockDatabaseAsync(_store);
        var before = AddAsync("before", thenThrow: false);
        var broken = AddAsync("half", thenThrow: true);
        var after = AddAsync("after", thenThrow: false);
        await writer.ReleaseAsync();

        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => broken)).Message);
        await before;
        await after;
        Assert.Equal(2, await _store.Database.ReadAsync(connection => connection.Number("SELECT count(*) FROM states WHERE state <> 'half'"), Cancel));
        Assert.Equal(0, await _store.Database.ReadAsync(connection => connection.Number("SELECT count(*) FROM states WHERE state = 'half'"), Cancel));

        Task<int> AddAsync(string state, bool thenThrow) => _store.Database.WriteAsync(
            bytes: 0,
            connection =>
            {
                connection.Prepare("INSERT INTO states (state, key, type, etag, checksum, bytes) VALUES (?1, '', '', '', 0, x'')").Bind(1, state).Run();
                return thenThrow ? throw new InvalidOperationException("broken") : 0;
            },
            Cancel);
    }

    [Fact]
    public async Task An_append_does_not_wait_for_snapshots()
    {
        var store = new FileJournalStore(_store);
        await using var writer = await BlockedWriter.BlockDatabaseAsync(_store);

        Assert.Equal(AppendOutcome.Appended, await store.AppendAsync("log", 1, new byte[] { 1 }, Cancel));
    }

    [Fact]
    public async Task An_append_cancelled_while_it_waits_never_happens()
    {
        var store = new FileJournalStore(_store);
        using var cancellation = new CancellationTokenSource();
        await using var writer = await BlockedWriter.BlockAsync(_store);
        var cancelled = store.AppendAsync("log", 1, new byte[] { 1 }, cancellation.Token);

        await cancellation.CancelAsync();

        // It ends at once, though the writer is still held up.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await writer.ReleaseAsync();
        Assert.Equal(new JournalExtent(0, 0), await store.OpenAsync("log", Cancel));
    }

    [Fact]
    public async Task A_caller_who_cancels_gets_its_bytes_back_only_when_the_writer_has_done_with_them()
    {
        using var cancellation = new CancellationTokenSource();
        using var release = new ManualResetEvent(initialState: false);
        var isRunning = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = _store.Journal.WriteAsync(
            bytes: 0,
            _ =>
            {
                isRunning.TrySetResult();
                return release.WaitOne();
            },
            cancellation.Token);
        await isRunning.Task;

        await cancellation.CancelAsync();

        // That something does not happen can only be watched for a while.
        var isHeld = !SpinWait.SpinUntil(() => running.IsCompleted, TimeSpan.FromMilliseconds(200));
        release.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.True(isHeld, "The caller was let go while the writer was still at its bytes.");
    }

    [Fact]
    public async Task Callers_beyond_the_queues_bound_wait_and_are_served()
    {
        const int Callers = WriteQueue.MaxWaiting * 2 + 1;
        Task<int>[] asked;
        await using (await BlockedWriter.BlockDatabaseAsync(_store))
        {
            asked = [.. Enumerable.Range(0, Callers).Select(n => _store.Database.WriteAsync(bytes: 1, _ => n, Cancel))];
        }

        Assert.Equal(Enumerable.Range(0, Callers), await Task.WhenAll(asked));
    }

    [Fact]
    public async Task What_waits_when_the_store_closes_is_written_and_what_comes_later_is_refused()
    {
        var store = new FileJournalStore(_store);
        var writer = await BlockedWriter.BlockAsync(_store);
        var waiting = store.AppendAsync("log", 1, new byte[] { 1 }, Cancel);
        var closing = Task.Run(_store.Dispose, Cancel);
        await writer.DisposeAsync();
        await closing;

        Assert.Equal(AppendOutcome.Appended, await waiting);
        await Assert.ThrowsAsync<JournalStoreException>(() => store.AppendAsync("log", 2, new byte[] { 2 }, Cancel));
        await Assert.ThrowsAsync<JournalStoreException>(async () =>
        {
            await foreach (var record in store.ReadAsync("log", 0, Cancel))
            {
                Assert.Fail($"Record {record.Number} was read from a closed store.");
            }
        });
        using var reopened = TestStore.Open(_directory.Path);
        Assert.Equal(new JournalExtent(1, 1), await new FileJournalStore(reopened).OpenAsync("log", Cancel));
    }

    [Fact]
    public void A_closed_store_leaves_no_write_ahead_log()
    {
        _store.Dispose();

        Assert.Empty(Directory.GetFiles(_directory.Path, "*-wal"));
    }
}
