using System.Globalization;
using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

/// <summary>Acknowledged means durable, however the process or the machine dies.</summary>
public sealed class CrashTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_a_killed_process_had_acknowledged_is_there()
    {
        var seed = Environment.GetEnvironmentVariable("METERING_TEST_SEED") is { } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"METERING_TEST_SEED={seed} repeats this run's moments of killing.");
        var random = new Random(seed);
        for (var round = 0; round < 5; round++)
        {
            var acknowledged = await AppendUntilKilledAsync(afterLines: random.Next(1, 600));

            using var database = Database.Open(_directory.Path);
            var store = new SqliteJournalStore(database);
            for (var log = 0; log < ChildProcess.Logs; log++)
            {
                await AssertWholeAsync(store, log, acknowledged[log]);
            }
        }
    }

    [Fact]
    public async Task A_transaction_cut_short_by_a_power_failure_is_gone_and_those_before_it_are_there()
    {
        const int Acknowledged = 20;
        using var database = Database.Open(_directory["running"]);
        var store = new SqliteJournalStore(database);
        await store.OpenAsync("log", Cancel);
        for (var number = 1L; number <= Acknowledged; number++)
        {
            await store.AppendAsync("log", number, ChildProcess.Record(0, number), Cancel);
        }

        var before = await File.ReadAllBytesAsync(Wal("running"), Cancel);
        await store.AppendAsync("log", Acknowledged + 1, ChildProcess.Record(0, Acknowledged + 1), Cancel);
        var after = await File.ReadAllBytesAsync(Wal("running"), Cancel);
        Assert.True(after.Length > before.Length, "The test needs the last record at the end of the write-ahead log.");

        Assert.Equal(Acknowledged + 1, await LastWithAsync("whole", after));
        for (var cut = before.Length; cut < after.Length; cut += 509)
        {
            Assert.Equal(Acknowledged, await LastWithAsync($"cut-{cut}", after[..cut]));
        }

        for (var garbled = before.Length; garbled < after.Length; garbled += 1021)
        {
            // Half of the sectors arrived: the length is right, the content is not.
            var wal = (byte[])after.Clone();
            Array.Clear(wal, garbled, Math.Min(512, wal.Length - garbled));
            var isHarmless = wal.AsSpan().SequenceEqual(after);
            Assert.Equal(isHarmless ? Acknowledged + 1 : Acknowledged, await LastWithAsync($"garbled-{garbled}", wal));
        }
    }

    private async Task<long[]> AppendUntilKilledAsync(int afterLines)
    {
        var acknowledged = new long[ChildProcess.Logs];
        using var child = ChildProcess.Start(ChildProcess.Append, _directory.Path);
        for (var line = 0; line < afterLines; line++)
        {
            Note(await child.Output.ReadLineAsync(Cancel) ?? throw new InvalidOperationException("The child process ended by itself."), acknowledged);
        }

        await child.KillAsync(Cancel);

        // What it had still said before it died counts too. Only a last line without its end may be cut short.
        var rest = await child.Output.ReadToEndAsync(Cancel);
        foreach (var line in rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Note(line, acknowledged);
        }

        return acknowledged;
    }

    private static void Note(string line, long[] acknowledged)
    {
        var parts = line.Split(' ');
        acknowledged[int.Parse(parts[0], CultureInfo.InvariantCulture)] = long.Parse(parts[1], CultureInfo.InvariantCulture);
    }

    private static async Task AssertWholeAsync(SqliteJournalStore store, int log, long acknowledged)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"log-{log}");
        var extent = await store.OpenAsync(name, Cancel);
        Assert.True(extent.Last >= acknowledged, $"Record {acknowledged} of {name} was acknowledged, but the last one is {extent.Last}.");

        // Appended without an answer to it yet: at most one record, as the child waits for each.
        Assert.True(acknowledged == 0 || extent.Last <= acknowledged + 1, $"{name} has {extent.Last} records where {acknowledged} were acknowledged.");
        var next = extent.First;
        await foreach (var record in store.ReadAsync(name, 0, Cancel))
        {
            Assert.Equal(next++, record.Number);
            Assert.True(record.Bytes.Span.SequenceEqual(ChildProcess.Record(log, record.Number)), $"Record {record.Number} of {name} has other bytes.");
        }

        Assert.Equal(extent.Last == 0 ? 0 : extent.Last + 1, next);
    }

    /// <summary>The last record's number, after the machine came back with this much of the write-ahead log on disk.</summary>
    private async Task<long> LastWithAsync(string name, byte[] wal)
    {
        Directory.CreateDirectory(_directory[name]);
        File.Copy(Path.Combine(_directory["running"], EmbeddedDatabase.FileName), Path.Combine(_directory[name], EmbeddedDatabase.FileName));
        await File.WriteAllBytesAsync(Wal(name), wal, Cancel);
        using var database = Database.Open(_directory[name]);
        var store = new SqliteJournalStore(database);
        var extent = await store.OpenAsync("log", Cancel);
        await foreach (var record in store.ReadAsync("log", 0, Cancel))
        {
            Assert.True(record.Bytes.Span.SequenceEqual(ChildProcess.Record(0, record.Number)), $"Record {record.Number} has other bytes.");
        }

        return extent.Last;
    }

    private string Wal(string name) => Path.Combine(_directory[name], EmbeddedDatabase.FileName + "-wal");
}
