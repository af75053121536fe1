using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

/// <summary>Many callers share a transaction, and each hears only of its own part.</summary>
public sealed class GroupCommitTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly EmbeddedDatabase _database;

    public GroupCommitTests() => _database = Database.Open(_directory.Path);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Appends_that_wait_together_each_hear_their_own_outcome()
    {
        var store = new SqliteJournalStore(_database);
        await using var writer = await BlockedWriter.BlockAsync(_database);
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
    public async Task A_part_that_throws_is_undone_and_the_others_are_written()
    {
        var store = new SqliteJournalStore(_database);
        await using var writer = await BlockedWriter.BlockAsync(_database);
        var before = store.AppendAsync("log", 1, new byte[] { 1 }, Cancel);
        var broken = _database.WriteAsync<int>(
            WriteLane.Journal,
            bytes: 0,
            connection =>
            {
                connection.Prepare("INSERT INTO logs (name) VALUES ('half')").Run();
                throw new InvalidOperationException("broken");
            },
            Cancel);
        var after = store.AppendAsync("log", 2, new byte[] { 2 }, Cancel);
        await writer.ReleaseAsync();

        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => broken)).Message);
        Assert.Equal(AppendOutcome.Appended, await before);
        Assert.Equal(AppendOutcome.Appended, await after);
        Assert.Equal(0, await _database.ReadAsync(connection => connection.Number("SELECT count(*) FROM logs WHERE name = 'half'"), Cancel));
    }

    [Fact]
    public async Task An_append_waits_for_one_transactions_worth_of_snapshots_not_for_the_pile()
    {
        var order = new List<string>();
        Task<int> Ask(WriteLane lane, string name, Func<DatabaseConnection, int>? also = null) => _database.WriteAsync(
            lane,
            WriteQueue.MaxBackgroundBytesPerTransaction,
            connection =>
            {
                order.Add(name);
                return also?.Invoke(connection) ?? 0;
            },
            Cancel);

        Task<int>? late = null;
        var asked = new List<Task<int>>();
        await using (var writer = await BlockedWriter.BlockAsync(_database))
        {
            asked.Add(Ask(WriteLane.Background, "snapshot 1", _ =>
            {
                late = Ask(WriteLane.Journal, "append during snapshot 1");
                return 0;
            }));
            asked.Add(Ask(WriteLane.Background, "snapshot 2"));
            asked.Add(Ask(WriteLane.Background, "snapshot 3"));
            asked.Add(Ask(WriteLane.Journal, "append 1"));
            asked.Add(Ask(WriteLane.Journal, "append 2"));
        }

        await Task.WhenAll(asked);
        await late!;

        Assert.Equal(["append 1", "append 2", "snapshot 1", "append during snapshot 1", "snapshot 2", "snapshot 3"], order);
    }

    [Fact]
    public async Task An_append_cancelled_while_it_waits_never_happens()
    {
        var store = new SqliteJournalStore(_database);
        using var cancellation = new CancellationTokenSource();
        await using var writer = await BlockedWriter.BlockAsync(_database);
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
        var running = _database.WriteAsync(
            WriteLane.Journal,
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
        const int Callers = WriteQueue.MaxWaitingPerLane * 2 + 1;
        Task<int>[] asked;
        await using (await BlockedWriter.BlockAsync(_database))
        {
            asked = [.. Enumerable.Range(0, Callers).Select(n => _database.WriteAsync(WriteLane.Background, bytes: 1, _ => n, Cancel))];
        }

        Assert.Equal(Enumerable.Range(0, Callers), await Task.WhenAll(asked));
    }

    [Fact]
    public async Task What_waits_when_the_store_closes_is_written_and_what_comes_later_is_refused()
    {
        var store = new SqliteJournalStore(_database);
        var writer = await BlockedWriter.BlockAsync(_database);
        var waiting = store.AppendAsync("log", 1, new byte[] { 1 }, Cancel);
        var closing = Task.Run(_database.Dispose, Cancel);
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
        using var reopened = Database.Open(_directory.Path);
        Assert.Equal(new JournalExtent(1, 1), await new SqliteJournalStore(reopened).OpenAsync("log", Cancel));
    }

    [Fact]
    public void A_closed_store_leaves_no_write_ahead_log()
    {
        _database.Dispose();

        Assert.Empty(Directory.GetFiles(_directory.Path, "*-wal"));
    }
}
