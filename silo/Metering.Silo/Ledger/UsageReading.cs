using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Ledger.Reading;
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
            var tail = new UsageTail(query);
            var journal = services.GetRequiredService<Journal>();
            tail.After = await journal.ReadUnarchivedAsync(partition, account, tail.Clear, (whose, entries) => Take(tail, whose, entries.Span), time.Token);
            var rows = await reader.ReadUsageAsync(query, tail, time.Token);
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
