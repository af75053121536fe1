using Metering.Contracts;
using Metering.Ledger.Usage;
using UsageGroupKind = Metering.Contracts.UsageGroupKind;
using UsageRow = Metering.Contracts.UsageRow;
using UsageWindow = Metering.Contracts.UsageWindow;

namespace Metering.Silo.Ledger;

/// <summary>
/// Usage as the account adds it up while it charges, for the questions it can answer: by meter or in total, in a range it still has whole. It touches no file, and is
/// there without a ledger.
/// </summary>
internal static class AccountUsageReading
{
    private static readonly TimeSpan MinutesKept = TimeSpan.FromHours(1);
    private static readonly TimeSpan HoursKept = TimeSpan.FromDays(7);

    /// <summary>Null when the account cannot answer it: then the ledger has to.</summary>
    internal static async Task<Answer<UsageReply>?> ReadAsync(IAccountGrain account, UsageRequest request)
    {
        if (request.Top is not null || request.Dimensions.Count > 0 || request.GroupBy.Any(static group => group.Kind != UsageGroupKind.Meter))
        {
            return null;
        }

        // A range that is not cut is added up from the shortest windows that may reach so far.
        var length = request.To - request.From;
        var window = request.Window ?? (length <= MinutesKept ? UsageWindow.Minute : length <= HoursKept ? UsageWindow.Hour : UsageWindow.Day);
        var answer = await account.ReadUsage(request.From, request.To, window);
        if (answer.Refusal is { Code: Code.AccountNotFound } notFound)
        {
            return notFound;
        }

        // One that cannot answer for itself, because its journal is damaged, may still have a ledger.
        if (answer.Reply is not { IsCovered: true })
        {
            return null;
        }

        var rows = Rows(answer.Reply.Usage, request);
        return rows.Count > request.MaxRows ? UsageReading.TooMany(request) : new UsageReply { Rows = rows, Source = UsageSource.Account };
    }

    private static List<UsageRow> Rows(IReadOnlyList<MeterUsage> usage, UsageRequest request)
    {
        var window = UsageReading.Of(request.Window);
        return
        [
            .. usage
                .Where(used => request.Meter is null || used.Meter == request.Meter)
                .GroupBy(used => (Window: window.Number(used.WindowStart), Meter: request.GroupBy.Count > 0 ? used.Meter : ""))
                .OrderBy(static group => group.Key.Window).ThenBy(static group => group.Key.Meter, StringComparer.Ordinal)
                .Select(group =>
                {
                    var (from, to) = window.Bounds(group.Key.Window, request.From, request.To);
                    return new UsageRow(
                        from,
                        to,
                        request.GroupBy.Count > 0 ? [group.Key.Meter] : [],
                        group.Sum(static used => used.Quantity),
                        group.Sum(static used => used.Credits),
                        group.Sum(static used => used.Lines));
                }),
        ];
    }
}
