using CsCheck;
using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Metering.Ledger.Usage;

namespace Metering.Ledger.Tests;

public sealed class UsageTests : IDisposable
{
    private const int Accounts = 4;

    private static readonly UsageGroup ByAccount = new(UsageGroupKind.Account, "");
    private static readonly UsageGroup ByMeter = new(UsageGroupKind.Meter, "");

    private readonly TemporaryFolder _folder = new();
    private readonly SegmentWriter _writer = new();

    [Fact]
    public async Task Usage_is_what_the_entries_say_however_they_lie_in_segments_and_journal()
    {
        for (var trial = 0; trial < 3; trial++)
        {
            var seed = 4711 + trial;
            var random = new Random(seed);
            var folder = Path.Combine(_folder.Path, $"trial-{trial}");
            var histories = Histories.Any.Array[Accounts].Single();
            var records = Records(histories, random);
            var archived = random.Next(records.Count + 1);
            await ArchiveAsync(folder, histories, records, archived, random);
            using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(folder));
            for (var question = 0; question < 10; question++)
            {
                var query = AnyQuery(histories, random);
                var after = random.Next(2) == 0 ? archived : random.Next(archived + 1);
                var tail = new UsageTail(query) { After = after };
                foreach (var (account, entry) in records.Skip(after).SelectMany(static record => record))
                {
                    if (query.Account is null || query.Account == Name(account))
                    {
                        tail.Take(Name(account), entry.Encoded);
                    }
                }

                var answer = await reader.ReadUsageAsync(query, tail, Token);
                Assert.False(answer.IsTooMany);
                Assert.True(
                    Told(Counted(query, histories)).SequenceEqual(Told(answer.Rows)),
                    $"Trial {trial} (seed {seed}, archived {archived}, tail after {after}): {query} says\n{string.Join("\n", Told(answer.Rows))}\nand the entries\n{string.Join("\n", Told(Counted(query, histories)))}");
            }
        }
    }

    [Fact]
    public async Task Sums_have_all_their_digits()
    {
        var rows = Enumerable.Range(1, 9).Select(sequence => Line(sequence, "calls", 111_111_111_111_111_111.111_111_111m, 0.000_000_001m)).ToList();
        await Ledgers.PutAsync(_folder.Path, _writer, rows, Token);
        var sum = Assert.Single((await AskAsync(Query(UsageWindow.Range))).Rows);
        Assert.Equal((999_999_999_999_999_999.999_999_999m, 0.000_000_009m, 9L), (sum.Quantity, sum.Credits, sum.Lines));
    }

    [Fact]
    public async Task The_top_groups_are_the_largest_first_and_no_more_than_asked_for()
    {
        var rows = Enumerable.Range(1, 9).Select(number => Line(number, $"meter-{number}", 10 - number, number)).ToList();
        await Ledgers.PutAsync(_folder.Path, _writer, rows, Token);
        var top = Query(UsageWindow.Range) with { Groups = [ByMeter], Top = 2 };
        Assert.Equal(["meter-9", "meter-8"], (await AskAsync(top)).Rows.Select(static row => row.Groups[0]));
        Assert.Equal(["meter-1", "meter-2"], (await AskAsync(top with { By = UsageMeasure.Quantity })).Rows.Select(static row => row.Groups[0]));
        Assert.Equal(["meter-1", "meter-2"], (await AskAsync(top with { By = UsageMeasure.Lines })).Rows.Select(static row => row.Groups[0]));
    }

    [Fact]
    public async Task More_rows_than_allowed_are_not_given_by_halves()
    {
        var rows = Enumerable.Range(1, 9).Select(number => Line(number, $"meter-{number}", 1, 1)).ToList();
        await Ledgers.PutAsync(_folder.Path, _writer, rows, Token);
        var query = Query(UsageWindow.Range) with { Groups = [ByMeter], MaxRows = 9 };
        Assert.Equal((9, false), (await AskAsync(query)) is var all ? (all.Rows.Count, all.IsTooMany) : default);
        Assert.Equal((0, true), (await AskAsync(query with { MaxRows = 8 })) is var few ? (few.Rows.Count, few.IsTooMany) : default);
    }

    [Fact]
    public async Task A_damaged_segment_is_named_and_the_usage_of_the_others_is_told()
    {
        await Ledgers.PutAsync(_folder.Path, _writer, [Line(1, "calls", 1, 1)], Token, first: 1, last: 1);
        await Ledgers.PutAsync(_folder.Path, _writer, [Line(2, "calls", 10, 10)], Token, first: 2, last: 2);
        var damaged = (await FolderSegmentStore.OpenToRead(_folder.Path).ListAsync("date=", Token))[0];
        await File.WriteAllBytesAsync(Path.Combine(_folder.Path, damaged), [1, 2, 3], Token);
        var answer = await AskAsync(Query(UsageWindow.Range));
        Assert.Equal([damaged], answer.Damaged);
        Assert.Equal(10m, Assert.Single(answer.Rows).Quantity);
    }

    [Fact]
    public async Task Windows_are_cut_at_the_ends_of_the_range()
    {
        await Ledgers.PutAsync(_folder.Path, _writer, [Line(1, "calls", 1, 1)], Token);
        var (from, to) = (Noon.AddMinutes(-20), Noon.AddMinutes(20));
        foreach (var (window, start, end) in new[]
        {
            (UsageWindow.Range, from, to), (UsageWindow.Minute, Noon, Noon.AddMinutes(1)), (UsageWindow.Hour, Noon, to), (UsageWindow.Day, from, to), (UsageWindow.Month, from, to),
        })
        {
            var row = Assert.Single((await AskAsync(Query(window) with { From = from, To = to })).Rows);
            Assert.Equal((start, end), (row.From, row.To));
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DateTimeOffset Noon { get; } = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private static string Name(int account) => $"account-{account}";

    private static UsageQuery Query(UsageWindow window) =>
        new() { Partition = 0, From = Noon.AddDays(-1), To = Noon.AddDays(1), Window = window, Groups = [], MaxRows = 1_000 };

    private static LedgerRow Line(int sequence, string meter, decimal quantity, decimal credits) => new()
    {
        Account = "acme",
        Sequence = sequence,
        Line = 0,
        At = Noon,
        Kind = EntryKind.Charged,
        Meter = meter,
        Quantity = Quantity.From(quantity),
        Credits = Credits.From(-credits),
        Balance = Credits.Zero,
        Available = Credits.Zero,
    };

    private async Task<UsageRows> AskAsync(UsageQuery query)
    {
        using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(_folder.Path));
        return await reader.ReadUsageAsync(query, new UsageTail(query), Token);
    }

    /// <summary>Deals the entries of all accounts out to records, each account's in order.</summary>
    private static List<List<(int Account, Entry Entry)>> Records(IReadOnlyList<Entry>[] histories, Random random)
    {
        var next = new int[histories.Length];
        var records = new List<List<(int Account, Entry Entry)>>();
        while (Enumerable.Range(0, histories.Length).Any(account => next[account] < histories[account].Count))
        {
            var record = new List<(int Account, Entry Entry)>();
            for (var account = 0; account < histories.Length; account++)
            {
                for (var left = random.Next(5); left > 0 && next[account] < histories[account].Count; left--)
                {
                    record.Add((account, histories[account][next[account]++]));
                }
            }

            records.Add(record);
        }

        return records;
    }

    /// <summary>In batches, some of them once more with other ends, as after a crash, by another owner, or while segments are merged.</summary>
    private async Task ArchiveAsync(string folder, IReadOnlyList<Entry>[] histories, List<List<(int Account, Entry Entry)>> records, int through, Random random)
    {
        var rows = Enumerable.Range(0, histories.Length).SelectMany(account => SegmentTests.Rows(Name(account), histories[account])).ToLookup(static row => (row.Account, row.Sequence));
        Directory.CreateDirectory(folder);
        for (var first = 1; first <= through;)
        {
            var last = Math.Min(through, first + random.Next(20));
            await PutAsync(first, last);
            if (random.Next(3) == 0)
            {
                await PutAsync(Math.Max(1, first - random.Next(5)), Math.Min(through, last + random.Next(5)));
            }

            first = last + 1;
        }

        Task PutAsync(int first, int last) => Ledgers.PutAsync(
            folder,
            _writer,
            [.. records.Skip(first - 1).Take(last - first + 1).SelectMany(static record => record).SelectMany(entry => rows[(Name(entry.Account), entry.Entry.Sequence)])],
            Token,
            first,
            last);
    }

    private static UsageQuery AnyQuery(IReadOnlyList<Entry>[] histories, Random random)
    {
        var instants = histories.SelectMany(static history => history).Select(static entry => entry.At).ToList();
        var (one, other) = (instants[random.Next(instants.Count)], instants[random.Next(instants.Count)]);
        var dimension = new UsageGroup(UsageGroupKind.Dimension, random.Next(2) == 0 ? "team" : "key");
        return new UsageQuery
        {
            Account = random.Next(2) == 0 ? Name(random.Next(Accounts)) : null,
            Partition = 0,
            From = one < other ? one : other,
            To = (one < other ? other : one).AddTicks(1),
            Window = (UsageWindow)random.Next(5),
            Groups = random.Next(5) switch { 0 => [], 1 => [ByMeter], 2 => [dimension], 3 => [ByAccount, ByMeter], _ => [ByMeter, dimension, ByAccount] },
            Meter = random.Next(4) == 0 ? "calls" : null,
            MaxRows = 100_000,
        };
    }

    /// <summary>The same from the entries themselves, by other means.</summary>
    private static IEnumerable<UsageRow> Counted(UsageQuery query, IReadOnlyList<Entry>[] histories)
    {
        var lines = histories.SelectMany((history, account) => history.SelectMany(entry => Lines(Name(account), entry)));
        return lines
            .Where(line => line.At >= query.From && line.At < query.To && (query.Account ?? line.Account) == line.Account && (query.Meter ?? line.Meter) == line.Meter)
            .GroupBy(line => (Start: Start(query, line.At), Groups: string.Join('\u0001', query.Groups.Select(group => Value(line, group) ?? "\0"))))
            .Select(group => new UsageRow(
                group.Key.Start,
                default,
                [.. query.Groups.Select(each => Value(group.First(), each))],
                group.Sum(static line => line.Quantity),
                group.Sum(static line => line.Credits),
                group.Sum(static line => line.Count)));
    }

    private static DateTimeOffset Start(UsageQuery query, DateTimeOffset at)
    {
        var start = query.Window switch
        {
            UsageWindow.Range => query.From,
            UsageWindow.Minute => new DateTimeOffset(at.Year, at.Month, at.Day, at.Hour, at.Minute, 0, TimeSpan.Zero),
            UsageWindow.Hour => new DateTimeOffset(at.Year, at.Month, at.Day, at.Hour, 0, 0, TimeSpan.Zero),
            UsageWindow.Day => new DateTimeOffset(at.Year, at.Month, at.Day, 0, 0, 0, TimeSpan.Zero),
            UsageWindow.Month => new DateTimeOffset(at.Year, at.Month, 1, 0, 0, 0, TimeSpan.Zero),
        };
        return start < query.From ? query.From : start;
    }

    private sealed record Used(string Account, DateTimeOffset At, string Meter, IReadOnlyList<Dimension> Dimensions, decimal Quantity, decimal Credits, long Count);

    private static IEnumerable<Used> Lines(string account, Entry entry) => entry switch
    {
        PaidOperation paid => paid.Lines.Select(line => new Used(account, entry.At, line.Usage.Meter, line.Usage.Dimensions, line.Usage.Quantity.Value, line.Taken.Value, 1)),
        Reversed reversed => reversed.Lines.Select(line => new Used(account, entry.At, line.Meter, line.Dimensions, -line.Quantity.Value, -line.Credits.Value, 0)),
        _ => [],
    };

    private static string? Value(Used line, UsageGroup group) => group.Kind switch
    {
        UsageGroupKind.Account => line.Account,
        UsageGroupKind.Meter => line.Meter,
        UsageGroupKind.Dimension => line.Dimensions.Where(dimension => dimension.Name == group.Dimension).Select(static dimension => dimension.Value).FirstOrDefault(),
    };

    private static IEnumerable<string> Told(IEnumerable<UsageRow> rows) => rows
        .Select(static row => FormattableString.Invariant($"{row.From:O} {string.Join('|', row.Groups.Select(static value => value ?? "-"))} {row.Quantity:0.#########} {row.Credits:0.#########} {row.Lines}"))
        .Order(StringComparer.Ordinal);
}
