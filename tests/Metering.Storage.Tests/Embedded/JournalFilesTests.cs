using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;
using Metering.Silo.Storage.Embedded.Files;

namespace Metering.Storage.Tests.Embedded;

/// <summary>The files of the journal: what is used again, what pins them, and what is refused rather than guessed.</summary>
public sealed class JournalFilesTests : IDisposable
{
    private const int RecordBytes = 100_000;

    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Folder => _directory[EmbeddedStore.JournalFolder];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_log_that_is_seldom_written_keeps_its_last_record_and_does_not_keep_the_files_before_it()
    {
        using (var embedded = TestStore.Open(_directory.Path))
        {
            var store = new FileJournalStore(embedded);
            for (var number = 1; number <= 3; number++)
            {
                await AppendAsync(store, "seldom", number);
            }

            await store.TrimAsync("seldom", 3, Cancel);
            await WriteMuchAsync(store, from: 1);
            Assert.DoesNotContain(JournalSegment.PathOf(Folder, 1), JournalFiles.SegmentsIn(Folder));
            await AssertRecordsAsync(store, "seldom", 3, 3);
        }

        using var reopened = TestStore.Open(_directory.Path);
        var again = new FileJournalStore(reopened);
        await AssertRecordsAsync(again, "seldom", 3, 3);
        Assert.Equal(AppendOutcome.Conflict, await again.AppendAsync("seldom", 3, Bytes(3), Cancel));
        await AppendAsync(again, "seldom", 4);
        await AssertRecordsAsync(again, "seldom", 3, 4);
        await AssertRecordsAsync(again, "often", 391, 400);
    }

    [Fact]
    public async Task While_somebody_copies_the_journal_nothing_is_trimmed_and_no_file_goes_that_was_superfluous_before()
    {
        using var embedded = TestStore.Open(_directory.Path);
        var store = new FileJournalStore(embedded);
        await AppendAsync(store, "seldom", 1);
        for (var number = 1; number <= 60; number++)
        {
            await AppendAsync(store, "often", number);
        }

        // With the next batch the last record of the other log moves, and the files before it are not needed.
        await store.TrimAsync("often", 59, Cancel);
        var first = JournalSegment.PathOf(Folder, 1);
        using (JournalHold.Take(Folder))
        {
            for (var number = 61; number <= 70; number++)
            {
                await AppendAsync(store, "often", number);
            }

            await store.TrimAsync("often", 69, Cancel);
            await AssertRecordsAsync(store, "often", 60, 70);
            Assert.True(File.Exists(first), "A file went while the journal was held.");
        }

        for (var number = 71; File.Exists(first); number++)
        {
            await AppendAsync(store, "often", number);
        }

        await AssertRecordsAsync(store, "seldom", 1, 1);
    }

    [Fact]
    public async Task Records_that_are_not_trimmed_keep_their_files_and_all_behind_them()
    {
        using (var embedded = TestStore.Open(_directory.Path))
        {
            var store = new FileJournalStore(embedded);
            await AppendAsync(store, "behind", 1);
            await AppendAsync(store, "behind", 2);
            await WriteMuchAsync(store, from: 1);
            Assert.Contains(JournalSegment.PathOf(Folder, 1), JournalFiles.SegmentsIn(Folder));
        }

        using var reopened = TestStore.Open(_directory.Path);
        await AssertRecordsAsync(new FileJournalStore(reopened), "behind", 1, 2);
    }

    [Fact]
    public async Task What_is_read_stays_while_it_is_trimmed_and_its_files_are_wanted()
    {
        using var embedded = TestStore.Open(_directory.Path);
        var store = new FileJournalStore(embedded);
        for (var number = 1; number <= 60; number++)
        {
            await AppendAsync(store, "often", number);
        }

        await using var reading = store.ReadAsync("often", 0, Cancel).GetAsyncEnumerator(Cancel);
        for (var number = 1; number <= 30; number++)
        {
            Assert.True(await reading.MoveNextAsync(), $"Record {number} is missing.");
            Assert.True(reading.Current.Bytes.Span.SequenceEqual(Bytes(number)), $"Record {number} has other bytes.");
            if (number == 1)
            {
                await store.TrimAsync("often", 60, Cancel);
                await WriteMuchAsync(store, from: 61);
            }
        }
    }

    [Fact]
    public async Task A_journal_is_read_back_after_each_of_many_restarts_wherever_they_fall()
    {
        var last = 0L;
        for (var restart = 0; restart < 12; restart++)
        {
            using var embedded = TestStore.Open(_directory.Path);
            var store = new FileJournalStore(embedded);
            await AssertRecordsAsync(store, "often", Math.Max(1, last - 9), last);
            for (var i = 0; i < 5 + restart; i++)
            {
                await AppendAsync(store, "often", ++last);
                await store.TrimAsync("often", last - 10, Cancel);
            }
        }
    }

    [Fact]
    public async Task A_batch_that_is_damaged_before_others_is_not_taken_for_the_end()
    {
        await WriteAndCloseAsync();
        var path = JournalFiles.SegmentsIn(Folder)[0];
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            // The head of the second batch.
            RandomAccess.Write(file, new byte[16], SegmentFormat.BlockBytes + SegmentFormat.BatchBytes(items: 2, RecordBytes + 5));
        }

        Assert.Contains("The journal is damaged", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_segment_that_is_missing_is_noticed_first_between_and_last()
    {
        await WriteAndCloseAsync();
        var segments = JournalFiles.SegmentsIn(Folder);
        Assert.True(segments.Count >= 4, "The test needs several segments.");
        foreach (var missing in segments.SkipLast(2))
        {
            File.Move(missing, missing + ".away");
            Assert.Contains("damaged", Refused(), StringComparison.Ordinal);
            File.Move(missing + ".away", missing);
        }

        TestStore.Open(_directory.Path).Dispose();
    }

    [Fact]
    public async Task A_segments_head_that_is_damaged_is_named()
    {
        await WriteAndCloseAsync();
        var path = JournalFiles.SegmentsIn(Folder)[1];
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(file, "\xEE"u8, 30);
        }

        Assert.StartsWith($"'{path}' is damaged", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_without_its_journal_a_journal_without_its_database_and_two_that_do_not_belong_together_are_refused()
    {
        await WriteAndCloseAsync();
        var (file, away) = (_directory[EmbeddedDatabase.FileName], _directory["away"]);
        Directory.Move(Folder, away);
        Assert.Contains("has no journal", Refused(), StringComparison.Ordinal);

        Directory.Move(away, Folder);
        File.Move(file, file + ".away");
        Assert.Contains("is missing or empty, but the journal", Refused(), StringComparison.Ordinal);

        TestStore.Open(_directory["other"]).Dispose();
        File.Copy(Path.Combine(_directory["other"], EmbeddedDatabase.FileName), file, overwrite: true);
        Assert.Contains("belongs to another database", Refused(), StringComparison.Ordinal);

        File.Move(file + ".away", file, overwrite: true);
        TestStore.Open(_directory.Path).Dispose();
    }

    [Fact]
    public void A_first_start_that_was_cut_short_begins_anew()
    {
        JournalFiles.Create(Folder, Guid.NewGuid()).Dispose();

        TestStore.Open(_directory.Path).Dispose();
        TestStore.Open(_directory.Path).Dispose();
    }

    [Fact]
    public async Task The_journal_of_an_earlier_version_moves_out_of_the_database_and_goes_on()
    {
        var file = _directory[EmbeddedDatabase.FileName];
        using (var connection = DatabaseConnection.Open(file))
        {
            connection.Execute("CREATE TABLE logs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT");
            connection.Execute("CREATE TABLE records (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT");
            connection.Execute("CREATE TABLE states (id INTEGER PRIMARY KEY, state TEXT NOT NULL, key TEXT NOT NULL, type TEXT NOT NULL, etag TEXT NOT NULL, checksum INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE (state, key, type)) STRICT");
            connection.Execute("INSERT INTO logs (id, name) VALUES (1, 'trimmed'), (2, 'empty'), (3, 'whole')");
            connection.Execute("PRAGMA application_id=0x4D545247");
            connection.Execute("PRAGMA user_version=1");
            Insert(connection, log: 1, from: 98, to: 100);
            Insert(connection, log: 3, from: 1, to: 300);
        }

        // A move that was cut short has left something behind.
        JournalFiles.Create(Folder, Guid.NewGuid()).Dispose();
        for (var start = 0; start < 2; start++)
        {
            using var embedded = TestStore.Open(_directory.Path);
            var store = new FileJournalStore(embedded);
            await AssertRecordsAsync(store, "trimmed", 98, 100 + start);
            await AssertRecordsAsync(store, "whole", 1, 300 + start);
            Assert.Equal(default, await store.OpenAsync("empty", Cancel));
            await AppendAsync(store, "trimmed", 101 + start);
            await AppendAsync(store, "whole", 301 + start);
        }

        static void Insert(DatabaseConnection connection, long log, long from, long to)
        {
            for (var number = from; number <= to; number++)
            {
                connection.Prepare("INSERT INTO records (id, bytes) VALUES (?1, ?2)").Bind(1, (log << 44) | number).Bind(2, Bytes(number)).Run();
            }
        }
    }

    [Fact]
    public async Task A_copy_made_while_the_journal_is_written_and_trimmed_is_whole()
    {
        using var embedded = TestStore.Open(_directory["running"]);
        var store = new FileJournalStore(embedded);
        var last = 0L;
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var writing = Task.Run(
            async () =>
            {
                while (!done.IsCancellationRequested)
                {
                    await AppendAsync(store, "often", last + 1);
                    Interlocked.Increment(ref last);
                    await store.TrimAsync("often", last - 20, Cancel);
                }
            },
            Cancel);
        for (var copy = 0; copy < 8; copy++)
        {
            var acknowledged = Interlocked.Read(ref last);
            while (Interlocked.Read(ref last) == acknowledged)
            {
                await Task.Yield();
            }

            acknowledged = Interlocked.Read(ref last);
            var target = _directory[$"copy-{copy}"];
            Directory.CreateDirectory(target);
            var copied = Assert.Single(StoreCopy.Make(_directory["running"], target));
            Assert.True(copied.Extent.Last >= acknowledged, $"Record {acknowledged} was acknowledged before the copy, whose last is {copied.Extent.Last}.");

            using var restored = TestStore.Open(target);
            var again = new FileJournalStore(restored);
            await AssertRecordsAsync(again, "often", copied.Extent.First, copied.Extent.Last);
            await AppendAsync(again, "often", copied.Extent.Last + 1);
        }

        await done.CancelAsync();
        await writing;
    }

    private async Task WriteAndCloseAsync()
    {
        using var embedded = TestStore.Open(_directory.Path);
        var store = new FileJournalStore(embedded);
        for (var number = 1; number <= 60; number++)
        {
            await AppendAsync(store, "often", number);
        }
    }

    /// <summary>400 records in all, of which the last ten are kept.</summary>
    private static async Task WriteMuchAsync(FileJournalStore store, int from)
    {
        for (var number = from; number <= 400; number++)
        {
            await AppendAsync(store, "often", number);
            await store.TrimAsync("often", number - 10, Cancel);
        }
    }

    private static async Task AppendAsync(FileJournalStore store, string log, long number) =>
        Assert.Equal(AppendOutcome.Appended, await store.AppendAsync(log, number, Bytes(number), Cancel));

    private static async Task AssertRecordsAsync(FileJournalStore store, string log, long first, long last)
    {
        Assert.Equal(last == 0 ? default : new JournalExtent(first, last), await store.OpenAsync(log, Cancel));
        var next = first;
        await foreach (var record in store.ReadAsync(log, 0, Cancel))
        {
            Assert.Equal(next, record.Number);
            Assert.True(record.Bytes.Span.SequenceEqual(Bytes(next)), $"Record {next} of {log} has other bytes.");
            next++;
        }

        Assert.Equal(last + 1, next);
    }

    private string Refused() => Assert.Throws<JournalStoreException>(() => TestStore.Open(_directory.Path)).Message;

    private static byte[] Bytes(long number)
    {
        var bytes = new byte[RecordBytes];
        Array.Fill(bytes, (byte)(number % 251));
        return bytes;
    }
}
