using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Ledger.Archiving;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;
using Metering.Ledger.Usage;
using Microsoft.Extensions.DependencyInjection;
using LedgerGroup = Metering.Ledger.Usage.UsageGroup;
using LedgerGroupKind = Metering.Ledger.Usage.UsageGroupKind;
using LedgerMeasure = Metering.Ledger.Usage.UsageMeasure;
using LedgerWindow = Metering.Ledger.Usage.UsageWindow;

namespace Metering.Silo.Ledger;

/// <summary>Sums usage of one partition, or of one account in it, where the partition is owned: what the journal has and the archive has not, and the segments after it.</summary>
internal static class UsageReading
{
    /// <summary>Rollups are seldom made, and more seldom of entries that were in the journal just before.</summary>
    private const int MaxReadingsOfTail = 4;

    /// <param name="services">The silo's.</param>
    /// <param name="partition">Which, and it is this silo's.</param>
    /// <param name="account">One of its accounts; all of them when null.</param>
    /// <param name="request">What to sum.</param>
    internal static async Task<Answer<UsageReply>> ReadAsync(IServiceProvider services, int partition, string? account, UsageRequest request)
    {
        if (services.GetService<LedgerReader>() is not { } reader)
        {
            return LedgerRefusals.None(account);
        }

        using var time = new CancellationTokenSource(LedgerRefusals.MaxTime);
        try
        {
            var query = Query(partition, account, request);
            var rows = await reader.ReadUsageAsync(query, await ReadTailAsync(services, query, heads: null, time.Token), time.Token);
            for (var readings = 1; rows.IsTailTooLong; readings++)
            {
                if (readings == MaxReadingsOfTail)
                {
                    throw new LedgerStoreException("The ledger is rolled up faster than it can be read.");
                }

                // As after a restart, before the archive was asked how far it has come: then the journal's part begins with all there is, and some of that is rolled up.
                var heads = await services.GetRequiredService<JournalArchive>().ReadHeadsAsync(partition, time.Token);
                rows = await reader.ReadUsageAsync(query, await ReadTailAsync(services, query, heads, time.Token), time.Token);
            }

            return rows.IsTooMany ? TooMany(request) : Reply(rows);
        }
        catch (Exception failure) when (LedgerRefusals.Of(account, failure, time.Token) is { } refusal)
        {
            return refusal;
        }
    }

    /// <summary>What is said when there are more rows than may be.</summary>
    internal static Refusal TooMany(UsageRequest request) => Refusal.Invalid(
        [new FieldFault("groupBy", "too_many", $"There are more than {request.MaxRows} rows. Ask for a shorter range, longer windows, fewer groups, or the top ones.")]);

    private static async Task<UsageTail> ReadTailAsync(IServiceProvider services, UsageQuery query, PartitionArchive? heads, CancellationToken cancellationToken)
    {
        var tail = new UsageTail(query) { Archive = heads };
        var after = await services.GetRequiredService<Journal>().ReadUnarchivedAsync(
            query.Partition, query.Account, tail.Clear, (whose, entries) => Take(tail, whose, entries.Span), cancellationToken);
        tail.After = Math.Max(after, heads?.Progress.Record ?? 0);
        return tail;
    }

    private static void Take(UsageTail tail, string account, ReadOnlySpan<byte> entries)
    {
        while (!entries.IsEmpty)
        {
            tail.Take(account, EntryFrame.Next(ref entries));
        }
    }

    private static UsageReply Reply(UsageRows rows) => new()
    {
        Rows = [.. rows.Rows.Select(static row => new Contracts.UsageRow(row.From, row.To, row.Groups, row.Quantity, row.Credits, row.Lines))],
        Source = UsageSource.Segments,
        Damaged = rows.Damaged,
        Detail = rows.IsRolledUp ? LedgerDetail.Rollup : LedgerDetail.Full,
    };

    private static UsageQuery Query(int partition, string? account, UsageRequest request) => new()
    {
        Account = account,
        Partition = partition,
        From = request.From,
        To = request.To,
        Window = Of(request.Window),
        Groups = [.. request.GroupBy.Select(static group => new LedgerGroup(Of(group.Kind), group.Dimension))],
        Meter = request.Meter,
        Dimensions = request.Dimensions,
        Top = request.Top,
        By = Of(request.By),
        MaxRows = request.MaxRows,
    };

    internal static LedgerWindow Of(Contracts.UsageWindow? window) => window is { } cut ? Of(cut) : LedgerWindow.Range;

    private static LedgerWindow Of(Contracts.UsageWindow window) => window switch
    {
        Contracts.UsageWindow.Minute => LedgerWindow.Minute,
        Contracts.UsageWindow.Hour => LedgerWindow.Hour,
        Contracts.UsageWindow.Day => LedgerWindow.Day,
        Contracts.UsageWindow.Month => LedgerWindow.Month,
    };

    private static LedgerGroupKind Of(Contracts.UsageGroupKind kind) => kind switch
    {
        Contracts.UsageGroupKind.Account => LedgerGroupKind.Account,
        Contracts.UsageGroupKind.Meter => LedgerGroupKind.Meter,
        Contracts.UsageGroupKind.Dimension => LedgerGroupKind.Dimension,
    };

    private static LedgerMeasure Of(Contracts.UsageMeasure measure) => measure switch
    {
        Contracts.UsageMeasure.Credits => LedgerMeasure.Credits,
        Contracts.UsageMeasure.Quantity => LedgerMeasure.Quantity,
        Contracts.UsageMeasure.Lines => LedgerMeasure.Lines,
    };
}
