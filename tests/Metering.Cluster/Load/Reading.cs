using System.Text.Json;

namespace Metering.Cluster.Load;

/// <summary>An account as it was read.</summary>
/// <param name="SentAt">Since the callers began.</param>
/// <param name="AnsweredAt">Since the callers began.</param>
/// <param name="Sequence">Of its last entry.</param>
/// <param name="Balance">What is left, less overage.</param>
/// <param name="Available">What can be used.</param>
/// <param name="Held">What is set aside.</param>
/// <param name="SpentByTeam">What its budget has counted.</param>
internal sealed record Reading(
    TimeSpan SentAt,
    TimeSpan AnsweredAt,
    long Sequence,
    decimal Balance,
    decimal Available,
    decimal Held,
    IReadOnlyDictionary<string, decimal> SpentByTeam)
{
    public static Reading From(JsonElement account, TimeSpan sentAt, TimeSpan answeredAt) => new(
        sentAt,
        answeredAt,
        account.GetProperty("sequence").GetInt64(),
        account.Amount("balance"),
        account.Amount("available"),
        account.Amount("held"),
        account.GetProperty("budgets").EnumerateArray()
            .SelectMany(budget => budget.GetProperty("counters").EnumerateArray())
            .ToDictionary(counter => counter.GetProperty("values").GetProperty("team").GetString()!, counter => counter.Amount("spent")));
}
