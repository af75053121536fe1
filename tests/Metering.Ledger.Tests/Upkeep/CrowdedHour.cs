using System.Globalization;
using Metering.Core.Entries;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Metering.Ledger.Upkeep;
using Metering.Ledger.Usage;

namespace Metering.Ledger.Tests.Upkeep;

/// <summary>
/// An hour of one account's ledger, an entry to a record, in whatever segments a test puts there: files can be taken away for a while, be damaged and mended. What must come out of it in the end is always
/// each entry once.
/// </summary>
internal sealed class CrowdedHour : IDisposable
{
    /// <summary>All in one hour, a record to each.</summary>
    internal const int Records = 12;

    private static readonly byte[] Damaged = [1, 2, 3];

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _aside = new();
    private readonly SegmentWriter _writer = new();
    private readonly IReadOnlyList<Entry> _entries = [.. Histories.Charged(Records - 2).Entries];
    private readonly Dictionary<string, byte[]> _damaged = [];

    internal CrowdedHour()
    {
        Rows = SegmentTests.Rows("acme", _entries);
        Assert.Equal(Records, Rows.Count);
        Store = FolderSegmentStore.OpenToWrite(_folder.Path);
    }

    internal FolderSegmentStore Store { get; }

    internal List<LedgerRow> Rows { get; }

    internal StoppedClock After => new(_entries[^1].At + TimeSpan.FromHours(2));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal SegmentName Name(long first, long last, int merged = 0) => new(SegmentName.HourOf(_entries[0].At), 0, first, last, merged);

    /// <summary>Puts a segment there that is named after some records, with their rows or with others.</summary>
    internal async Task PutAsync(SegmentName name, IEnumerable<LedgerRow>? rows = null)
    {
        var written = await _writer.WriteAsync([.. rows ?? Rows.Where(row => row.Sequence >= name.First && row.Sequence <= name.Last)], () => Path.Combine(_aside.Path, Path.GetRandomFileName()), Token);
        var path = PathOf(name.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Move(Assert.Single(written).File, path, overwrite: true);
    }

    internal async Task<List<SegmentName>> SegmentsAsync() =>
        [.. (await Store.ListAsync("date=", Token)).Select(static path => SegmentName.TryParse(path, out var name) ? name : throw new InvalidOperationException($"'{path}' is no segment."))];

    /// <summary>Takes a segment away; nothing when it is gone or away already.</summary>
    internal void TakeAway(string name)
    {
        if (File.Exists(PathOf(name)) && !File.Exists(AsideOf(name)))
        {
            File.Move(PathOf(name), AsideOf(name));
        }
    }

    /// <summary>Puts everything back that was taken away, unless there is one of that name again, and mends what was damaged.</summary>
    internal void Restore()
    {
        foreach (var file in Directory.GetFiles(_aside.Path))
        {
            var path = PathOf(Path.GetFileName(file).Replace('!', '/'));
            if (!File.Exists(path))
            {
                File.Move(file, path);
            }
        }

        foreach (var (path, content) in _damaged)
        {
            if (File.Exists(path) && File.ReadAllBytes(path).SequenceEqual(Damaged))
            {
                File.WriteAllBytes(path, content);
            }
        }

        _damaged.Clear();
    }

    /// <summary>Changes a segment so that it cannot be read.</summary>
    internal void Damage(string name)
    {
        if (File.Exists(PathOf(name)) && _damaged.TryAdd(PathOf(name), File.ReadAllBytes(PathOf(name))))
        {
            File.WriteAllBytes(PathOf(name), Damaged);
        }
    }

    internal Task<CompactionReport> RoundAsync() => new Compaction(Store, After).RunAsync(static _ => true, rests: false, Token);

    /// <summary>Rounds of one process until there is nothing left to do.</summary>
    internal async Task<List<string>> TidyAsync(Func<Task>? beforeEachStep = null)
    {
        var compaction = new Compaction(beforeEachStep is null ? Store : new SteppedStore(Store, beforeEachStep), After);
        var faults = new List<string>();
        for (var round = 1; ; round++)
        {
            var report = await compaction.RunAsync(static _ => true, rests: false, Token);
            faults.AddRange(report.Faults);
            if (report.IsAtRest)
            {
                return faults;
            }

            Assert.True(round < 10, "Compaction does not come to an end.");
        }
    }

    /// <summary>Each entry is read once, as it was; the chain holds; and sums count each once.</summary>
    internal async Task RequireAllAsync(string after)
    {
        using var reader = new LedgerReader(Store);
        var rows = await reader.ReadAsync(new LedgerQuery { Account = "acme", MaxRows = 1000 }, Token);
        Assert.True(
            Rows.Select(static row => row.Sequence).SequenceEqual(rows.Rows.Select(static row => row.Sequence)),
            $"After {after} the ledger has entries {string.Join(", ", rows.Rows.Select(static row => row.Sequence))}, and should have 1 to {Records}.");
        var report = await reader.VerifyAsync(null, Token);
        Assert.True(report.Holds, $"After {after}: {string.Join("\n", report.Breaks)} {string.Join("\n", report.Damaged)}");
        var usage = new UsageQuery { Account = "acme", Partition = 0, From = _entries[0].At, To = After.GetUtcNow(), Window = UsageWindow.Range, Groups = [], MaxRows = 10 };
        var sum = Assert.Single((await reader.ReadUsageAsync(usage, new UsageTail(usage), Token)).Rows);
        Assert.True(sum.Lines == Records - 2, string.Create(CultureInfo.InvariantCulture, $"After {after} {sum.Lines} charges are counted and not {Records - 2}."));
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
        _aside.Dispose();
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private string AsideOf(string name) => Path.Combine(_aside.Path, name.Replace('/', '!'));
}
