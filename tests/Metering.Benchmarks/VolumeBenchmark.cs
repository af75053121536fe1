using System.Diagnostics;
using System.Globalization;
using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Metering.Ledger.Usage;

namespace Metering.Benchmarks;

/// <summary>
/// Questions to a month of archived entries: how long a page of an account's statement takes, and sums of its usage. The month is made up, an hour to a segment as upkeep leaves them, and
/// written by the archive's own writer; its links are not those of a chain, which these questions do not look at. One account in a hundred entries is the same busy one; the others
/// share the rest evenly.
/// </summary>
internal sealed class VolumeBenchmark(int entries, int accounts)
{
    private const int Hours = 30 * 24;
    private const int Repetitions = 5;
    private const int PageRows = 132;
    private const string Busy = "account-000000";

    private static readonly DateTimeOffset Month = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] Meters = ["llm.tokens", "api.calls", "egress", "storage"];
    private static readonly Dimension[][] Tags =
        [.. Enumerable.Range(0, 60).Select(static i => (Dimension[])[new("kind", i % 3 == 0 ? "context" : "generated"), new("service", $"service-{i % 20}")])];

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        var store = FolderSegmentStore.OpenToWrite(directory.Path);
        var (bytes, took) = await WriteAsync(store, cancellationToken);
        Say($"{entries:N0} entries of {accounts:N0} accounts over {Hours / 24} days, {Hours} segments: {bytes / 1e6:N0} MB, {(double)bytes / entries:F1} bytes an entry, written in {took.TotalSeconds:F0} s");
        using var reader = new LedgerReader(store);
        var quiet = $"account-{accounts / 2:000000}";
        var isGood = true;
        foreach (var account in new[] { quiet, Busy })
        {
            var page = new LedgerQuery { Account = account, Partition = 0, From = Month, To = Month.AddHours(Hours), MaxRows = PageRows };
            isGood &= await MeasureAsync($"{account}: first page of the month's statement", 1_000, async () => (await reader.ReadAsync(page, cancellationToken)).Rows.Count);
            isGood &= await MeasureAsync(
                $"{account}: a page from the middle, by cursor", 1_000, async () => (await reader.ReadAsync(page with { From = Month.AddDays(15) }, cancellationToken)).Rows.Count);
            isGood &= await MeasureAsync($"{account}: closing balance", 1_000, async () => await reader.ReadLastAsync(page, Month.AddHours(Hours), cancellationToken) is null ? 0 : 1);
            isGood &= await MeasureAsync(
                $"{account}: usage by meter and day", 2_000, () => SumAsync(reader, Query(account) with { Window = UsageWindow.Day, Groups = [new(UsageGroupKind.Meter, "")] }, cancellationToken));
            isGood &= await MeasureAsync(
                $"{account}: usage by service and day", 2_000, () => SumAsync(reader, Query(account) with { Window = UsageWindow.Day, Groups = [new(UsageGroupKind.Dimension, "service")] }, cancellationToken));
        }

        await MeasureAsync(
            "all accounts: the ten that took most", null, () => SumAsync(reader, Query(null) with { Groups = [new(UsageGroupKind.Account, "")], Top = 10 }, cancellationToken));
        await MeasureAsync(
            "all accounts: usage by service and day", null, () => SumAsync(reader, Query(null) with { Window = UsageWindow.Day, Groups = [new(UsageGroupKind.Dimension, "service")] }, cancellationToken));
        return isGood;
    }

    private static UsageQuery Query(string? account) =>
        new() { Account = account, Partition = 0, From = Month, To = Month.AddHours(Hours), Window = UsageWindow.Range, Groups = [], MaxRows = 10_000 };

    private static async Task<int> SumAsync(LedgerReader reader, UsageQuery query, CancellationToken cancellationToken) =>
        (await reader.ReadUsageAsync(query, new UsageTail(query), cancellationToken)).Rows.Count;

    private static async Task<bool> MeasureAsync(string question, int? goalMilliseconds, Func<Task<int>> ask)
    {
        var clock = Stopwatch.StartNew();
        var rows = await ask();
        var first = clock.Elapsed;
        var times = new List<double>();
        for (var i = 0; i < Repetitions; i++)
        {
            clock.Restart();
            await ask();
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        times.Sort();
        var median = times[Repetitions / 2];
        var verdict = goalMilliseconds is { } goal ? $", goal {goal:N0} ms: {(median <= goal ? "met" : "MISSED")}" : "";
        Say($"{question,-60} {rows,7:N0} rows  median {median,8:F1} ms  first {first.TotalMilliseconds,8:F1} ms{verdict}");
        return goalMilliseconds is null || median <= goalMilliseconds;
    }

    private async Task<(long Bytes, TimeSpan Took)> WriteAsync(FolderSegmentStore store, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        using var writer = new SegmentWriter();
        var random = new Random(4711);
        var sequences = new long[accounts];
        var bytes = 0L;
        for (var hour = 0; hour < Hours; hour++)
        {
            var count = (int)(((long)entries * (hour + 1) / Hours) - ((long)entries * hour / Hours));
            var rows = Enumerable.Range(0, count).Select(i => Row(random, sequences, Month.AddHours(hour).AddTicks(TimeSpan.TicksPerHour * i / count))).ToList();
            foreach (var (at, file) in await writer.WriteAsync(rows, store.NewTemporaryFile, cancellationToken))
            {
                bytes += new FileInfo(file).Length;
                await store.PutAsync(new SegmentName(at, 0, hour + 1, hour + 1).Path, file, cancellationToken);
            }
        }

        return (bytes, clock.Elapsed);
    }

    private LedgerRow Row(Random random, long[] sequences, DateTimeOffset at)
    {
        var account = random.Next(100) == 0 ? 0 : random.Next(1, accounts);
        var quantity = random.Next(1, 5_000);
        var credits = Credits.From(quantity * 0.00006m);
        return new LedgerRow
        {
            Account = $"account-{account:000000}",
            Sequence = ++sequences[account],
            Line = 0,
            At = at,
            Kind = EntryKind.Charged,
            Id = $"request-{random.NextInt64():x16}",
            Meter = Meters[random.Next(Meters.Length)],
            Quantity = Quantity.From(quantity),
            Credits = -credits,
            Balance = Credits.From(1_000_000m) - credits,
            Available = Credits.From(1_000_000m) - credits,
            Card = "default",
            Version = 1,
            Price = "tokens",
            PeriodStart = Month,
            Dimensions = Tags[random.Next(Tags.Length)],
            Tiers = """[{"tier":1,"unitPrice":"0.00006"}]""",
            Burned = [new Burn("plan", credits)],
            Mode = "enforce",
        };
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
