using Metering.Contracts;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Routing;

/// <summary>What a month did to an account's balance. Opening and grants less usage are the closing balance.</summary>
/// <param name="Account">The account's id.</param>
/// <param name="DisplayName">Its name.</param>
/// <param name="From">The first instant of the month, in UTC.</param>
/// <param name="To">The first of the next.</param>
/// <param name="IsRunning">The month is not over: more may come.</param>
/// <param name="Opening">The balance before it; null when the ledger begins later than the account.</param>
/// <param name="Closing">The balance at its end, or now.</param>
/// <param name="Grants">What came and went with grants, oldest first.</param>
/// <param name="Usage">By meter.</param>
/// <param name="Damaged">Segments that could not be read.</param>
/// <param name="Detail">Whether some of the month is rolled up.</param>
internal sealed record Statement(
    string Account,
    string DisplayName,
    DateTimeOffset From,
    DateTimeOffset To,
    bool IsRunning,
    decimal? Opening,
    decimal? Closing,
    IReadOnlyList<LedgerLine> Grants,
    IReadOnlyList<UsageRow> Usage,
    IReadOnlyList<string> Damaged,
    LedgerDetail Detail)
{
    public decimal UsedCredits => Usage.Sum(static row => row.Credits);

    /// <summary>Null when the change by one of them is not known.</summary>
    public decimal? GrantedCredits => Grants.All(static line => line.Credits is not null) ? Grants.Sum(static line => line.Credits) : null;

    /// <summary>Whether the numbers add up, as far as all are known.</summary>
    public bool AddsUp => Opening is null || GrantedCredits is null || Opening + GrantedCredits - UsedCredits == Closing;
}

/// <summary>Draws up statements from the ledger and the usage of a month.</summary>
internal sealed class Statements(GrainRouter router, LedgerPages ledgers, TimeProvider time)
{
    /// <summary>Of a statement; what has more is for the ledger itself.</summary>
    public const int MaxGrantEntries = 10_000;

    /// <summary>Balance and usage are two questions, between which a running month may go on.</summary>
    private const int MaxReadings = 3;

    private static readonly ChangeKind[] GrantKinds =
        [ChangeKind.GrantAdded, ChangeKind.GrantActivated, ChangeKind.GrantExpired, ChangeKind.GrantVoided, ChangeKind.GrantRefilled];

    /// <param name="account">Whose.</param>
    /// <param name="from">The first instant of a month.</param>
    public async Task<Answer<Statement>> Read(string account, DateTimeOffset from)
    {
        for (var reading = 1; ; reading++)
        {
            var answer = await ReadOnce(account, from);
            if (answer.Reply is not { } statement || statement.AddsUp || !statement.IsRunning || reading == MaxReadings)
            {
                return answer;
            }
        }
    }

    private async Task<Answer<Statement>> ReadOnce(string account, DateTimeOffset from)
    {
        var to = from.AddMonths(1);
        var view = await router.GetAccount(account);
        if (view.Reply is not { } known)
        {
            return view.Refusal!;
        }

        var request = new LedgerRequest { After = 0, From = from, To = to, Kinds = GrantKinds, Limit = LedgerRequest.MaxLimit, WithBalances = true };
        var (opening, closing) = ((decimal?)null, (decimal?)null);
        var grants = new List<LedgerLine>();
        var damaged = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var page in ledgers.Read(account, request))
        {
            if (page.Reply is not { } entries)
            {
                return page.Refusal!;
            }

            // The first page has the balances.
            (opening, closing) = (opening ?? entries.OpeningBalance, closing ?? entries.ClosingBalance);
            grants.AddRange(entries.Lines);
            damaged.UnionWith(entries.Damaged);
            if (grants.Count > MaxGrantEntries)
            {
                return Refusal.Invalid([new FieldFault("month", FaultCodes.TooMany, $"It has more than {MaxGrantEntries} entries of grants. The ledger has them page by page.")]);
            }
        }

        var usage = await router.ReadUsage(account, new UsageRequest { From = from, To = to, GroupBy = [new UsageGroup(UsageGroupKind.Meter, "")] });
        if (usage.Reply is not { } used)
        {
            return usage.Refusal!;
        }

        damaged.UnionWith(used.Damaged);
        return new Statement(account, known.Settings.DisplayName, from, to, time.GetUtcNow() < to, opening, closing, grants, used.Rows, [.. damaged], Detail(used, grants));
    }

    private static LedgerDetail Detail(UsageReply used, List<LedgerLine> grants) =>
        used.Detail == LedgerDetail.Rollup || grants.Exists(static line => line.FirstSequence is not null) ? LedgerDetail.Rollup : LedgerDetail.Full;
}
