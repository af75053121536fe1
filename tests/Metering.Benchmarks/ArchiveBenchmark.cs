using System.Globalization;
using Metering.Core;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Pricing;
using Metering.Ledger.Archiving;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks;

/// <summary>
/// What an entry takes on its way from the journal's bytes into a segment, with nothing else running: read, as rows with their links, and all of it. The same entries each time, as a partition of
/// <see cref="LedgerBenchmark"/> has them: by a Zipf mix, a few of each account in a record.
/// </summary>
internal sealed class ArchiveBenchmark(int entries, int accounts, double zipfExponent, int rounds)
{
    private const int EntriesPerRecord = 500;

    private static readonly DateTimeOffset Start = new(2026, 4, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Apart = TimeSpan.FromMicroseconds(10);
    private static readonly Credits UnitPrice = Credits.From(0.00006m);
    private static readonly string[] Models = ["gpt-4", "gpt-4-mini", "claude", "llama"];
    private static readonly string[] Services = ["search", "chat", "support", "batch"];

    private readonly Random _random = new(4711);
    private readonly Dictionary<string, Charged> _last = new(StringComparer.Ordinal);

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        using var writer = new SegmentWriter();
        var records = Records();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{entries:N0} entries of {accounts:N0} accounts, Zipf {zipfExponent:0.##}, {EntriesPerRecord} in a record; the median of {rounds}"));
        Console.WriteLine("| what | µs of processor time an entry | bytes allocated an entry |");
        Console.WriteLine("|---|---|---|");
        await MeasureAsync("read", () =>
        {
            records.ForEach(static record => _ = Entry.Decode(record.Entry));
            return Task.CompletedTask;
        });
        await MeasureAsync("made rows, with links", () =>
        {
            var heads = new Dictionary<string, ChainHead>(StringComparer.Ordinal);
            var rows = new List<LedgerRow>();
            foreach (var (account, entry) in records)
            {
                rows.Clear();
                var head = heads.GetValueOrDefault(account);
                EntryRows.Add(account, entry, ref head, rows);
                heads[account] = head;
            }

            return Task.CompletedTask;
        });
        var store = FolderSegmentStore.OpenToWrite(directory.Path);
        var partition = 0;
        await MeasureAsync("archived, all in all", async () =>
        {
            var archive = await PartitionArchive.OpenAsync(store, writer, partition++, cancellationToken);
            var batch = archive.Begin();
            records.ForEach(record => batch.Add(record.Account, record.Entry));
            await archive.CommitAsync(batch, new Progress(1, 0), cancellationToken);
        });
        var bytes = Directory.GetFiles(directory.Path, "*.parquet", SearchOption.AllDirectories).Sum(static file => new FileInfo(file).Length);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / partition / entries:F1} bytes an entry, {records.Average(static record => record.Entry.Length):F0} in the journal."));
        return true;
    }

    private async Task MeasureAsync(string what, Func<Task> work)
    {
        await work();
        var (took, allocated) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            GC.Collect();
            var (cpu, bytes) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
            await work();
            took.Add((Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / entries);
            allocated.Add((double)(GC.GetTotalAllocatedBytes() - bytes) / entries);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {Median(took):F2} | {Median(allocated):N0} |"));
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>By record, and in it by account, as the journal has them.</summary>
    private List<(string Account, byte[] Entry)> Records()
    {
        var mix = AccountMix.Zipf(accounts, zipfExponent);
        var made = Enumerable.Range(0, entries).Select(i => (Record: i / EntriesPerRecord, Entry: Charge(mix.Next(_random), i))).ToList();
        return [.. made.GroupBy(static charge => (charge.Record, charge.Entry.Account)).SelectMany(static chunk => chunk.Select(static charge => charge.Entry))];
    }

    private (string Account, byte[] Entry) Charge(int number, int i)
    {
        var account = string.Create(CultureInfo.InvariantCulture, $"account-{number:D6}");
        var last = _last.GetValueOrDefault(account);
        var quantity = Quantity.From(_random.Next(1, 5_000));
        var credits = Credits.From(quantity.Value * UnitPrice.Value);
        var balance = (last?.Balance ?? Credits.From(1_000_000_000m)) - credits;
        Dimension[] dimensions = [new("model", Models[_random.Next(Models.Length)]), new("service", Services[_random.Next(Services.Length)])];
        var line = new ChargedLine(
            new ChargeLine("llm.tokens", quantity, dimensions),
            "tokens",
            last is null ? Quantity.Zero : last.Lines[0].QuantityBefore + last.Lines[0].Usage.Quantity,
            new PricedLine(credits, [new TierPart(1, quantity, UnitPrice, Credits.Zero, credits)], []),
            credits);
        var charged = new Charged
        {
            Sequence = (last?.Sequence ?? 0) + 1,
            At = Start + (i * Apart),
            Balance = balance,
            Available = balance,
            Id = string.Create(CultureInfo.InvariantCulture, $"req-{i:D12}"),
            Mode = ChargeMode.Enforce,
            PeriodStart = new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero),
            Card = "default",
            Version = 1,
            Lines = [line],
            Payment = new Payment { Credits = credits, Burns = [new Burn("plan", credits)] },
        };
        _last[account] = charged;
        return (account, charged.Encoded);
    }
}
