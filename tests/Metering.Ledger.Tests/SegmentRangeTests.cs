using System.Globalization;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.Ledger.Usage;

namespace Metering.Ledger.Tests;

/// <summary>A question looks at the segments of its range, and at no others.</summary>
public sealed class SegmentRangeTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly SegmentWriter _writer = new();

    [Fact]
    public async Task A_question_about_a_day_lists_and_opens_what_is_of_that_day()
    {
        // An entry a day, for a week.
        var rows = SegmentTests.Rows("acme", Histories.Charged(7, TimeSpan.FromDays(1)).Entries);
        await Ledgers.PutAsync(_folder.Path, _writer, rows, Token);
        var store = new ToldStore(FolderSegmentStore.OpenToRead(_folder.Path));
        using var reader = new LedgerReader(store);
        var day = new DateTimeOffset(2026, 3, 13, 0, 0, 0, TimeSpan.Zero);
        var query = new LedgerQuery { Account = "acme", Partition = 0, From = day, To = day.AddDays(1), MaxRows = 100 };
        var usage = new UsageQuery { Partition = 0, From = day, To = day.AddDays(1), Window = UsageWindow.Day, Groups = [], MaxRows = 100 };
        Assert.Equal("c3", Assert.Single((await reader.ReadAsync(query, Token)).Rows).Id);
        Assert.Equal(1m, Assert.Single((await reader.ReadUsageAsync(usage, new UsageTail(usage), Token)).Rows).Credits);
        Assert.Equal(1, (await reader.VerifyRangeAsync(query, Token)).Report.Entries);
        Assert.Equal(["date=2026-03-13/"], store.Listed.Distinct());
        Assert.Equal(["date=2026-03-13/hour=12/partition-0000-000000000001-000000000001.parquet"], store.Opened.Distinct());
    }

    [Theory]
    [InlineData("2026-03-10T00:00:00", "2026-03-11T00:00:00", "date=2026-03-10/")]
    [InlineData("2026-03-10T23:59:59.9999999", "2026-03-11T00:00:00.0000001", "date=2026-03-10/ date=2026-03-11/")]
    [InlineData("2026-02-26T00:00:00", "2026-03-05T00:00:00", "date=2026-02-26/ date=2026-02-27/ date=2026-02-28/ date=2026-03-01/ date=2026-03-02/ date=2026-03-03/ date=2026-03-04/")]
    [InlineData("2025-12-31T23:00:00", "2026-02-01T00:00:00", "date=2025-12- date=2026-01-")]
    [InlineData("2024-03-10T00:00:00", "2026-02-01T00:00:00", "2024-03 to 2026-01")]
    [InlineData("2024-01-10T00:00:00", "2026-02-01T00:00:00", "date=")]
    [InlineData("0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999", "date=")]
    [InlineData("2026-03-10T00:00:00", "2026-03-10T00:00:00", "")]
    [InlineData("2026-03-11T00:00:00", "2026-03-10T00:00:00", "")]
    public async Task The_store_is_asked_for_days_or_for_months_or_for_all(string from, string to, string prefixes)
    {
        var store = new ToldStore(FolderSegmentStore.OpenToWrite(_folder.Path));
        await new SegmentRange(0, Instant(from), Instant(to)).ListAsync(store, Token);
        var months = Enumerable.Range(0, 23).Select(static month => string.Create(CultureInfo.InvariantCulture, $"date={new DateTime(2024, 3, 1).AddMonths(month):yyyy-MM}-"));
        Assert.Equal(prefixes == "2024-03 to 2026-01" ? string.Join(' ', months) : prefixes, string.Join(' ', store.Listed));
    }

    [Fact]
    public async Task Whatever_the_range_nothing_that_is_in_it_is_left_out()
    {
        var random = new Random(4711);
        var names = Enumerable.Range(0, 300).Select(_ => new SegmentName(Noon.AddHours(random.Next(-20_000, 20_000)), random.Next(3), 1, 1)).DistinctBy(static name => name.Path).ToList();
        foreach (var name in names)
        {
            var path = Path.Combine(_folder.Path, name.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, [], Token);
        }

        var store = FolderSegmentStore.OpenToRead(_folder.Path);
        for (var i = 0; i < 100; i++)
        {
            // Near the ends of hours, of days and of months as well, and of all lengths.
            var from = names[random.Next(names.Count)].Hour.AddTicks(random.Next(-1, 2));
            var range = new SegmentRange(random.Next(4) is var partition && partition == 3 ? null : partition, from, from.AddHours(Math.Pow(10, random.NextDouble() * 4.5)).AddTicks(random.Next(-1, 2)));
            var expected = names.Where(name => (range.Partition ?? name.Partition) == name.Partition && name.End > range.From && name.Hour < range.To).Select(static name => name.Path);
            Assert.Equal(expected.Order(StringComparer.Ordinal), (await range.ListAsync(store, Token)).Select(static name => name.Path));
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>Tells what it was asked for.</summary>
    private sealed class ToldStore(ISegmentStore store) : ISegmentStore
    {
        internal List<string> Listed { get; } = [];

        internal List<string> Opened { get; } = [];

        public string NewTemporaryFile() => store.NewTemporaryFile();

        public Task PutAsync(string name, string temporaryFile, CancellationToken cancellationToken) => store.PutAsync(name, temporaryFile, cancellationToken);

        public Task<bool> TryPutAsync(string name, string temporaryFile, CancellationToken cancellationToken) => store.TryPutAsync(name, temporaryFile, cancellationToken);

        public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken)
        {
            Listed.Add(prefix);
            return store.ListAsync(prefix, cancellationToken);
        }

        public Task<LocalFile?> OpenAsync(string name, CancellationToken cancellationToken)
        {
            Opened.Add(name);
            return store.OpenAsync(name, cancellationToken);
        }

        public Task DeleteAsync(string name, CancellationToken cancellationToken) => store.DeleteAsync(name, cancellationToken);
    }
}
