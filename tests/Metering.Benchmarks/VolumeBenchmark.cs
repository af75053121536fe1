using System.Diagnostics;
using System.Globalization;
using Metering.Core;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Pricing;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.Ledger.Upkeep;
using Metering.Ledger.Usage;

namespace Metering.Benchmarks;

/// <summary>
/// Questions to a month of archived entries: how long a page of an account's statement takes, and sums of its usage; and how many bytes an entry takes. The month is made up, archived by the half hour by the
/// archive itself, and compacted by upkeep to an hour in a segment. One account in a hundred entries is the same busy one; the others share the rest evenly.
/// </summary>
internal sealed class VolumeBenchmark(int entries, int accounts)
{
    private const int Partition = 99;
    private const int Hours = 30 * 24;
    private const int Batches = Hours * 2;
    private const int MaxRounds = 6;
    private const int Repetitions = 5;
    private const int PageRows = 132;
    private const string Busy = "account-000000";

    private static readonly DateTimeOffset Month = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Credits UnitPrice = Credits.From(0.00006m);
    private static readonly string[] Meters = ["llm.tokens", "api.calls", "egress", "storage"];
    private static readonly Dimension[][] Tags =
        [.. Enumerable.Range(0, 60).Select(static i => (Dimension[])[new("kind", i % 3 == 0 ? "context" : "generated"), new("service", $"service-{i % 20}")])];

    private readonly long[] _sequences = new long[accounts];
    private readonly Credits[] _balances = [.. Enumerable.Repeat(Credits.From(1_000_000_000m), accounts)];

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        Say($"{entries:N0} entries of {accounts:N0} accounts over {Hours / 24} days");
        var store = FolderSegmentStore.OpenToWrite(directory.Path);
        await TellSizeAsync("archived", store, await ArchiveAsync(store, cancellationToken), cancellationToken);
        await TellSizeAsync("compacted", store, await CompactAsync(store, cancellationToken), cancellationToken);
        using var reader = new LedgerReader(store);
        var quiet = $"account-{accounts / 2:000000}";
        var isGood = true;
        foreach (var account in new[] { quiet, Busy })
        {
            var page = new LedgerQuery { Account = account, Partition = Partition, From = Month, To = Month.AddHours(Hours), MaxRows = PageRows };
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

        // On the same ledger, so that whatever would look at its files would find all of them.
        await using var lived = await LivedMonth.StartAsync(directory.Path, Meters, cancellationToken);
        return isGood & await MeasureAsync("a lived month: usage by meter and day, from rollups", 20, lived.ReadUsageAsync);
    }

    private static UsageQuery Query(string? account) =>
        new() { Account = account, Partition = Partition, From = Month, To = Month.AddHours(Hours), Window = UsageWindow.Range, Groups = [], MaxRows = 10_000 };

    private static async Task<int> SumAsync(LedgerReader reader, UsageQuery query, CancellationToken cancellationToken) =>
        (await reader.ReadUsageAsync(query, new UsageTail(query), cancellationToken)).Rows.Count;

    /// <summary>Waiting time, which depends on what else the machine does, and processor time, which mostly does not.</summary>
    private static async Task<bool> MeasureAsync(string question, int? goalMilliseconds, Func<Task<int>> ask)
    {
        var clock = Stopwatch.StartNew();
        var rows = await ask();
        var first = clock.Elapsed;
        var (waited, worked) = (new List<double>(), new List<double>());
        for (var i = 0; i < Repetitions; i++)
        {
            var cpu = Environment.CpuUsage.TotalTime;
            clock.Restart();
            await ask();
            waited.Add(clock.Elapsed.TotalMilliseconds);
            worked.Add((Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds);
        }

        var median = Median(waited);
        var verdict = goalMilliseconds is { } goal ? $", goal {goal:N0} ms: {(median <= goal ? "met" : "MISSED")}" : "";
        Say($"{question,-60} {rows,7:N0} rows  median {median,8:F1} ms  processor {Median(worked),8:F1} ms  first {first.TotalMilliseconds,8:F1} ms{verdict}");
        return goalMilliseconds is null || median <= goalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <returns>Processor time of the archive, all it takes to get from encoded entries to durable segments.</returns>
    private async Task<TimeSpan> ArchiveAsync(FolderSegmentStore store, CancellationToken cancellationToken)
    {
        using var writer = new SegmentWriter();
        var archive = await PartitionArchive.OpenAsync(store, writer, Partition, cancellationToken);
        var random = new Random(4711);
        var took = TimeSpan.Zero;
        for (var record = 0; record < Batches; record++)
        {
            var count = (int)(((long)entries * (record + 1) / Batches) - ((long)entries * record / Batches));
            var from = Month.AddMinutes(30 * record);
            var made = Enumerable.Range(0, count).Select(i => Charge(random, from.AddTicks(TimeSpan.FromMinutes(30).Ticks * i / count))).ToList();
            var cpu = Environment.CpuUsage.TotalTime;
            var batch = archive.Begin();
            made.ForEach(charge => batch.Add(charge.Account, charge.Encoded));
            await archive.CommitAsync(batch, new Progress(record + 1, 0), cancellationToken);
            took += Environment.CpuUsage.TotalTime - cpu;
        }

        return took;
    }

    private static async Task<TimeSpan> CompactAsync(FolderSegmentStore store, CancellationToken cancellationToken)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var compaction = new Compaction(store, TimeProvider.System);
        for (var round = 0; round < MaxRounds && !(await compaction.RunAsync(static _ => true, rests: false, cancellationToken)).IsAtRest; round++)
        {
        }

        return Environment.CpuUsage.TotalTime - cpu;
    }

    private async Task TellSizeAsync(string how, FolderSegmentStore store, TimeSpan cpu, CancellationToken cancellationToken)
    {
        using var reader = new LedgerReader(store);
        var sizes = await reader.SizesAsync(cancellationToken);
        Say($"{how}: {sizes.Segments:N0} segments, {sizes.Bytes / 1e6:N0} MB, {(double)sizes.Bytes / sizes.Entries:F1} bytes an entry, {cpu.TotalMicroseconds / entries:F1} us of processor time each");
    }

    private (string Account, byte[] Encoded) Charge(Random random, DateTimeOffset at)
    {
        var account = random.Next(100) == 0 ? 0 : random.Next(1, accounts);
        var quantity = Quantity.From(random.Next(1, 5_000));
        var credits = Credits.From(quantity.Value * UnitPrice.Value);
        var balance = _balances[account] -= credits;
        var usage = new ChargeLine(Meters[random.Next(Meters.Length)], quantity, Tags[random.Next(Tags.Length)]);
        var charged = new Charged
        {
            Sequence = ++_sequences[account],
            At = at,
            Balance = balance,
            Available = balance,
            Id = $"request-{random.NextInt64():x16}",
            Mode = ChargeMode.Enforce,
            PeriodStart = Month,
            Card = "default",
            Version = 1,
            Lines = [new ChargedLine(usage, "tokens", Quantity.Zero, new PricedLine(credits, [new TierPart(1, quantity, UnitPrice, Credits.Zero, credits)], []), credits)],
            Payment = new Payment { Credits = credits, Burns = [new Burn("plan", credits)] },
        };
        return ($"account-{account:000000}", charged.Encoded);
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
