using System.Globalization;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;
using Metering.Silo.Storage.Embedded.Files;

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

            using var embedded = TestStore.Open(_directory.Path);
            var store = new FileJournalStore(embedded);
            for (var log = 0; log < ChildProcess.Logs; log++)
            {
                await AssertWholeAsync(store, log, acknowledged[log]);
            }
        }
    }

    [Fact]
    public async Task A_batch_cut_short_by_a_power_failure_is_gone_and_those_before_it_are_there()
    {
        const int Acknowledged = 20;
        const int Sector = 512;
        using var embedded = TestStore.Open(_directory["running"]);
        var store = new FileJournalStore(embedded);
        await store.OpenAsync("log", Cancel);
        for (var number = 1L; number <= Acknowledged; number++)
        {
            await store.AppendAsync("log", number, ChildProcess.Record(0, number), Cancel);
        }

        var before = await ReadSegmentAsync();
        await store.AppendAsync("log", Acknowledged + 1, ChildProcess.Record(0, Acknowledged + 1), Cancel);
        var after = await ReadSegmentAsync();
        Assert.Equal(before.Length, after.Length);
        var sectors = Enumerable.Range(0, after.Length / Sector).Where(sector => !SectorOf(before, sector).SequenceEqual(SectorOf(after, sector))).ToList();
        Assert.True(sectors.Count > 1, "The test needs a batch of several sectors.");

        Assert.Equal(Acknowledged + 1, await LastWithAsync("whole", after));
        foreach (var missing in sectors)
        {
            // All of it arrived but for one sector, and all up to that one.
            await AssertIsCutShortAsync($"without-{missing}", sector => sector != missing);
            await AssertIsCutShortAsync($"until-{missing}", sector => sector < missing);
        }

        async Task AssertIsCutShortAsync(string name, Func<int, bool> hasArrived)
        {
            var segment = (byte[])before.Clone();
            foreach (var sector in sectors.Where(hasArrived))
            {
                SectorOf(after, sector).CopyTo(SectorOf(segment, sector));
            }

            Assert.Equal(Acknowledged, await LastWithAsync(name, segment));
        }

        static Span<byte> SectorOf(byte[] bytes, int sector) => bytes.AsSpan(sector * Sector, Sector);
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

    private static async Task AssertWholeAsync(FileJournalStore store, int log, long acknowledged)
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

    /// <summary>The last record's number, after the machine came back with this on its disk; twice, and with another record between.</summary>
    private async Task<long> LastWithAsync(string name, byte[] segment)
    {
        var folder = Path.Combine(_directory[name], EmbeddedStore.JournalFolder);
        Directory.CreateDirectory(folder);
        using (var source = new FileStream(Path.Combine(_directory["running"], EmbeddedDatabase.FileName), FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        using (var copy = File.Create(Path.Combine(_directory[name], EmbeddedDatabase.FileName)))
        {
            await source.CopyToAsync(copy, Cancel);
        }

        File.Copy(Path.Combine(_directory["running"], EmbeddedDatabase.FileName + "-wal"), Path.Combine(_directory[name], EmbeddedDatabase.FileName + "-wal"));
        await File.WriteAllBytesAsync(JournalSegment.PathOf(folder, 1), segment, Cancel);
        var last = await ReadLastAsync(name, append: true);
        Assert.Equal(last + 1, await ReadLastAsync(name, append: false));
        return last;
    }

    private async Task<long> ReadLastAsync(string name, bool append)
    {
        using var embedded = TestStore.Open(_directory[name]);
        var store = new FileJournalStore(embedded);
        var extent = await store.OpenAsync("log", Cancel);
        await foreach (var record in store.ReadAsync("log", 0, Cancel))
        {
            Assert.True(record.Bytes.Span.SequenceEqual(ChildProcess.Record(0, record.Number)), $"Record {record.Number} has other bytes.");
        }

        Assert.True(!append || await store.AppendAsync("log", extent.Last + 1, ChildProcess.Record(0, extent.Last + 1), Cancel) == AppendOutcome.Appended, "It does not go on.");
        return extent.Last;
    }

    private async Task<byte[]> ReadSegmentAsync()
    {
        using var file = new FileStream(JournalSegment.PathOf(Path.Combine(_directory["running"], EmbeddedStore.JournalFolder), 1), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, Cancel);
        return bytes;
    }
}
