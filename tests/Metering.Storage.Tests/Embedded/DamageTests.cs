using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;
using Metering.Silo.Storage.Embedded.Files;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Metering.Storage.Tests.Embedded;

/// <summary>Nobody serves a guess, and damage to one thing is not damage to another.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string File => _directory[EmbeddedDatabase.FileName];

    private string Segment => JournalSegment.PathOf(_directory[EmbeddedStore.JournalFolder], 1);

    public void Dispose()
    {
        _services.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Damaged_bytes_of_a_record_are_handed_through_and_the_other_records_are_whole()
    {
        using (var embedded = TestStore.Open(_directory.Path))
        {
            var store = new FileJournalStore(embedded);
            for (var number = 1; number <= 3; number++)
            {
                await store.AppendAsync("log", number, Marked(number), Cancel);
            }
        }

        Overwrite(Segment, at: Find(Segment, Marked(2)) + 500, [0xEE]);

        using var damaged = TestStore.Open(_directory.Path);
        var records = new List<byte[]>();
        await foreach (var record in new FileJournalStore(damaged).ReadAsync("log", 0, Cancel))
        {
            records.Add(record.Bytes.ToArray());
        }

        var expected = Marked(2);
        expected[500] = 0xEE;
        Assert.Equal([Marked(1), expected, Marked(3)], records);
    }

    [Fact]
    public async Task A_damaged_state_is_refused_by_name_and_the_other_states_are_whole()
    {
        using (var embedded = TestStore.Open(_directory.Path))
        {
            await WriteStateAsync(embedded, "first", Marked(1));
            await WriteStateAsync(embedded, "second", Marked(2));
        }

        Overwrite(File, at: Find(File, Marked(2)) + 500, [0xEE]);

        using var damaged = TestStore.Open(_directory.Path);
        var fault = await Assert.ThrowsAsync<FormatException>(() => ReadStateAsync(damaged, "second"));
        Assert.Contains("account/second", fault.Message, StringComparison.Ordinal);
        Assert.Contains("damaged", fault.Message, StringComparison.Ordinal);
        Assert.Equal(Marked(1), await ReadStateAsync(damaged, "first"));
    }

    [Fact]
    public async Task A_snapshot_on_a_damaged_page_fails_alone_and_what_is_beside_it_is_written()
    {
        using (var embedded = TestStore.Open(_directory.Path))
        {
            await WriteStateAsync(embedded, "acme", Marked(1));
        }

        // The header of the page the state's row is on: SQLite itself can no longer read it.
        Overwrite(File, at: Find(File, Marked(1)) / DatabaseSchema.PageBytes * DatabaseSchema.PageBytes, [0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE]);

        using var damaged = TestStore.Open(_directory.Path);
        await using var writer = await BlockedWriter.BlockDatabaseAsync(damaged);
        var before = damaged.Database.WriteAsync(bytes: 0, _ => 1, Cancel);
        var snapshot = WriteStateAsync(damaged, "acme", Marked(2));
        var after = damaged.Database.WriteAsync(bytes: 0, _ => 2, Cancel);
        await writer.ReleaseAsync();

        Assert.Equal(1, await before);
        Assert.Equal(2, await after);
        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => snapshot);
        Assert.Contains($"'{File}' is damaged", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_database_is_named()
    {
        System.IO.File.WriteAllBytes(File, Marked(1));

        var fault = Assert.Throws<JournalStoreException>(() => TestStore.Open(_directory.Path));

        Assert.StartsWith($"'{File}' is not a SQLite database", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_of_something_else_is_refused_and_left_alone()
    {
        using (var connection = DatabaseConnection.Open(File))
        {
            connection.Execute("CREATE TABLE invoices (id INTEGER PRIMARY KEY)");
        }

        var before = System.IO.File.ReadAllBytes(File);
        var fault = Assert.Throws<JournalStoreException>(() => TestStore.Open(_directory.Path));

        Assert.Equal($"'{File}' is a SQLite database, but not one of Metering.", fault.Message);
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void A_database_of_a_newer_version_is_refused()
    {
        TestStore.Open(_directory.Path).Dispose();
        using (var connection = DatabaseConnection.Open(File))
        {
            connection.Execute("PRAGMA user_version=3");
        }

        var fault = Assert.Throws<JournalStoreException>(() => TestStore.Open(_directory.Path));

        Assert.Equal(
            $"'{File}' was written by a newer version of Metering (its schema is 3, this one knows 2). Start that version or a later one.", fault.Message);
    }

    [Fact]
    public async Task A_write_ahead_log_without_its_database_is_not_thrown_away()
    {
        byte[] wal;
        using (var embedded = TestStore.Open(_directory["first"]))
        {
            await WriteStateAsync(embedded, "acme", Marked(1));
            wal = await System.IO.File.ReadAllBytesAsync(Path.Combine(_directory["first"], EmbeddedDatabase.FileName + "-wal"), Cancel);
        }

        await System.IO.File.WriteAllBytesAsync(File + "-wal", wal, Cancel);

        var fault = Assert.Throws<JournalStoreException>(() => TestStore.Open(_directory.Path));
        Assert.StartsWith($"'{File}' is missing", fault.Message, StringComparison.Ordinal);
        Assert.Equal(wal, await System.IO.File.ReadAllBytesAsync(File + "-wal", Cancel));
    }

    // Small enough to lie on one page, and like nothing else in the file.
    private static byte[] Marked(int number)
    {
        var bytes = new byte[900];
        new Random(number).NextBytes(bytes);
        return bytes;
    }

    private static int Find(string path, byte[] marked)
    {
        var at = System.IO.File.ReadAllBytes(path).AsSpan().IndexOf(marked);
        Assert.True(at > 0, $"The bytes to damage are not in '{path}'.");
        return at;
    }

    private static void Overwrite(string path, int at, byte[] bytes)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
        file.Position = at;
        file.Write(bytes);
    }

    private async Task WriteStateAsync(EmbeddedStore embedded, string account, byte[] bytes)
    {
        var storage = TestStore.GrainStorage(embedded, _services);
        var state = new GrainState<byte[]> { State = bytes };
        await storage.WriteStateAsync("account", GrainId.Create("account", account), state);
    }

    private async Task<byte[]> ReadStateAsync(EmbeddedStore embedded, string account)
    {
        var state = new GrainState<byte[]>();
        await TestStore.GrainStorage(embedded, _services).ReadStateAsync("account", GrainId.Create("account", account), state);
        return state.State!;
    }
}
